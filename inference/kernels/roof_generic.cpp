// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"
#include "inference/kernels/roof_run.h"

#include <emmintrin.h>

// SSE2: what every x86-64 has.
namespace kernels {
namespace {

constexpr std::size_t kSums = 8; // hides the latency of an addition

double runWords(std::uint64_t rounds, std::int8_t one)
{
    return runSums<kSums, std::int32_t>(
        rounds, _mm_set1_epi16(one), [](__m128i sum, __m128i factor) {
            return _mm_add_epi32(sum, _mm_madd_epi16(factor, anew(factor)));
        });
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    return runSums<kSums, float>(rounds, _mm_set1_ps(one), [](__m128 sum, __m128 factor) {
        return _mm_add_ps(sum, _mm_mul_ps(factor, anew(factor)));
    });
}

std::uint64_t read(const std::uint64_t* from, std::size_t words)
{
    __m128i sums[4] = {};
    for (std::size_t at = 0; at < words; at += 8) {
        for (int i = 0; i < 4; ++i)
            sums[i] = _mm_add_epi64(
                sums[i], _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at + 2 * i)));
    }
    alignas(16) std::uint64_t lanes[2];
    _mm_store_si128(
        reinterpret_cast<__m128i*>(lanes),
        _mm_add_epi64(_mm_add_epi64(sums[0], sums[1]), _mm_add_epi64(sums[2], sums[3])));
    return lanes[0] + lanes[1];
}

} // namespace

// pmaddwd multiplies 8 pairs and adds them two by two, paddd adds 4.
const RoofLoops kGenericRoofs = {
    .bytes = {kSums * 16, runWords}, .bfloats = {}, .floats = {kSums * 8, runFloats}, .read = read};

} // namespace kernels
