// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace process {

/// How many threads a model takes best on one machine: it is tried out once, which takes a second,
/// and then remembered. File: docs/formats/thread-counts.md.
struct ThreadCounts {
    unsigned decode = 0;  // for generated tokens
    unsigned prefill = 0; // for prompts
    bool operator==(const ThreadCounts&) const = default;
};

/// What of this machine decides the counts, for a key: the processor's name and its vector
/// instructions, the processors that we may use, and how many cores that makes (cores.h).
/// Printable ASCII. @p root: where /proc and /sys are looked for.
[[nodiscard]] std::string hostForThreads(const std::filesystem::path& root = "/");

struct KnownThreads {
    std::string key; // printable ASCII: the host, then the model
    ThreadCounts counts;
    bool operator==(const KnownThreads&) const = default;
};

/// The whole file, or nothing when a single byte of it is wrong.
[[nodiscard]] std::optional<std::vector<KnownThreads>> parseThreadCounts(std::string_view text);
[[nodiscard]] std::string textOfThreadCounts(std::span<const KnownThreads> known);

/// What @p file says about @p key; nothing when it is not there, or damaged.
[[nodiscard]] std::optional<ThreadCounts> knownThreads(const std::filesystem::path& file,
                                                       std::string_view key);
/// Puts @p counts into @p file, which others may read and replace at the same time (what one of
/// them adds may be lost). False when the disk refuses, or they make no sense.
bool rememberThreads(const std::filesystem::path& file, std::string_view key, ThreadCounts counts);

inline constexpr unsigned kMostThreadCount = 1024;
inline constexpr std::size_t kMostKnownThreads = 64; // the newest stay
inline constexpr std::size_t kMostThreadKeyBytes = 4096;

} // namespace process
