// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of bytes for lanes_avx2.h where the processor has vpmaddubsw at best. The same names as
// lanes_avx512.h, where they are explained.

#include "inference/kernels/lanes_avx2.h"

namespace kernels {
namespace {

constexpr int kDotRows = 2;

/// Sums of 16 bits, two for each lane: the products of two neighbours are added as int16, which
/// saturates beyond 32767; here it is 8 x 2 x 15 x 127 at most, or 4 x 2 x 31 x 127, or 2 x 2 x 63
/// x 127. Adding the halves only at the end saves two instructions of four.
struct Narrow {
    __m256i lo, hi;
};
constexpr bool kNarrowSums = true;
inline void start(Narrow& sum, std::int32_t)
{
    sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
}
inline void start(Ints& sum, std::int32_t from)
{
    sum = broadcastInt(from);
}
inline Narrow operator+(Narrow a, Narrow b)
{
    return {_mm256_add_epi16(a.lo, b.lo), _mm256_add_epi16(a.hi, b.hi)};
}
inline Ints widen(Narrow sum, std::int32_t start)
{
    const __m256i ones = _mm256_set1_epi16(1);
    const Ints wide = {_mm256_madd_epi16(sum.lo, ones), _mm256_madd_epi16(sum.hi, ones)};
    return wide + broadcastInt(start);
}
inline Ints widen(Ints sum, std::int32_t)
{
    return sum;
}
inline Narrow addUnsigned(Narrow sum, Bytes w, std::int32_t quad)
{
    const __m256i quads = _mm256_set1_epi32(quad);
    return sum + Narrow{_mm256_maddubs_epi16(w.lo, quads), _mm256_maddubs_epi16(w.hi, quads)};
}
/// Magnitudes to multiply and signs to give to the activations, instead of a bias of 128 that would
/// saturate: 2 x 128 x 127 fits, but not twice.
struct SignedBytes {
    Bytes magnitudes;
    Bytes signs;
};
inline SignedBytes toSigned(Bytes w)
{
    return {{_mm256_abs_epi8(w.lo), _mm256_abs_epi8(w.hi)}, w};
}
inline std::int32_t signedStart(std::int32_t)
{
    return 0;
}
inline __m256i addSigned(__m256i sum, __m256i magnitudes, __m256i signs, __m256i quad)
{
    const __m256i pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(quad, signs));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
inline Ints addSigned(Ints sum, SignedBytes w, std::int32_t quad)
{
    const __m256i quads = _mm256_set1_epi32(quad);
    return {addSigned(sum.lo, w.magnitudes.lo, w.signs.lo, quads),
            addSigned(sum.hi, w.magnitudes.hi, w.signs.hi, quads)};
}
inline SignedBytes decodeSigned(Codebook book, Bytes codes)
{
    return toSigned(decode(book, codes));
}
inline Ints dotPairs(Ints acc, Ints pairs, std::int32_t pair)
{
    const __m256i both = _mm256_set1_epi32(pair);
    return {_mm256_add_epi32(acc.lo, _mm256_madd_epi16(pairs.lo, both)),
            _mm256_add_epi32(acc.hi, _mm256_madd_epi16(pairs.hi, both))};
}

// Panels of groups of 32 do not pay: without their zero points the codes need the sign trick, which
// takes longer than to unpack them anew for every two rows.
constexpr int kGroupRows = 2;
constexpr int kGroupStrips = 1;
constexpr bool kGroupPanelsPay = false;

constexpr int kPanelRowsAtOnce = 4;
constexpr int kPanelStripsAtOnce = 1;

// The sign trick instead of a bias.
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
    Ints sum = addSigned(acc, toSigned(w), quad);
    __asm__("" : "+x"(sum.lo), "+x"(sum.hi)); // as in lanes_avx512.h
    return sum;
}

} // namespace
} // namespace kernels
