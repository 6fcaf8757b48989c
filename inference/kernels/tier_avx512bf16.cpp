// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/lanes_avx512.h"

#include "inference/kernels/flash_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

namespace {

/// Products of two pairs of bfloat16 at a time, summed in float32.
struct BfloatProducts {
    using Element = std::uint16_t;
    static constexpr std::size_t kStep = 2;
    using Factor = __m512bh;

    static Factor spread(const Element* p)
    {
        return __builtin_bit_cast(__m512bh, _mm512_set1_epi32(packed(p)));
    }
    static Factor factor(const Element* p)
    {
        return __builtin_bit_cast(__m512bh, _mm512_loadu_si512(p));
    }
    static Floats add(Floats sum, Factor a, Factor b) { return {_mm512_dpbf16_ps(sum.v, a, b)}; }
    static void storeRow(Element* p, Floats a)
    {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                            __builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(a.v)));
    }
    static void storeColumns(Element* p, Floats even, Floats odd)
    {
        storeBfloatPairs(p, even, odd);
    }
};

} // namespace

const Flash kBfloatFlash = flash<BfloatProducts>;

} // namespace kernels
