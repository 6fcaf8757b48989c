// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace engine {

/// Philox4x32-10: four random words that depend on nothing but @p counter and @p key.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

/// A number in [0, 1) with 53 random bits for one position of one answer. There is no state: a
/// replay, a verified guess and an answer that was interrupted all see the same number.
[[nodiscard]] double uniformAt(std::uint64_t seed, std::uint64_t position);

} // namespace engine
