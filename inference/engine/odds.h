// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/odds_table.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Passes over the numbers of a whole vocabulary. Pure functions; the order of every sum is fixed,
/// and every processor gives the same bits. Numbers are not NaN unless said otherwise.
namespace engine {

/// The place of the largest number, of equal ones the first. @p values is not empty.
[[nodiscard]] std::size_t largestOf(std::span<const float> values);

/// raised[i] = the larger of values[i], which may be NaN (then it is @p least), and @p least.
void raise(std::span<const float> values, float least, std::span<float> raised);

/// Numbers as weights.
struct Weights {
    std::span<float> values;
    /// [i]: the largest from kOddsGroup * i on. Overwritten by weigh().
    std::vector<float>& groups;
};

/// Turns each value into exp((value - best) * scale), no value being above @p best.
/// Numerics: float32; within 3e-7 relative of the exponent as float32 rounds it; what is below
/// exp(-87) becomes 0.
void weigh(Weights weights, float best, float scale);

/// Sum over i of exp(values[i] - best), no value being above @p best. Numerics: as weigh, summed in
/// float64.
[[nodiscard]] double sumOfWeights(std::span<const float> values, float best);

/// In float64.
[[nodiscard]] double sumOf(std::span<const float> values);

/// Weights below @p least become 0.
void dropBelow(std::span<float> weights, float least);

/// The places of the @p count largest numbers, in ascending order of place; of equal numbers the
/// first count as larger. 0 < @p count <= values.size().
/// @p places is overwritten; it is the caller's to spare an allocation.
void placesOfLargest(std::span<const float> values, std::size_t count,
                     std::vector<std::uint32_t>& places);

/// Sets to zero all but the fewest of the largest weights that together hold @p share of their sum;
/// of equal weights the first count as larger. @p scratch as above.
void keepNucleus(Weights weights, double share, std::vector<std::uint32_t>& scratch);

/// The passes for every kind of instructions that this processor has, the best last.
[[nodiscard]] std::vector<const OddsTable*> availableOdds();

} // namespace engine
