// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_avxvnni_loop.h"

namespace kernels {
namespace {

/// As processors without AVX512 encode it.
__m256i product(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_dpbusd_avx_epi32(sum, a, b);
}

} // namespace

const RoofLoop kAvxVnniRoof = AvxVnniRoof<product>::kLoop;

} // namespace kernels
