// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/roof_loops.h"

#include <immintrin.h>

namespace kernels {
namespace {

/// For the two files of this tier, which differ in how the instruction is encoded (decision 0031).
/// @p Product adds products of bytes in 256 bits to sums.
template <__m256i (*Product)(__m256i, __m256i, __m256i)>
struct AvxVnniRoof {
    static constexpr int kSums = 12; // latency 4 or 5, two a cycle; they fit 16 registers

    static double run(std::uint64_t rounds, std::int8_t one)
    {
        const __m256i factor = _mm256_set1_epi8(one);
        __m256i sums[kSums] = {};
        for (__m256i& sum : sums)
            asm volatile("" : "+x"(sum)); // else equal sums become one
        for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
            for (__m256i& sum : sums)
                sum = Product(sum, factor, factor);
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

    static constexpr RoofLoop kLoop = {kSums * 64, run};
};

} // namespace
} // namespace kernels
