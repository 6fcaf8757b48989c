// SPDX-License-Identifier: Apache-2.0
#pragma once

// One strip of 16 rows times one row of activations, for each weight type, in terms of the lanes
// that the including tier file has chosen.

#include "inference/kernels/kernel_table.h"
#include "inference/kernels/strip_layout.h"

#include <cstring>

namespace kernels {
namespace {

inline const std::uint8_t* bytesOf(const std::byte* p)
{
    return reinterpret_cast<const std::uint8_t*>(p);
}
inline const std::uint16_t* shortsOf(const std::uint8_t* p)
{
    return reinterpret_cast<const std::uint16_t*>(p);
}
/// Four int8 or two int16 as the int32 that is given to every lane.
template <typename T>
inline std::int32_t packed(const T* p)
{
    std::int32_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

inline Bytes lowNibbles(Bytes a)
{
    return field<0, 4, 0>(a);
}
inline Bytes highNibbles(Bytes a)
{
    return field<4, 4, 0>(a);
}

/// 32 columns of nibbles [4][16][4]. Two chains, so that one sum need not wait for the other.
inline Ints dotNibbles(const std::uint8_t* nibbles, const std::int8_t* x)
{
    Ints low = zeroInts();
    Ints high = zeroInts();
    for (int j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        low = dotUnsigned(low, lowNibbles(both), packed(x + 8 * j));
        high = dotUnsigned(high, highNibbles(both), packed(x + 8 * j + 4));
    }
    return low + high;
}

// sum over groups of a (d q.x + m sum(x)), a the activations' scale
void dotQ4_1(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Q4_1Tile::kBytes) {
        const float scale = x.quantized.scales[g];
        const Floats dot = toFloats(dotNibbles(tile, x.quantized.values + 32 * g));
        const Floats d = loadHalf(shortsOf(tile + Q4_1Tile::kScale));
        const Floats m = loadHalf(shortsOf(tile + Q4_1Tile::kMinimum));
        const float activationSum = scale * static_cast<float>(x.quantized.sums32[g]);
        total = mulAdd(d * broadcast(scale), dot, total);
        total = mulAdd(m, broadcast(activationSum), total);
    }
    store(out, total);
}

void dotQ8_0(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Q8_0Tile::kBytes) {
        const std::int8_t* values = x.quantized.values + 32 * g;
        Ints even = signedStart(x.quantized.sums32[g]);
        Ints odd = zeroInts();
        for (int j = 0; j < 8; j += 2) {
            even = dotSigned(even, loadBytes(tile + 64 * j), packed(values + 4 * j));
            odd = dotSigned(odd, loadBytes(tile + 64 * j + 64), packed(values + 4 * j + 4));
        }
        const Floats d = loadHalf(shortsOf(tile + Q8_0Tile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[g]), toFloats(even + odd), total);
    }
    store(out, total);
}

// Integer sums over the whole block: 8 x 63 x (32 x 15 x 127) is far below 2^31.
void dotQ4_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q4_KTile::kBytes) {
        const std::int8_t* values = x.quantized.values + 256 * b;
        const std::int16_t* sums = x.quantized.sums32 + 8 * b;
        Ints scaled = zeroInts();
        Ints offset = zeroInts();
        for (int g = 0; g < 8; ++g) {
            const Ints dot = dotNibbles(tile + Q4_KTile::kGroupBytes * g, values + 32 * g);
            scaled = scaled + dot * loadUnsignedBytes(tile + Q4_KTile::kGroupScale + 16 * g);
        }
        for (int p = 0; p < 4; ++p)
            offset =
                dotPairs(offset, tile + Q4_KTile::kGroupMinimum + 32 * p, packed(sums + 2 * p));
        const Floats a = broadcast(x.quantized.scales[b]);
        const Floats d = loadHalf(shortsOf(tile + Q4_KTile::kScale));
        const Floats dmin = loadHalf(shortsOf(tile + Q4_KTile::kMinimum));
        total = mulAdd(d * a, toFloats(scaled), total);
        total = mulSub(dmin * a, toFloats(offset), total);
    }
    store(out, total);
}

// Weights are e - 32: each group of 16 starts at -32 times its activations' sum.
// 16 x 128 x (16 x 63 x 127) is below 2^31.
void dotQ6_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q6_KTile::kBytes) {
        Ints scaled = zeroInts();
        for (std::size_t g = 0; g < 16; ++g) {
            const std::uint8_t* group = tile + Q6_KTile::kGroupBytes * g;
            const std::int8_t* values = x.quantized.values + 256 * b + 16 * g;
            const Bytes first = loadBytes(group);
            const Bytes second = loadBytes(group + 64);
            const Bytes fields = loadBytes(group + 128);
            Ints dot = broadcastInt(-32 * x.quantized.sums16[16 * b + g]);
            Ints other = zeroInts();
            dot = dotUnsigned(dot, lowNibbles(first) | field<0, 2, 4>(fields), packed(values));
            other =
                dotUnsigned(other, highNibbles(first) | field<2, 2, 4>(fields), packed(values + 4));
            dot = dotUnsigned(dot, lowNibbles(second) | field<4, 2, 4>(fields), packed(values + 8));
            other = dotUnsigned(other, highNibbles(second) | field<6, 2, 4>(fields),
                                packed(values + 12));
            scaled =
                scaled + (dot + other) * loadSignedBytes(tile + Q6_KTile::kGroupScale + 16 * g);
        }
        const Floats d = loadHalf(shortsOf(tile + Q6_KTile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[b]), toFloats(scaled), total);
    }
    store(out, total);
}

inline Floats loadPlain(const float* p)
{
    return load(p);
}
struct Half {
    std::uint16_t bits;
};
struct Bfloat {
    std::uint16_t bits;
};
inline Floats loadPlain(const Half* p)
{
    return loadHalf(&p->bits);
}
inline Floats loadPlain(const Bfloat* p)
{
    return loadBfloat(&p->bits);
}

/// float32 activations times weights that are numbers by themselves. Four sums hide the latency.
template <typename Weight>
void dotPlain(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const auto* weights = reinterpret_cast<const Weight*>(strip);
    Floats totals[4] = {zeroFloats(), zeroFloats(), zeroFloats(), zeroFloats()};
    std::size_t k = 0;
    for (; k + 4 <= columns; k += 4) {
        for (std::size_t i = 0; i < 4; ++i) {
            totals[i] =
                mulAdd(loadPlain(weights + 16 * (k + i)), broadcast(x.values[k + i]), totals[i]);
        }
    }
    for (; k < columns; ++k)
        totals[0] = mulAdd(loadPlain(weights + 16 * k), broadcast(x.values[k]), totals[0]);
    store(out, (totals[0] + totals[1]) + (totals[2] + totals[3]));
}

} // namespace
} // namespace kernels
