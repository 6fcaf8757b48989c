// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_avxvnni_loop.h"

namespace kernels {
namespace {

/// As processors with AVX512 encode it, of which some have no other form.
__m256i product(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_dpbusd_epi32(sum, a, b);
}

} // namespace

const RoofLoop kAvxVnniEvexRoof = AvxVnniRoof<product>::kLoop;

} // namespace kernels
