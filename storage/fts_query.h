// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a person types as an FTS5 query: words are searched as words, nothing in them is syntax.
/// Threads: pure.
namespace storage {

[[nodiscard]] bool isSpace(char c);

/// The words of @p text: parted by white space, those without a letter or digit left out.
std::vector<std::string_view> wordsOf(std::string_view text);

/// One word (or "4.1", which FTS5 takes as neighbours) as a quoted string.
std::string quoted(std::string_view word);

/// All words must stand there; empty when there is none.
std::string allWords(std::string_view text);
/// Any of the words; empty when there is none.
std::string anyWord(std::string_view text);

} // namespace storage
