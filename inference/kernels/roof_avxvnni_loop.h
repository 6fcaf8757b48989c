// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/roof_loops.h"
#include "inference/kernels/roof_run.h"

#include <immintrin.h>

namespace kernels {
namespace {

/// For the two files of this tier, which differ in how the instruction is encoded (decision 0031).
/// @p Product adds products of bytes in 256 bits to sums.
template <__m256i (*Product)(__m256i, __m256i, __m256i)>
struct AvxVnniRoof {
    static constexpr std::size_t kSums = 12; // latency 4 or 5, two a cycle; they fit 16 registers

    static double run(std::uint64_t rounds, std::int8_t one)
    {
        return runSums<kSums, std::int32_t>(
            rounds, _mm256_set1_epi8(one),
            [](__m256i sum, __m256i factor) { return Product(sum, factor, factor); });
    }

    static constexpr RoofLoop kLoop = {kSums * 64, run};
};

} // namespace
} // namespace kernels
