// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"

#include <emmintrin.h>

// SSE2: what every x86-64 has.
namespace kernels {
namespace {

constexpr int kSums = 8; // hides the latency of an addition

double runWords(std::uint64_t rounds, std::int8_t one)
{
    const __m128i factor = _mm_set1_epi16(one);
    __m128i sums[kSums] = {};
    for (__m128i& sum : sums)
        asm volatile("" : "+x"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m128i& sum : sums) {
            __m128i other = factor;
            asm volatile("" : "+x"(other)); // else the product is computed once, before the loop
            sum = _mm_add_epi32(sum, _mm_madd_epi16(factor, other));
        }
    }
    double total = 0;
    for (const __m128i& sum : sums) {
        alignas(16) std::int32_t lanes[4];
        _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sum);
        for (const std::int32_t lane : lanes)
            total += lane;
    }
    return total;
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    const __m128 factor = _mm_set1_ps(one);
    __m128 sums[kSums] = {};
    for (__m128& sum : sums)
        asm volatile("" : "+x"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m128& sum : sums) {
            __m128 other = factor;
            asm volatile("" : "+x"(other));
            sum = _mm_add_ps(sum, _mm_mul_ps(factor, other));
        }
    }
    double total = 0;
    for (const __m128& sum : sums) {
        alignas(16) float lanes[4];
        _mm_store_ps(lanes, sum);
        for (const float lane : lanes)
            total += double{lane};
    }
    return total;
}

std::uint64_t read(const std::uint64_t* from, std::size_t words)
{
    __m128i sums[4] = {};
    for (std::size_t at = 0; at < words; at += 8) {
        for (int i = 0; i < 4; ++i)
            sums[i] = _mm_add_epi64(
                sums[i], _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at + 2 * i)));
    }
    alignas(16) std::uint64_t lanes[2];
    _mm_store_si128(
        reinterpret_cast<__m128i*>(lanes),
        _mm_add_epi64(_mm_add_epi64(sums[0], sums[1]), _mm_add_epi64(sums[2], sums[3])));
    return lanes[0] + lanes[1];
}

} // namespace

// pmaddwd multiplies 8 pairs and adds them two by two, paddd adds 4.
const RoofLoops kGenericRoofs = {
    .bytes = {kSums * 16, runWords}, .bfloats = {}, .floats = {kSums * 8, runFloats}, .read = read};

} // namespace kernels
