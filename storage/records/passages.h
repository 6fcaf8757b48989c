// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace records {

struct Stretch {
    std::uint64_t begin = 0; // byte span
    std::uint64_t end = 0;
};

/// Parts a document's text into passages of a few sentences, which are searched and quoted: at
/// blank lines first, else at the ends of sentences, lines or words, never inside a character.
/// Stretches follow one another, leave out white space between them and are at most 700 bytes long.
/// Threads: pure.
[[nodiscard]] std::vector<Stretch> passagesOf(std::string_view text);

} // namespace records
