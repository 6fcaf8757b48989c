// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr int kSums = 16; // latency 4 or 5, up to two a cycle

double runBytes(std::uint64_t rounds, std::int8_t one)
{
    const __m512i factor = _mm512_set1_epi8(one);
    __m512i sums[kSums] = {};
    for (__m512i& sum : sums)
        asm volatile("" : "+v"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m512i& sum : sums)
            sum = _mm512_dpbusd_epi32(sum, factor, factor);
    }
    double total = 0;
    for (const __m512i& sum : sums) {
        std::int32_t lanes[16];
        _mm512_storeu_si512(lanes, sum);
        for (const std::int32_t lane : lanes)
            total += lane;
    }
    return total;
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    const __m512 factor = _mm512_set1_ps(one);
    __m512 sums[kSums] = {};
    for (__m512& sum : sums)
        asm volatile("" : "+v"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m512& sum : sums)
            sum = _mm512_fmadd_ps(factor, factor, sum);
    }
    double total = 0;
    for (const __m512& sum : sums)
        total += double{_mm512_reduce_add_ps(sum)};
    return total;
}

std::uint64_t read(const std::uint64_t* from, std::size_t words)
{
    __m512i sums[8] = {};
    for (std::size_t at = 0; at < words; at += 64) {
        for (int i = 0; i < 8; ++i)
            sums[i] = _mm512_add_epi64(sums[i], _mm512_loadu_si512(from + at + 8 * i));
    }
    for (int i = 1; i < 8; ++i)
        sums[0] = _mm512_add_epi64(sums[0], sums[i]);
    // Not by the reduction of the header: its sum has a sign, and may not overflow.
    std::uint64_t lanes[8];
    _mm512_storeu_si512(lanes, sums[0]);
    std::uint64_t total = 0;
    for (const std::uint64_t lane : lanes)
        total += lane;
    return total;
}

} // namespace

const RoofLoops kAvx512Roofs = {.bytes = {kSums * 128, runBytes},
                                .bfloats = {},
                                .floats = {kSums * 32, runFloats},
                                .read = read};

} // namespace kernels
