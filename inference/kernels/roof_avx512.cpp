// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"
#include "inference/kernels/roof_run.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr std::size_t kSums = 16; // latency 4 or 5, up to two a cycle

double runBytes(std::uint64_t rounds, std::int8_t one)
{
    return runSums<kSums, std::int32_t>(
        rounds, _mm512_set1_epi8(one),
        [](__m512i sum, __m512i factor) { return _mm512_dpbusd_epi32(sum, factor, factor); });
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    return runSums<kSums, float>(rounds, _mm512_set1_ps(one), [](__m512 sum, __m512 factor) {
        return _mm512_fmadd_ps(factor, factor, sum);
    });
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
