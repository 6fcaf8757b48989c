// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace kernels {

/// The system's number of a running thread of this process.
using ThreadNumber = int;
[[nodiscard]] ThreadNumber numberOfThisThread();

/// The processors that this thread may run on; empty when the system does not tell.
[[nodiscard]] std::vector<unsigned> processorsOfThisThread();

/// From now on @p thread runs on @p processors only. False when the system does not allow it;
/// nothing is changed then.
bool bindThread(ThreadNumber thread, std::span<const unsigned> processors);

} // namespace kernels
