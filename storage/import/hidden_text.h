// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace imports {

/// Removes what a reader can't see but a program reads: tag characters, zero-width and word
/// joiners, bidirectional overrides, soft hyphens, runs of variation selectors, control characters
/// other than tab and line ends. Joiners between two characters outside ASCII stay (Arabic, Indic
/// scripts, emoji need them), so does one variation selector behind such a character.
/// @p text is valid UTF-8. Returns how many characters were removed.
std::uint64_t removeHidden(std::string& text);

/// Offset of the first byte that is not part of valid UTF-8, npos when there is none.
[[nodiscard]] std::size_t firstInvalidUtf8(std::string_view text);

/// Appends @p codePoint; U+FFFD for what is no Unicode scalar value.
void appendUtf8(std::string& text, char32_t codePoint);

} // namespace imports
