// SPDX-License-Identifier: Apache-2.0
#include "storage/process/thread_counts.h"

#include "storage/process/cores.h"
#include "storage/process/replace_file.h"

#include <format>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace process {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFileBytes = kMostKnownThreads * (kMostThreadKeyBytes + 16) + 128;

/// What stands behind the colon of the first line that begins with @p name; empty without one.
std::string valueIn(const fs::path& file, std::string_view name)
{
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(':');
        const std::size_t last = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
        if (colon == std::string::npos || line.substr(0, last + 1) != name)
            continue;
        const std::size_t first = line.find_first_not_of(" \t", colon + 1);
        return first == std::string::npos ? std::string() : line.substr(first);
    }
    return {};
}

std::string printable(std::string_view text)
{
    std::string line;
    for (const char c : text)
        line += c >= ' ' && c <= '~' ? c : '?';
    return line;
}

/// Those that kernels are written for. Others come and go with the processor's microcode.
std::string vectorInstructions(const std::string& flags)
{
    std::istringstream words(flags);
    std::string chosen;
    for (std::string word; words >> word;)
        if (word.starts_with("avx") || word.starts_with("amx") || word == "fma" || word == "f16c")
            chosen += (chosen.empty() ? "" : " ") + word;
    return chosen;
}

std::optional<std::vector<KnownThreads>> read(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text(kMostFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return parseThreadCounts(text);
}

} // namespace

std::string hostForThreads(const fs::path& root)
{
    const fs::path cpus = root / "proc/cpuinfo";
    return printable(std::format("{} | {} | processors {} | {} cores", valueIn(cpus, "model name"),
                                 vectorInstructions(valueIn(cpus, "flags")),
                                 valueIn(root / "proc/self/status", "Cpus_allowed_list"),
                                 processorsToBind(root).size()));
}

std::optional<ThreadCounts> knownThreads(const fs::path& file, std::string_view key)
{
    const auto all = read(file);
    if (!all)
        return std::nullopt;
    for (const KnownThreads& known : *all)
        if (known.key == key)
            return known.counts;
    return std::nullopt;
}

bool rememberThreads(const fs::path& file, std::string_view key, ThreadCounts counts)
{
    const KnownThreads one{std::string(key), counts};
    const auto written = parseThreadCounts(textOfThreadCounts(std::span(&one, 1)));
    if (!written || written->empty()) // it makes no sense
        return false;
    std::vector<KnownThreads> known = {one};
    if (auto all = read(file))
        for (KnownThreads& other : *all)
            if (other.key != key && known.size() < kMostKnownThreads)
                known.push_back(std::move(other));
    const fs::path fresh = std::format("{}.{}.new", file.string(), ::getpid());
    // A file that a crash has emptied counts as damaged, and is made again.
    return replaceFile(file, fresh, textOfThreadCounts(known));
}

} // namespace process
