// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr int kSums = 10; // latency 4, two a cycle; with the factors they fit 16 registers

/// The way lanes_avx2.h multiplies bytes: vpmaddubsw, vpmaddwd, vpaddd.
double runBytes(std::uint64_t rounds, std::int8_t one)
{
    const __m256i factor = _mm256_set1_epi8(one);
    const __m256i ones = _mm256_set1_epi16(one);
    __m256i sums[kSums] = {};
    for (__m256i& sum : sums)
        asm volatile("" : "+x"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m256i& sum : sums) {
            __m256i other = factor;
            asm volatile("" : "+x"(other)); // else the product is computed once, before the loop
            const __m256i pairs = _mm256_maddubs_epi16(factor, other);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        }
    }
    double total = 0;
    for (const __m256i& sum : sums) {
        alignas(32) std::int32_t lanes[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
        for (const std::int32_t lane : lanes)
            total += lane;
    }
    return total;
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    const __m256 factor = _mm256_set1_ps(one);
    __m256 sums[kSums] = {};
    for (__m256& sum : sums)
        asm volatile("" : "+x"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m256& sum : sums)
            sum = _mm256_fmadd_ps(factor, factor, sum);
    }
    double total = 0;
    for (const __m256& sum : sums) {
        alignas(32) float lanes[8];
        _mm256_store_ps(lanes, sum);
        for (const float lane : lanes)
            total += double{lane};
    }
    return total;
}

std::uint64_t read(const std::uint64_t* from, std::size_t words)
{
    __m256i sums[4] = {};
    for (std::size_t at = 0; at < words; at += 16) {
        for (int i = 0; i < 4; ++i)
            sums[i] = _mm256_add_epi64(
                sums[i], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at + 4 * i)));
    }
    alignas(32) std::uint64_t lanes[4];
    _mm256_store_si256(
        reinterpret_cast<__m256i*>(lanes),
        _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]), _mm256_add_epi64(sums[2], sums[3])));
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

} // namespace

// 32 products and as many additions, whatever instructions they take.
const RoofLoops kAvx2Roofs = {.bytes = {kSums * 64, runBytes},
                              .bfloats = {},
                              .floats = {kSums * 16, runFloats},
                              .read = read};

} // namespace kernels
