// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/roofs.h"

#include <span>
#include <string>
#include <vector>

namespace engine {

/// What one tier can do, in operations per second.
struct TierRoof {
    std::string_view name;
    std::vector<double> bytes, bfloats, floats; // as Roofs::read
};

struct Roofs {
    std::size_t readBytes = 0;
    unsigned threads = 0;     // at most
    std::vector<double> read; // bytes per second with 1, 2, … threads, or with all of them only
    std::vector<TierRoof> tiers;
};

/// With each of @p counts threads, in turn. Takes about a second for one count and one tier.
/// Threads: starts its own. Errors: OutOfMemory.
kernels::Result<Roofs> measureRoofs(std::span<const unsigned> counts,
                                    std::span<const kernels::Tier> tiers, std::size_t readBytes);

/// Many times what the last cache holds, so that hardly anything is found in it.
std::size_t leastReadBytes();

/// [1.0,2.5] for 1e9 and 2.5e9.
std::string inBillions(const std::vector<double>& values);

/// The object that `cloister-model roofs --json` prints.
std::string jsonOf(const Roofs& roofs);

} // namespace engine
