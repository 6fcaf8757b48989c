// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of bytes for lanes_avx2.h where the processor has vpdpbusd and vpdpwssd for registers of
// 256 bits. The tier's file says which encoding of them, by a struct Vnni before it includes this.
// The same names as lanes_avx512.h, where they are explained.

#include "inference/kernels/lanes_avx2.h"

namespace kernels {
namespace {

constexpr int kDotRows = 3; // two registers each for a sum, a block's sum and a total

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
inline Ints dotBytes(Ints sum, Bytes withoutSign, Bytes withSign)
{
    return {Vnni::addBytes(sum.lo, withoutSign.lo, withSign.lo),
            Vnni::addBytes(sum.hi, withoutSign.hi, withSign.hi)};
}
inline Bytes broadcastQuad(std::int32_t quad)
{
    return {_mm256_set1_epi32(quad), _mm256_set1_epi32(quad)};
}
inline Narrow addUnsigned(Narrow sum, Bytes w, std::int32_t quad)
{
    return dotBytes(sum, w, broadcastQuad(quad));
}
struct SignedBytes {
    Bytes biased;
};
inline SignedBytes toSigned(Bytes w)
{
    const __m256i bias = _mm256_set1_epi8(-128);
    return {{_mm256_xor_si256(w.lo, bias), _mm256_xor_si256(w.hi, bias)}};
}
inline std::int32_t signedStart(std::int32_t activationSum)
{
    return -128 * activationSum;
}
inline Ints addSigned(Ints sum, SignedBytes w, std::int32_t quad)
{
    return dotBytes(sum, w.biased, broadcastQuad(quad));
}
inline SignedBytes decodeSigned(Codebook book, Bytes codes)
{
    return toSigned(decode(book, codes));
}
inline Ints dotPairs(Ints acc, Ints pairs, std::int32_t pair)
{
    const __m256i both = _mm256_set1_epi32(pair);
    return {Vnni::addPairs(acc.lo, pairs.lo, both), Vnni::addPairs(acc.hi, pairs.hi, both)};
}

constexpr int kGroupRows = 3;
constexpr int kGroupStrips = 1;
constexpr bool kGroupPanelsPay = true;

constexpr int kPanelRowsAtOnce = 6;
constexpr int kPanelStripsAtOnce = 1;

inline void storeBiased(std::uint8_t* p, Ints a)
{
    storeSignedBytes(reinterpret_cast<std::int8_t*>(p), a);
    auto* bytes = reinterpret_cast<__m128i*>(p);
    _mm_storeu_si128(bytes, _mm_xor_si128(_mm_loadu_si128(bytes), _mm_set1_epi8(-128)));
}
inline Ints addBytes(Ints acc, Bytes w)
{
    return dotBytes(acc, broadcastByte(1), w);
}
inline Ints biasOut(Ints sums)
{
    return {_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(sums.lo, 7)),
            _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(sums.hi, 7))};
}
inline Ints dotPanel(Ints acc, Bytes w, std::int32_t quad)
{
    Ints sum = dotBytes(acc, broadcastQuad(quad), w);
    __asm__("" : "+v"(sum.lo), "+v"(sum.hi)); // as in lanes_avx512.h
    return sum;
}

} // namespace
} // namespace kernels
