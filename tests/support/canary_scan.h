// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Looks for strings that must not be on disk, in every form they are likely to have there.
namespace canary {

struct Find {
    std::filesystem::path file;
    std::size_t canary = 0; // index into the list that was looked for
    std::string form; // "UTF-8", "UTF-16LE", "UTF-16BE", "base64", "file name", "not readable"
};

/// Every file below @p folders that changed at or after @p since; links are not followed. A folder
/// of this user that cannot be read is a find, too, since nobody knows what it holds. Canaries of
/// fewer than 8 bytes would be found by chance and are refused by an assertion.
std::vector<Find>
scan(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& canaries,
     std::filesystem::file_time_type since = std::filesystem::file_time_type::min());

/// The same over bytes in memory: what a process wrote to standard error, a core file.
std::vector<Find> scanBytes(const std::string& bytes, const std::vector<std::string>& canaries);

/// "2 of 3 canaries, first as UTF-16LE": a sentence for a failed test; never the canary itself.
std::string describe(const std::vector<Find>& finds);

} // namespace canary
