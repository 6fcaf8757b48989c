// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// A run of letters and digits of a text, made comparable.
struct Word {
    std::string text;      // lower case, accents of Latin-1 folded, possessive 's dropped
    std::string stem;      // plural, -ed, -ing and British spelling folded away
    std::size_t begin = 0; // bytes of the text
    std::size_t end = 0;
};

[[nodiscard]] std::vector<Word> wordsOf(std::string_view text);
/// @p word is lower case. "stopped" and "stopping" -> "stop", "anaemia" -> "anemia".
[[nodiscard]] std::string stemOf(std::string_view word);
/// Of ASCII, whatever the locale.
[[nodiscard]] constexpr bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}
/// ASCII letters only; everything else as it is.
[[nodiscard]] std::string lowered(std::string_view text);

/// @p text on one line: line breaks become " / ", other controls blanks, hidden characters
/// (zero-width, tag, direction, variation) go, invalid UTF-8 becomes U+FFFD, runs of blanks one.
[[nodiscard]] std::string oneLine(std::string_view text);
/// At most @p bytes of @p text, cut between characters, "..." added where something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t bytes);

} // namespace evidence
