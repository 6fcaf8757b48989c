// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr int kSums = 16;

double runBfloats(std::uint64_t rounds, std::int8_t one)
{
    const __m512 factors = _mm512_set1_ps(one);
    const __m512bh factor = _mm512_cvtne2ps_pbh(factors, factors);
    __m512 sums[kSums] = {};
    for (__m512& sum : sums)
        asm volatile("" : "+v"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (__m512& sum : sums)
            sum = _mm512_dpbf16_ps(sum, factor, factor);
    }
    double total = 0;
    for (const __m512& sum : sums)
        total += double{_mm512_reduce_add_ps(sum)};
    return total;
}

} // namespace

const RoofLoop kBfloatRoof = {kSums * 64, runBfloats};

} // namespace kernels
