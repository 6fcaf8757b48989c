// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace engine {

using Count = decltype(sizeof 0); // std::size_t, without a header

/// Numbers whose largest weight is kept.
inline constexpr unsigned kOddsGroup = 64;

/// The passes of odds.h, built for one kind of instructions. All kinds give the same bits. No
/// number is NaN but in raise().
struct OddsTable {
    /// The largest of @p count numbers, at least one.
    float (*largest)(const float* values, Count count);
    /// What is not above @p least, NaN too, becomes it.
    void (*raise)(const float* values, Count count, float least, float* raised);
    /// As weigh(); groups[i] is the largest weight of the numbers from kOddsGroup * i on.
    void (*weigh)(float* values, Count count, float best, float scale, float* groups);
    double (*sumOf)(const float* values, Count count);
    double (*sumOfWeights)(const float* values, Count count, float best);
    /// What is below @p least becomes 0.
    void (*drop)(float* values, Count count, float least);
};

extern const OddsTable kGenericOdds;
extern const OddsTable kAvx2Odds;   // AVX2
extern const OddsTable kAvx512Odds; // AVX512 F, BW, DQ, VL

} // namespace engine
