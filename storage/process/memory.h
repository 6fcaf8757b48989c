// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace process {

/// How much memory a program that starts now can fill. What the system can take back (copies of
/// files) counts as left.
struct MemoryLeft {
    std::uint64_t bytes = UINT64_MAX; // of the machine or of its control groups, the least
    std::uint64_t limit = UINT64_MAX; // of all groups, the least; the machine's memory otherwise
};

/// UINT64_MAX where the system does not tell. @p root: where /proc and /sys are looked for.
[[nodiscard]] MemoryLeft memoryLeft(const std::filesystem::path& root = "/");

} // namespace process
