// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/lanes_avx512.h"

#include "inference/kernels/plain_panel_lanes.h"
#include "inference/kernels/strip_expand_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

namespace {

// 2^r for |r| <= 1/2: least squares of the relative error at Chebyshev's nodes.
constexpr float kPower[] = {0.99999919F, 0.69312197F, 0.24024981F, 0.05591704F, 0.00956051F};

/// Rounds to bfloat16 (to nearest, ties to even) and stores lane by lane: even, odd.
/// Shapes: p [16][2].
inline void storePairs(std::uint16_t* p, Floats even, Floats odd)
{
    const __m512i evensThenOdds = __builtin_bit_cast(__m512i, _mm512_cvtne2ps_pbh(odd.v, even.v));
    const __m512i index = _mm512_add_epi32(
        _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                           _mm512_set1_epi32(0x00010001)),
        _mm512_set1_epi32(0x00100000));
    _mm512_storeu_si512(p, _mm512_permutexvar_epi16(index, evensThenOdds));
}

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
    /// e^x for x <= 0. Numerics: within 4e-6 relative, a hundredth of what a bfloat16 loses.
    /// 2^n times a polynomial in r, |r| <= 1/2, fitted to 2^r.
    static Floats power(Floats x)
    {
        const __m512 y = _mm512_mul_ps(x.v, _mm512_set1_ps(1.44269504F));
        const __m512 n = _mm512_roundscale_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        const Floats r = {_mm512_sub_ps(y, n)};
        Floats series = broadcast(kPower[4]);
#pragma GCC unroll 4
        for (int i = 3; i >= 0; --i)
            series = mulAdd(series, r, broadcast(kPower[i]));
        return {_mm512_scalef_ps(series.v, n)};
    }
    static void storeColumns(Element* p, Floats even, Floats odd) { storePairs(p, even, odd); }
};

struct BfloatSink {
    std::uint16_t* out;
    void put(std::size_t column, Floats even, Floats odd) const
    {
        storePairs(out + column * kPanelRows, even, odd);
    }
};

template <typename Weight>
void expandBfloats(const std::byte* strip, std::size_t columns, std::byte* panel)
{
    expandPlain<Weight>(strip, columns, BfloatSink{reinterpret_cast<std::uint16_t*>(panel)});
}

/// Two columns of 16 rows that are bfloat16 already: only their places change.
template <>
void expandBfloats<Bfloat>(const std::byte* strip, std::size_t columns, std::byte* panel)
{
    const auto* from = reinterpret_cast<const __m256i*>(strip);
    const auto pair = [&](std::size_t k, __m256i odd) {
        const __m512i even = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from + k));
        const __m512i upper = _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16);
        _mm512_storeu_si512(panel + k / 2 * kPanelRows * 4, _mm512_or_si512(even, upper));
    };
    std::size_t k = 0;
    for (; k + 2 <= columns; k += 2)
        pair(k, _mm256_loadu_si256(from + k + 1));
    if (k < columns)
        pair(k, _mm256_setzero_si256());
}

void widenRow(const float* x, std::size_t columns, std::byte* elements)
{
    const auto put = [&](std::size_t i, __mmask16 some) {
        const __m512 values = _mm512_maskz_loadu_ps(some, x + i);
        _mm256_mask_storeu_epi16(elements + 2 * i, some,
                                 __builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(values)));
    };
    std::size_t i = 0;
    for (; i + 16 <= columns; i += 16)
        put(i, 0xFFFF);
    if (i < columns)
        put(i, static_cast<__mmask16>((1U << (columns - i)) - 1));
}

} // namespace

const Flash kBfloatFlash = flash<BfloatProducts>;

const PlainKernels kBfloatPlain = {
    .elementBytes = 2,
    .expand = {expandBfloats<float>, expandBfloats<Half>, expandBfloats<Bfloat>},
    .widen = widenRow,
    .multiply = multiplyPlain<BfloatProducts>,
};

} // namespace kernels
