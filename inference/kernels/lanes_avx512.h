// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixteen lanes in one register each: AVX512F, BW, DQ, VL and VNNI. lanes_avx2.h and
// lanes_generic.h define the same names; kernels_of_lanes.h and its parts are written once in these
// terms. Included only by tier_avx512.cpp, which alone is compiled for such a processor: hence the
// anonymous namespace, and nothing from the standard library's headers, whose inline functions
// could otherwise end up in a program for every processor.

#include <cstdint>
#include <immintrin.h>

namespace kernels {
namespace {

/// Sums that a kernel may keep in registers at once.
constexpr int kAccumulators = 8;
/// Rows of activations that a product may hold at once: a sum, a block's sum and a total for each.
constexpr int kDotRows = 8;

struct Floats {
    __m512 v;
};
struct Ints { // sixteen int32
    __m512i v;
};
struct Bytes { // four bytes of each of sixteen rows
    __m512i v;
};

inline Floats zeroFloats()
{
    return {_mm512_setzero_ps()};
}
inline Floats broadcast(float x)
{
    return {_mm512_set1_ps(x)};
}
inline Floats load(const float* p)
{
    return {_mm512_loadu_ps(p)};
}
inline void store(float* p, Floats a)
{
    _mm512_storeu_ps(p, a.v);
}
inline Floats loadHalf(const std::uint16_t* p)
{
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline Floats loadBfloat(const std::uint16_t* p)
{
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}
/// Sixteen bytes e as 2^(e - 128): floatFromHalvedExponent.
inline Floats loadHalvedExponents(const std::uint8_t* p)
{
    const __m512i e = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
    const __mmask16 small = _mm512_cmplt_epu32_mask(e, _mm512_set1_epi32(2));
    return {_mm512_castsi512_ps(
        _mm512_mask_sllv_epi32(normal, small, _mm512_set1_epi32(0x00200000), e))};
}
inline void storeHalf(std::uint16_t* p, Floats a)
{
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

inline Floats operator+(Floats a, Floats b)
{
    return {_mm512_add_ps(a.v, b.v)};
}
inline Floats operator-(Floats a, Floats b)
{
    return {_mm512_sub_ps(a.v, b.v)};
}
inline Floats operator*(Floats a, Floats b)
{
    return {_mm512_mul_ps(a.v, b.v)};
}
inline Floats operator/(Floats a, Floats b)
{
    return {_mm512_div_ps(a.v, b.v)};
}
/// a b + c in one rounding.
inline Floats mulAdd(Floats a, Floats b, Floats c)
{
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
/// c - a b
inline Floats mulSub(Floats a, Floats b, Floats c)
{
    return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
inline Floats max(Floats a, Floats b)
{
    return {_mm512_max_ps(a.v, b.v)};
}
inline Floats min(Floats a, Floats b)
{
    return {_mm512_min_ps(a.v, b.v)};
}
inline Floats absolute(Floats a)
{
    return {_mm512_abs_ps(a.v)};
}
inline float sum(Floats a)
{
    return _mm512_reduce_add_ps(a.v);
}
inline float maximum(Floats a)
{
    return _mm512_reduce_max_ps(a.v);
}

inline Ints zeroInts()
{
    return {_mm512_setzero_si512()};
}
inline Ints broadcastInt(std::int32_t x)
{
    return {_mm512_set1_epi32(x)};
}
inline Ints operator+(Ints a, Ints b)
{
    return {_mm512_add_epi32(a.v, b.v)};
}
inline Ints operator*(Ints a, Ints b)
{
    return {_mm512_mullo_epi32(a.v, b.v)};
}
inline Floats toFloats(Ints a)
{
    return {_mm512_cvtepi32_ps(a.v)};
}
inline Ints roundToInts(Floats a)
{
    return {_mm512_cvtps_epi32(a.v)};
} // nearest, ties to even
inline std::int32_t sum(Ints a)
{
    return _mm512_reduce_add_epi32(a.v);
}
/// 2^a for -126 <= a <= 127.
inline Floats powerOfTwo(Ints a)
{
    const __m512i biased = _mm512_add_epi32(a.v, _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}

/// Sixteen bytes, one for each lane.
inline Ints loadUnsignedBytes(const std::uint8_t* p)
{
    return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Ints loadSignedBytes(const std::uint8_t* p)
{
    return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
/// Values in -128..127.
inline void storeSignedBytes(std::int8_t* p, Ints a)
{
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v));
}

inline Bytes loadBytes(const std::uint8_t* p)
{
    return {_mm512_loadu_si512(p)};
}
/// The Count bits of each byte from bit From on, moved to bit To.
template <int From, int Count, int To>
inline Bytes field(Bytes a)
{
    const __m512i mask = _mm512_set1_epi8(static_cast<char>(((1 << Count) - 1) << To));
    if constexpr (From < To)
        return {_mm512_and_si512(_mm512_slli_epi16(a.v, To - From), mask)};
    else if constexpr (From > To)
        return {_mm512_and_si512(_mm512_srli_epi16(a.v, From - To), mask)};
    else
        return {_mm512_and_si512(a.v, mask)};
}
inline Bytes operator|(Bytes a, Bytes b)
{
    return {_mm512_or_si512(a.v, b.v)};
}
/// Byte I of each lane.
template <int I>
inline Ints byteOf(Bytes a)
{
    return {_mm512_and_si512(_mm512_srli_epi32(a.v, 8 * I), _mm512_set1_epi32(255))};
}
template <int I>
inline Ints signedByteOf(Bytes a)
{
    return {_mm512_srai_epi32(_mm512_slli_epi32(a.v, 24 - 8 * I), 24)};
}

/// Products of unsigned bytes are summed in this, narrower than Ints where the tier gains by it.
using Narrow = Ints;
constexpr bool kNarrowSums = false;
/// Sums start at @p from; widen() is told it again, for the tiers that add it at the end.
inline void start(Ints& sum, std::int32_t from)
{
    sum = broadcastInt(from);
}
inline Ints widen(Ints sum, std::int32_t)
{
    return sum;
}
/// sum + the sum over a lane's four bytes of w (unsigned, at most 63) times the four int8 of quad.
/// At most 8 times with w <= 15, 4 times with 31, twice with 63 before the sum is widened.
inline Narrow addUnsigned(Narrow sum, Bytes w, std::int32_t quad)
{
    return {_mm512_dpbusd_epi32(sum.v, w.v, _mm512_set1_epi32(quad))};
}
/// Weights with a sign as addSigned wants them. The instruction wants one side unsigned, so 128 is
/// added to every weight.
struct SignedBytes {
    __m512i v;
};
inline SignedBytes toSigned(Bytes w)
{
    return {_mm512_xor_si512(w.v, _mm512_set1_epi8(static_cast<char>(0x80)))};
}
/// Sums of signed weights start here, given the sum of all their activations.
inline std::int32_t signedStart(std::int32_t activationSum)
{
    return -128 * activationSum;
}
inline Ints addSigned(Ints sum, SignedBytes w, std::int32_t quad)
{
    return {_mm512_dpbusd_epi32(sum.v, w.v, _mm512_set1_epi32(quad))};
}
/// What sixteen codes stand for. Products want it as in SignedBytes.
struct Codebook {
    __m512i v;
    __m512i biased;
};
inline Codebook loadCodebook(const std::int8_t* p)
{
    const __m512i v = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {v, _mm512_xor_si512(v, _mm512_set1_epi8(static_cast<char>(0x80)))};
}
/// The byte with a sign that each code 0..15 stands for.
inline Bytes decode(Codebook book, Bytes codes)
{
    return {_mm512_shuffle_epi8(book.v, codes.v)};
}
inline SignedBytes decodeSigned(Codebook book, Bytes codes)
{
    return {_mm512_shuffle_epi8(book.biased, codes.v)};
}
/// Two bytes for each lane, as two int16.
inline Ints loadPairs(const std::uint8_t* p)
{
    return {_mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
/// The bits of Mask after the lane was moved right by From.
template <int From, std::int32_t Mask>
inline Ints bits(Ints a)
{
    return {_mm512_and_si512(_mm512_srli_epi32(a.v, From), _mm512_set1_epi32(Mask))};
}
/// acc + w0 a0 + w1 a1: two int16 in each lane of @p pairs and in @p pair.
inline Ints dotPairs(Ints acc, Ints pairs, std::int32_t pair)
{
    return {_mm512_dpwssd_epi32(acc.v, pairs.v, _mm512_set1_epi32(pair))};
}

/// Rounds to bfloat16: to nearest, halves away from zero.
inline void storeBfloat(std::uint16_t* p, Floats a)
{
    const __m512i rounded = _mm512_add_epi32(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x8000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

// Panels of bytes (panel_task.h, group_panel.h).

/// Panels of groups of 32: rows of activations and strips whose sums and totals stay in registers.
constexpr int kGroupRows = 6;
constexpr int kGroupStrips = 2;
constexpr bool kGroupPanelsPay = true;

inline Bytes broadcastByte(int x)
{
    return {_mm512_set1_epi8(static_cast<char>(x))};
}
inline Bytes subtractBytes(Bytes a, Bytes b)
{
    return {_mm512_sub_epi8(a.v, b.v)};
}

/// Rows of activations and strips of weights whose sums stay in registers.
constexpr int kPanelRowsAtOnce = 12;
constexpr int kPanelStripsAtOnce = 2;

struct Shorts { // one int16 for each lane, twice
    __m512i v;
};
/// Values in the range of int16.
inline Shorts toShorts(Ints a)
{
    return {_mm512_or_si512(_mm512_slli_epi32(a.v, 16),
                            _mm512_and_si512(a.v, _mm512_set1_epi32(0xFFFF)))};
}
/// The upper bytes of the int16 of the even and of the odd bytes.
inline Bytes upperBytes(__m512i even, __m512i odd)
{
    return {_mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAAULL, _mm512_srli_epi16(even, 8), odd)};
}
/// (code factor + offset) / 256, rounded down, for codes without a sign.
inline Bytes scaleCodes(Bytes codes, Shorts factor, Shorts offset)
{
    const __m512i even = _mm512_and_si512(codes.v, _mm512_set1_epi16(255));
    const __m512i odd = _mm512_srli_epi16(codes.v, 8);
    return upperBytes(_mm512_add_epi16(_mm512_mullo_epi16(even, factor.v), offset.v),
                      _mm512_add_epi16(_mm512_mullo_epi16(odd, factor.v), offset.v));
}
/// code factor / 32768, rounded to nearest, for bytes with a sign.
inline Bytes scaleSigned(Bytes codes, Shorts factor)
{
    const __m512i half = _mm512_set1_epi16(128);
    const __m512i even = _mm512_slli_epi16(codes.v, 8);
    const __m512i odd = _mm512_and_si512(codes.v, _mm512_set1_epi16(-256));
    return upperBytes(_mm512_add_epi16(_mm512_mulhrs_epi16(even, factor.v), half),
                      _mm512_add_epi16(_mm512_mulhrs_epi16(odd, factor.v), half));
}
inline void storeBytes(std::int8_t* p, Bytes a)
{
    _mm512_storeu_si512(p, a.v);
}
inline void storeInts(std::int32_t* p, Ints a)
{
    _mm512_storeu_si512(p, a.v);
}
inline Ints loadInts(const std::int32_t* p)
{
    return {_mm512_loadu_si512(p)};
}
/// The activations of a panel, with 128 added: the product wants one side without a sign.
inline void storeBiased(std::uint8_t* p, Ints a)
{
    const __m128i bytes = _mm512_cvtepi32_epi8(a.v);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_xor_si128(bytes, _mm_set1_epi8(-128)));
}
/// acc + the sum of a lane's four bytes with a sign.
inline Ints addBytes(Ints acc, Bytes w)
{
    return {_mm512_dpbusd_epi32(acc.v, _mm512_set1_epi8(1), w.v)};
}
/// Where a product with biased activations starts, given the sum of the weights.
inline Ints biasOut(Ints sums)
{
    return {_mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(sums.v, 7))};
}
/// acc + the sum over a lane's four bytes of w, with a sign, times the four biased bytes of quad.
inline Ints dotPanel(Ints acc, Bytes w, std::int32_t quad)
{
    __m512i sum = _mm512_dpbusd_epi32(acc.v, _mm512_set1_epi32(quad), w.v);
    // No instruction: it makes GCC 14 see one value of one type, where it would keep the sum a
    // second time as the builtin's own vector type and run out of registers.
    __asm__("" : "+v"(sum));
    return {sum};
}

} // namespace
} // namespace kernels
