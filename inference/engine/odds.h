// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Passes over the numbers of a whole vocabulary. Pure functions; the order of every sum is fixed.
namespace engine {

/// The place of the largest number, of equal ones the first. @p values is not empty and holds no
/// NaN.
[[nodiscard]] std::size_t largestOf(std::span<const float> values);

/// values[i] = exp((values[i] - best) * scale), no value being above @p best.
/// Numerics: float32, within 3e-7 relative; what is below exp(-87) becomes 0.
void weigh(std::span<float> values, float best, float scale);

/// Sum over i of exp(values[i] - best), no value being above @p best. Numerics: as weigh, summed in
/// float64.
[[nodiscard]] double sumOfWeights(std::span<const float> values, float best);

[[nodiscard]] double sumOf(std::span<const float> values);

/// The places of the @p count largest numbers, in ascending order of place; of equal numbers the
/// first count as larger. @p values holds no NaN; 0 < @p count <= values.size().
/// @p places is overwritten; it is the caller's to spare an allocation.
void placesOfLargest(std::span<const float> values, std::size_t count,
                     std::vector<std::uint32_t>& places);

/// Sets to zero all but the fewest of the largest weights that together hold @p share of their sum;
/// of equal weights the first count as larger. @p scratch as above.
void keepNucleus(std::span<float> weights, double share, std::vector<std::uint32_t>& scratch);

} // namespace engine
