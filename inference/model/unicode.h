// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace model {

/// What the pre-tokenizers tell apart. Source: Unicode through ICU: \p{L}, \p{N}, White_Space.
enum class CharacterClass : std::uint8_t { Letter, Number, Space, Other };

struct Character {
    std::uint32_t offset = 0; // of its first byte
    char32_t code = 0;        // of a byte that is no UTF-8: 0xFFFD
    CharacterClass kind = CharacterClass::Other;
};

/// The characters of @p text, at most 4 GB. A byte that belongs to no well-formed character counts
/// as one character of class Other, so no byte is lost.
[[nodiscard]] std::vector<Character> charactersOf(std::string_view text);

/// @p text in normalisation form C. Bytes that are no UTF-8 stay as they are.
[[nodiscard]] std::string toNfc(std::string_view text);

/// Length of the well-formed character that @p text begins with; 0 when it begins with none.
[[nodiscard]] std::size_t characterLength(std::string_view text);

/// Cuts a stream of bytes into whole characters.
class Utf8Stream {
public:
    /// Takes the next bytes and returns what is complete, always well-formed: bytes that can't
    /// become a character are replaced by U+FFFD.
    [[nodiscard]] std::string push(std::string_view bytes);
    /// The end: U+FFFD when a character was left incomplete.
    [[nodiscard]] std::string finish();

private:
    std::string m_pending; // fewer than 4 bytes: the beginning of a character
};

} // namespace model
