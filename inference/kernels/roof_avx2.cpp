// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roof_loops.h"
#include "inference/kernels/roof_run.h"

#include <immintrin.h>

namespace kernels {
namespace {

constexpr std::size_t kSums = 10; // latency 4, two a cycle; with the factors they fit 16 registers

/// The way lanes_avx2.h multiplies bytes: vpmaddubsw, vpmaddwd, vpaddd.
double runBytes(std::uint64_t rounds, std::int8_t one)
{
    const __m256i ones = _mm256_set1_epi16(one);
    return runSums<kSums, std::int32_t>(
        rounds, _mm256_set1_epi8(one), [ones](__m256i sum, __m256i factor) {
            const __m256i pairs = _mm256_maddubs_epi16(factor, anew(factor));
            return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        });
}

double runFloats(std::uint64_t rounds, std::int8_t one)
{
    return runSums<kSums, float>(rounds, _mm256_set1_ps(one), [](__m256 sum, __m256 factor) {
        return _mm256_fmadd_ps(factor, factor, sum);
    });
}

std::uint64_t read(const std::uint64_t* from, std::size_t words)
{
    __m256i sums[4] = {};
    for (std::size_t at = 0; at < words; at += 16) {
        for (int i = 0; i < 4; ++i)
            sums[i] = _mm256_add_epi64(
                sums[i], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at + 4 * i)));
    }
    alignas(32) std::uint64_t lanes[4];
    _mm256_store_si256(
        reinterpret_cast<__m256i*>(lanes),
        _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]), _mm256_add_epi64(sums[2], sums[3])));
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

} // namespace

// 32 products and as many additions, whatever instructions they take.
const RoofLoops kAvx2Roofs = {.bytes = {kSums * 64, runBytes},
                              .bfloats = {},
                              .floats = {kSums * 16, runFloats},
                              .read = read};

} // namespace kernels
