// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

struct TextSpan {
    std::uint64_t begin = 0; // bytes
    std::uint64_t end = 0;
    bool lineStart = false; // the first of its line
};

/// @p text with a blank for each line break inside a wrapped paragraph; every byte keeps its place.
/// A break is kept where the line is short, ends in punctuation that ends something, or where an
/// empty line or a list mark follows.
[[nodiscard]] std::string unwrapped(std::string_view text);

/// The sentences and lines of a recorded text, without the blanks around them. Each piece is at
/// most about 600 bytes; longer ones are cut between words.
[[nodiscard]] std::vector<TextSpan> piecesOf(std::string_view text);

/// Whether a word (lower case) denies what follows: "no", "denies", "without", ...
[[nodiscard]] bool isDenial(std::string_view word);
/// Whether a word (lower case) names a relative: "mother", "paternal", "family", ...
[[nodiscard]] bool isRelative(std::string_view word);

} // namespace evidence
