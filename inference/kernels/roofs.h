// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/roof_loops.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"

#include <cstddef>

namespace kernels {

/// The loops of a tier that availableTiers() names; bfloats is empty where the processor has none.
RoofLoops roofLoopsOf(Tier tier);

/// Bytes per second that the pool's threads read together out of @p bytes of memory, which should
/// be several times the last cache. Best of several passes: a roof is what the machine can do, not
/// what it did while something else ran. Errors: OutOfMemory.
Result<double> readBandwidth(ThreadPool& pool, std::size_t bytes);

/// Operations per second of the pool's threads together, best of several passes. 0 for an empty
/// loop.
double peakOf(ThreadPool& pool, const RoofLoop& loop);

} // namespace kernels
