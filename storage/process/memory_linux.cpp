// SPDX-License-Identifier: Apache-2.0
#include "storage/process/memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace process {
namespace {

using std::filesystem::path;

/// The number behind the word @p key at the beginning of a line.
std::optional<std::uint64_t> numberAfter(const path& file, const std::string& key)
{
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key + ' ') && !line.starts_with(key + ':'))
            continue;
        const std::size_t digits = line.find_first_of("0123456789", key.size());
        if (digits != std::string::npos && line.size() - digits < 20)
            return std::stoull(line.substr(digits));
    }
    return std::nullopt;
}

std::optional<std::uint64_t> numberIn(const path& file)
{
    std::uint64_t number = 0;
    if (!(std::ifstream(file) >> number)) // "max" as well
        return std::nullopt;
    return number;
}

/// What one group of version 2 leaves.
void limitBy(MemoryLeft& left, const path& group)
{
    const auto most = numberIn(group / "memory.max");
    if (!most)
        return;
    const std::uint64_t used = numberIn(group / "memory.current").value_or(0);
    const std::uint64_t files = numberAfter(group / "memory.stat", "file").value_or(0);
    const std::uint64_t held = used - std::min(used, files);
    left.limit = std::min(left.limit, *most);
    left.bytes = std::min(left.bytes, *most - std::min(*most, held));
}

} // namespace

MemoryLeft memoryLeft(const path& root)
{
    MemoryLeft left;
    constexpr std::uint64_t kUnit = 1024; // of /proc/meminfo
    if (const auto available = numberAfter(root / "proc/meminfo", "MemAvailable"))
        left.bytes = *available * kUnit;
    if (const auto total = numberAfter(root / "proc/meminfo", "MemTotal"))
        left.limit = *total * kUnit;
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        if (!line.starts_with("0::/"))
            continue;
        for (path group = path(line.substr(3)).relative_path();; group = group.parent_path()) {
            limitBy(left, root / "sys/fs/cgroup" / group);
            if (group.empty())
                break;
        }
    }
    return left;
}

} // namespace process
