// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/lanes_avx2.h"

namespace kernels {
namespace {

/// As processors with AVX512 encode them, of which some have no other form.
struct Vnni {
    static __m256i addBytes(__m256i sum, __m256i withoutSign, __m256i withSign)
    {
        return _mm256_dpbusd_epi32(sum, withoutSign, withSign);
    }
    static __m256i addPairs(__m256i sum, __m256i a, __m256i b)
    {
        return _mm256_dpwssd_epi32(sum, a, b);
    }
};

} // namespace
} // namespace kernels

#include "inference/kernels/products_vnni.h"

#include "inference/kernels/table_of_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

const KernelTable kAvxVnniEvexKernels = kTable;

} // namespace kernels
