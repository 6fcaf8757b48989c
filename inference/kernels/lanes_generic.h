// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixteen lanes as arrays, for any processor: what the other tiers are tested against. The same
// names as lanes_avx512.h, where they are explained. Included only by tier_generic.cpp.

#include "inference/kernels/half.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace kernels {
namespace {

constexpr int kAccumulators = 2;
constexpr int kDotRows = 2;
constexpr int kLanes = 16;

struct Floats {
    float v[kLanes];
};
struct Ints {
    std::int32_t v[kLanes];
};
struct Bytes {
    std::uint8_t v[4 * kLanes];
};

template <typename Result, typename F>
inline Result eachLane(F f)
{
    Result result;
    for (int i = 0; i < kLanes; ++i)
        result.v[i] = f(i);
    return result;
}
template <typename F>
inline Bytes eachByte(F f)
{
    Bytes result;
    for (int i = 0; i < 4 * kLanes; ++i)
        result.v[i] = static_cast<std::uint8_t>(f(i));
    return result;
}

inline Floats zeroFloats()
{
    return {};
}
inline Floats broadcast(float x)
{
    return eachLane<Floats>([&](int) { return x; });
}
inline Floats load(const float* p)
{
    return eachLane<Floats>([&](int i) { return p[i]; });
}
inline void store(float* p, Floats a)
{
    std::memcpy(p, a.v, sizeof a.v);
}
inline Floats loadHalf(const std::uint16_t* p)
{
    return eachLane<Floats>([&](int i) { return floatFromHalf(p[i]); });
}
inline Floats loadBfloat(const std::uint16_t* p)
{
    return eachLane<Floats>([&](int i) { return floatFromBfloat(p[i]); });
}
inline Floats loadHalvedExponents(const std::uint8_t* p)
{
    return eachLane<Floats>([&](int i) { return floatFromHalvedExponent(p[i]); });
}
inline void storeHalf(std::uint16_t* p, Floats a)
{
    for (int i = 0; i < kLanes; ++i)
        p[i] = halfFromFloat(a.v[i]);
}

inline Floats operator+(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] + b.v[i]; });
}
inline Floats operator-(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] - b.v[i]; });
}
inline Floats operator*(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] * b.v[i]; });
}
inline Floats operator/(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] / b.v[i]; });
}
inline Floats mulAdd(Floats a, Floats b, Floats c)
{
    return eachLane<Floats>([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
inline Floats mulSub(Floats a, Floats b, Floats c)
{
    return eachLane<Floats>([&](int i) { return c.v[i] - a.v[i] * b.v[i]; });
}
inline Floats max(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Floats min(Floats a, Floats b)
{
    return eachLane<Floats>([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline Floats absolute(Floats a)
{
    return eachLane<Floats>([&](int i) { return a.v[i] < 0 ? -a.v[i] : a.v[i]; });
}
inline float sum(Floats a)
{
    float total = 0;
    for (const float x : a.v)
        total += x;
    return total;
}
inline float maximum(Floats a)
{
    float most = a.v[0];
    for (const float x : a.v)
        most = x > most ? x : most;
    return most;
}

inline Ints zeroInts()
{
    return {};
}
inline Ints broadcastInt(std::int32_t x)
{
    return eachLane<Ints>([&](int) { return x; });
}
inline Ints operator+(Ints a, Ints b)
{
    return eachLane<Ints>([&](int i) { return a.v[i] + b.v[i]; });
}
inline Ints operator*(Ints a, Ints b)
{
    return eachLane<Ints>([&](int i) { return a.v[i] * b.v[i]; });
}
inline Floats toFloats(Ints a)
{
    return eachLane<Floats>([&](int i) { return static_cast<float>(a.v[i]); });
}
inline Ints roundToInts(Floats a)
{
    return eachLane<Ints>([&](int i) { return static_cast<std::int32_t>(std::nearbyint(a.v[i])); });
}
inline std::int32_t sum(Ints a)
{
    std::int32_t total = 0;
    for (const std::int32_t x : a.v)
        total += x;
    return total;
}
inline Floats powerOfTwo(Ints a)
{
    return eachLane<Floats>([&](int i) { return std::ldexp(1.0F, a.v[i]); });
}

inline Ints loadUnsignedBytes(const std::uint8_t* p)
{
    return eachLane<Ints>([&](int i) { return p[i]; });
}
inline Ints loadSignedBytes(const std::uint8_t* p)
{
    return eachLane<Ints>([&](int i) { return static_cast<std::int8_t>(p[i]); });
}
inline void storeSignedBytes(std::int8_t* p, Ints a)
{
    for (int i = 0; i < kLanes; ++i)
        p[i] = static_cast<std::int8_t>(a.v[i]);
}

inline Bytes loadBytes(const std::uint8_t* p)
{
    return eachByte([&](int i) { return p[i]; });
}
template <int From, int Count, int To>
inline Bytes field(Bytes a)
{
    return eachByte([&](int i) { return (a.v[i] >> From & ((1 << Count) - 1)) << To; });
}
inline Bytes operator|(Bytes a, Bytes b)
{
    return eachByte([&](int i) { return a.v[i] | b.v[i]; });
}
template <int I>
inline Ints byteOf(Bytes a)
{
    return eachLane<Ints>([&](int i) { return a.v[4 * i + I]; });
}
template <int I>
inline Ints signedByteOf(Bytes a)
{
    return eachLane<Ints>([&](int i) { return static_cast<std::int8_t>(a.v[4 * i + I]); });
}

using Narrow = Ints;
constexpr bool kNarrowSums = false;
inline void start(Ints& sum, std::int32_t from)
{
    sum = broadcastInt(from);
}
inline Ints widen(Ints sum, std::int32_t)
{
    return sum;
}
inline Narrow addUnsigned(Narrow sum, Bytes w, std::int32_t quad)
{
    std::int8_t a[4];
    std::memcpy(a, &quad, 4);
    return eachLane<Ints>([&](int i) {
        const std::uint8_t* b = w.v + 4 * i;
        return sum.v[i] + b[0] * a[0] + b[1] * a[1] + b[2] * a[2] + b[3] * a[3];
    });
}
struct SignedBytes {
    std::int8_t v[4 * kLanes];
};
inline SignedBytes toSigned(Bytes w)
{
    SignedBytes result;
    std::memcpy(result.v, w.v, sizeof w.v);
    return result;
}
inline std::int32_t signedStart(std::int32_t)
{
    return 0;
}
inline Ints addSigned(Ints sum, const SignedBytes& w, std::int32_t quad)
{
    std::int8_t a[4];
    std::memcpy(a, &quad, 4);
    return eachLane<Ints>([&](int i) {
        const std::int8_t* b = w.v + 4 * i;
        return sum.v[i] + b[0] * a[0] + b[1] * a[1] + b[2] * a[2] + b[3] * a[3];
    });
}
inline Ints loadPairs(const std::uint8_t* p)
{
    return eachLane<Ints>([&](int i) { return p[2 * i] | p[2 * i + 1] << 16; });
}
template <int From, std::int32_t Mask>
inline Ints bits(Ints a)
{
    return eachLane<Ints>([&](int i) { return a.v[i] >> From & Mask; });
}
struct Codebook {
    std::int8_t v[16];
};
inline Codebook loadCodebook(const std::int8_t* p)
{
    Codebook book;
    std::memcpy(book.v, p, sizeof book.v);
    return book;
}
inline Bytes decode(const Codebook& book, Bytes codes)
{
    return eachByte([&](int i) { return book.v[codes.v[i]]; });
}
inline SignedBytes decodeSigned(const Codebook& book, Bytes codes)
{
    return toSigned(decode(book, codes));
}
inline Ints dotPairs(Ints acc, Ints pairs, std::int32_t pair)
{
    std::int16_t a[2];
    std::memcpy(a, &pair, 4);
    return eachLane<Ints>([&](int i) {
        std::int16_t b[2];
        std::memcpy(b, pairs.v + i, 4);
        return acc.v[i] + b[0] * a[0] + b[1] * a[1];
    });
}

inline void storeBfloat(std::uint16_t* p, Floats a)
{
    for (int i = 0; i < kLanes; ++i)
        p[i] = bfloatFromFloat(a.v[i]);
}

constexpr int kGroupRows = 2;
constexpr int kGroupStrips = 1;
constexpr bool kGroupPanelsPay = true; // and so the panels have a reference

inline Bytes broadcastByte(int x)
{
    return eachByte([&](int) { return x; });
}
inline Bytes subtractBytes(Bytes a, Bytes b)
{
    return eachByte([&](int i) { return a.v[i] - b.v[i]; });
}

constexpr int kPanelRowsAtOnce = 1;
constexpr int kPanelStripsAtOnce = 1;

struct Shorts {
    std::int16_t v[kLanes];
};
inline Shorts toShorts(Ints a)
{
    return eachLane<Shorts>([&](int i) { return static_cast<std::int16_t>(a.v[i]); });
}
inline Bytes scaleCodes(Bytes codes, Shorts factor, Shorts offset)
{
    return eachByte([&](int i) { return (codes.v[i] * factor.v[i / 4] + offset.v[i / 4]) >> 8; });
}
inline Bytes scaleSigned(Bytes codes, Shorts factor)
{
    return eachByte([&](int i) {
        const int code = static_cast<std::int8_t>(codes.v[i]);
        return (((code * 256 * factor.v[i / 4] + (1 << 14)) >> 15) + 128) >> 8;
    });
}
inline void storeBytes(std::int8_t* p, Bytes a)
{
    std::memcpy(p, a.v, sizeof a.v);
}
inline void storeInts(std::int32_t* p, Ints a)
{
    std::memcpy(p, a.v, sizeof a.v);
}
inline Ints loadInts(const std::int32_t* p)
{
    return eachLane<Ints>([&](int i) { return p[i]; });
}
inline void storeBiased(std::uint8_t* p, Ints a)
{
    storeSignedBytes(reinterpret_cast<std::int8_t*>(p), a);
}
inline Ints addBytes(Ints acc, Bytes)
{
    return acc; // no bias, and nobody asks
}
inline Ints biasOut(Ints)
{
    return zeroInts();
}
inline Ints dotPanel(Ints acc, Bytes w, std::int32_t quad)
{
    return addSigned(acc, toSigned(w), quad);
}

} // namespace
} // namespace kernels
