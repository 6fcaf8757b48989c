// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixteen lanes in two registers each: AVX2, FMA and F16C. The same names as lanes_avx512.h, where
// they are explained. How bytes are multiplied is left to products_avx2.h and products_vnni.h, one
// of which the tier's file includes after this one.

#include <cstdint>
#include <immintrin.h>

namespace kernels {
namespace {

constexpr int kAccumulators = 4; // of two registers, out of sixteen

struct Floats {
    __m256 lo, hi;
};
struct Ints {
    __m256i lo, hi;
};
struct Bytes {
    __m256i lo, hi;
};

inline __m128i load128(const void* p)
{
    return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
inline __m256i load256(const void* p)
{
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

inline Floats zeroFloats()
{
    return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
inline Floats broadcast(float x)
{
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline Floats load(const float* p)
{
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline void store(float* p, Floats a)
{
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}
inline Floats loadHalf(const std::uint16_t* p)
{
    return {_mm256_cvtph_ps(load128(p)), _mm256_cvtph_ps(load128(p + 8))};
}
inline __m256 bfloatLanes(const std::uint16_t* p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load128(p)), 16));
}
inline Floats loadBfloat(const std::uint16_t* p)
{
    return {bfloatLanes(p), bfloatLanes(p + 8)};
}
inline __m256 halvedExponents(__m128i bytes)
{
    const __m256i e = _mm256_cvtepu8_epi32(bytes);
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i small = _mm256_cmpgt_epi32(_mm256_set1_epi32(2), e);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(normal, subnormal, small));
}
inline Floats loadHalvedExponents(const std::uint8_t* p)
{
    const __m128i bytes = load128(p);
    return {halvedExponents(bytes), halvedExponents(_mm_srli_si128(bytes, 8))};
}
inline void storeHalf(std::uint16_t* p, Floats a)
{
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.lo, kNearest));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.hi, kNearest));
}

inline Floats operator+(Floats a, Floats b)
{
    return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline Floats operator-(Floats a, Floats b)
{
    return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline Floats operator*(Floats a, Floats b)
{
    return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline Floats operator/(Floats a, Floats b)
{
    return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline Floats mulAdd(Floats a, Floats b, Floats c)
{
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline Floats mulSub(Floats a, Floats b, Floats c)
{
    return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
inline Floats max(Floats a, Floats b)
{
    return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
inline Floats min(Floats a, Floats b)
{
    return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
inline Floats absolute(Floats a)
{
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
inline float sum(Floats a)
{
    const __m256 eight = _mm256_add_ps(a.lo, a.hi);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
inline float maximum(Floats a)
{
    const __m256 eight = _mm256_max_ps(a.lo, a.hi);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

inline Ints zeroInts()
{
    return {_mm256_setzero_si256(), _mm256_setzero_si256()};
}
inline Ints broadcastInt(std::int32_t x)
{
    return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
}
inline Ints operator+(Ints a, Ints b)
{
    return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
inline Ints operator*(Ints a, Ints b)
{
    return {_mm256_mullo_epi32(a.lo, b.lo), _mm256_mullo_epi32(a.hi, b.hi)};
}
inline Floats toFloats(Ints a)
{
    return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}
inline Ints roundToInts(Floats a)
{
    return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)};
}
inline std::int32_t sum(Ints a)
{
    const __m256i eight = _mm256_add_epi32(a.lo, a.hi);
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1)));
}
inline __m256 powerOfTwo(__m256i a)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(a, _mm256_set1_epi32(127)), 23));
}
inline Floats powerOfTwo(Ints a)
{
    return {powerOfTwo(a.lo), powerOfTwo(a.hi)};
}

inline Ints loadUnsignedBytes(const std::uint8_t* p)
{
    const __m128i bytes = load128(p);
    return {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
}
inline Ints loadSignedBytes(const std::uint8_t* p)
{
    const __m128i bytes = load128(p);
    return {_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))};
}
inline __m128i toShorts(__m256i a)
{
    return _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
}
inline void storeSignedBytes(std::int8_t* p, Ints a)
{
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packs_epi16(toShorts(a.lo), toShorts(a.hi)));
}

inline Bytes loadBytes(const std::uint8_t* p)
{
    return {load256(p), load256(p + 32)};
}
inline Bytes operator&(Bytes a, __m256i mask)
{
    return {_mm256_and_si256(a.lo, mask), _mm256_and_si256(a.hi, mask)};
}
template <int N>
inline Bytes shiftRight(Bytes a)
{
    return {_mm256_srli_epi16(a.lo, N), _mm256_srli_epi16(a.hi, N)};
}
template <int N>
inline Bytes shiftLeft(Bytes a)
{
    return {_mm256_slli_epi16(a.lo, N), _mm256_slli_epi16(a.hi, N)};
}
template <int From, int Count, int To>
inline Bytes field(Bytes a)
{
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(((1 << Count) - 1) << To));
    if constexpr (From < To)
        return shiftLeft<To - From>(a) & mask;
    else if constexpr (From > To)
        return shiftRight<From - To>(a) & mask;
    else
        return a & mask;
}
inline Bytes operator|(Bytes a, Bytes b)
{
    return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
template <int I>
inline Ints byteOf(Bytes a)
{
    const __m256i mask = _mm256_set1_epi32(255);
    return {_mm256_and_si256(_mm256_srli_epi32(a.lo, 8 * I), mask),
            _mm256_and_si256(_mm256_srli_epi32(a.hi, 8 * I), mask)};
}
template <int I>
inline Ints signedByteOf(Bytes a)
{
    return {_mm256_srai_epi32(_mm256_slli_epi32(a.lo, 24 - 8 * I), 24),
            _mm256_srai_epi32(_mm256_slli_epi32(a.hi, 24 - 8 * I), 24)};
}

inline Ints loadPairs(const std::uint8_t* p)
{
    return {_mm256_cvtepu8_epi16(load128(p)), _mm256_cvtepu8_epi16(load128(p + 16))};
}
template <int From, std::int32_t Mask>
inline Ints bits(Ints a)
{
    const __m256i mask = _mm256_set1_epi32(Mask);
    return {_mm256_and_si256(_mm256_srli_epi32(a.lo, From), mask),
            _mm256_and_si256(_mm256_srli_epi32(a.hi, From), mask)};
}
struct Codebook {
    __m256i v; // twice, for the two halves of a register
};
inline Codebook loadCodebook(const std::int8_t* p)
{
    return {_mm256_broadcastsi128_si256(load128(p))};
}
inline Bytes decode(Codebook book, Bytes codes)
{
    return {_mm256_shuffle_epi8(book.v, codes.lo), _mm256_shuffle_epi8(book.v, codes.hi)};
}
inline __m256i roundedBits(__m256 a)
{
    return _mm256_add_epi32(_mm256_castps_si256(a), _mm256_set1_epi32(0x8000));
}
inline __m128i bfloats(__m256 a)
{
    const __m256i bits = _mm256_srli_epi32(roundedBits(a), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
}
inline void storeBfloat(std::uint16_t* p, Floats a)
{
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bfloats(a.lo));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), bfloats(a.hi));
}

// Panels of bytes (panel_task.h, group_panel.h).

inline Bytes broadcastByte(int x)
{
    return {_mm256_set1_epi8(static_cast<char>(x)), _mm256_set1_epi8(static_cast<char>(x))};
}
inline Bytes subtractBytes(Bytes a, Bytes b)
{
    return {_mm256_sub_epi8(a.lo, b.lo), _mm256_sub_epi8(a.hi, b.hi)};
}

struct Shorts {
    __m256i lo, hi;
};
inline __m256i twice(__m256i a)
{
    return _mm256_or_si256(_mm256_slli_epi32(a, 16),
                           _mm256_and_si256(a, _mm256_set1_epi32(0xFFFF)));
}
inline Shorts toShorts(Ints a)
{
    return {twice(a.lo), twice(a.hi)};
}
inline __m256i upperBytes(__m256i even, __m256i odd)
{
    return _mm256_blendv_epi8(_mm256_srli_epi16(even, 8), odd, _mm256_set1_epi16(-256));
}
inline __m256i scaleCodes(__m256i codes, __m256i factor, __m256i offset)
{
    const __m256i even = _mm256_and_si256(codes, _mm256_set1_epi16(255));
    const __m256i odd = _mm256_srli_epi16(codes, 8);
    return upperBytes(_mm256_add_epi16(_mm256_mullo_epi16(even, factor), offset),
                      _mm256_add_epi16(_mm256_mullo_epi16(odd, factor), offset));
}
inline Bytes scaleCodes(Bytes codes, Shorts factor, Shorts offset)
{
    return {scaleCodes(codes.lo, factor.lo, offset.lo), scaleCodes(codes.hi, factor.hi, offset.hi)};
}
inline __m256i scaleSigned(__m256i codes, __m256i factor)
{
    const __m256i half = _mm256_set1_epi16(128);
    const __m256i even = _mm256_slli_epi16(codes, 8);
    const __m256i odd = _mm256_and_si256(codes, _mm256_set1_epi16(-256));
    return upperBytes(_mm256_add_epi16(_mm256_mulhrs_epi16(even, factor), half),
                      _mm256_add_epi16(_mm256_mulhrs_epi16(odd, factor), half));
}
inline Bytes scaleSigned(Bytes codes, Shorts factor)
{
    return {scaleSigned(codes.lo, factor.lo), scaleSigned(codes.hi, factor.hi)};
}
inline void storeBytes(std::int8_t* p, Bytes a)
{
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.lo);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 32), a.hi);
}
inline void storeInts(std::int32_t* p, Ints a)
{
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.lo);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), a.hi);
}
inline Ints loadInts(const std::int32_t* p)
{
    return {load256(p), load256(p + 8)};
}

} // namespace
} // namespace kernels
