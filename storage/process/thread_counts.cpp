// SPDX-License-Identifier: Apache-2.0
#include "storage/process/thread_counts.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <format>

namespace process {
namespace {

constexpr std::string_view kFirstLine = "cloister thread counts 1";
constexpr std::string_view kLastWord = "end ";

/// Source: FNV-1a. Every changed byte gives another one.
std::uint64_t sumOf(std::string_view text)
{
    std::uint64_t sum = 14695981039346656037U;
    for (const char character : text)
        sum = (sum ^ static_cast<unsigned char>(character)) * 1099511628211U;
    return sum;
}

std::string lastLineOf(std::string_view before)
{
    return std::format("{}{:016x}\n", kLastWord, sumOf(before));
}

/// A line of @p text, which begins behind it afterwards; nothing when it does not end.
std::optional<std::string_view> takeLine(std::string_view& text)
{
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

/// A number as it is written here, and the space behind it.
bool takeCount(std::string_view& line, unsigned& out)
{
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out);
    const auto digits = static_cast<std::size_t>(end - line.data());
    if (error != std::errc() || digits == line.size() || line[digits] != ' ' ||
        line.front() == '0' || out > kMostThreadCount)
        return false;
    line.remove_prefix(digits + 1);
    return true;
}

bool isKey(std::string_view key)
{
    return !key.empty() && key.size() <= kMostThreadKeyBytes &&
           std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
}

bool makeSense(std::string_view key, ThreadCounts counts)
{
    const auto possible = [](unsigned count) { return count >= 1 && count <= kMostThreadCount; };
    return isKey(key) && possible(counts.decode) && possible(counts.prefill);
}

} // namespace

std::optional<std::vector<KnownThreads>> parseThreadCounts(std::string_view text)
{
    const std::string_view whole = text;
    if (takeLine(text) != kFirstLine)
        return std::nullopt;
    std::vector<KnownThreads> known;
    while (true) {
        const std::string_view before = whole.substr(0, whole.size() - text.size());
        if (text.starts_with(kLastWord))
            return text == lastLineOf(before) ? std::optional(std::move(known)) : std::nullopt;
        auto line = takeLine(text);
        KnownThreads one;
        if (!line || known.size() == kMostKnownThreads || !takeCount(*line, one.counts.decode) ||
            !takeCount(*line, one.counts.prefill) || !makeSense(*line, one.counts))
            return std::nullopt;
        one.key = *line;
        known.push_back(std::move(one));
    }
}

std::string textOfThreadCounts(std::span<const KnownThreads> known)
{
    std::string text = std::string(kFirstLine) + '\n';
    std::size_t lines = 0;
    for (const auto& [key, counts] : known)
        if (lines < kMostKnownThreads && makeSense(key, counts)) {
            text += std::format("{} {} {}\n", counts.decode, counts.prefill, key);
            ++lines;
        }
    return text + lastLineOf(text);
}

} // namespace process
