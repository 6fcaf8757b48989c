// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

namespace process {

/// How many cores this program may keep busy, at least 1: those that it may run on, or fewer where
/// its control group, or one above it, has a quota of processor time (rounded up). More threads
/// than that only wait for each other. @p root: where /proc and /sys are looked for.
[[nodiscard]] unsigned allowedCores(const std::filesystem::path& root = "/");

/// The processors to bind computing threads to, ascending, at least one: of those that this program
/// may run on one for each physical core (the threads of a core share its arithmetic units), at
/// most allowedCores(). @p root as above.
[[nodiscard]] std::vector<unsigned> processorsToBind(const std::filesystem::path& root = "/");

} // namespace process
