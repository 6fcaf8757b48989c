// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace process {

/// How many cores this program may keep busy, at least 1: those that it may run on, or fewer where
/// its control group, or one above it, has a quota of processor time (rounded up). More threads
/// than that only wait for each other. @p root: where /proc and /sys are looked for.
[[nodiscard]] unsigned allowedCores(const std::filesystem::path& root = "/");

} // namespace process
