// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"
#include "inference/kernels/roof_run.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr std::size_t kSums = 16;

double runBfloats(std::uint64_t rounds, std::int8_t one)
{
    const __m512 factors = _mm512_set1_ps(one);
    const __m512bh factor = _mm512_cvtne2ps_pbh(factors, factors);
    return runSums<kSums, float>(rounds, factors, [factor](__m512 sum, __m512) {
        return _mm512_dpbf16_ps(sum, factor, factor);
    });
}

} // namespace

const RoofLoop kBfloatRoof = {kSums * 64, runBfloats};

} // namespace kernels
