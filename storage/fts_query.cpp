// SPDX-License-Identifier: Apache-2.0
#include "storage/fts_query.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>

namespace storage {
namespace {

/// A letter or digit of any script: what FTS5's tokenizer makes words of. Nothing else is found,
/// and a quoted text without one would make a whole query find nothing.
bool carriesMeaning(std::string_view word)
{
    const auto text =
        icu::UnicodeString::fromUTF8({word.data(), static_cast<std::int32_t>(word.size())});
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        if ((U_GET_GC_MASK(text.char32At(i)) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_CO_MASK)) != 0)
            return true;
    }
    return false;
}

std::string joined(std::string_view text, std::string_view between)
{
    std::string query;
    for (const std::string_view word : wordsOf(text)) {
        if (!query.empty())
            query.append(between);
        query.append(quoted(word));
    }
    return query;
}

} // namespace

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

std::vector<std::string_view> wordsOf(std::string_view text)
{
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = std::ranges::find_if(text, isSpace);
        const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        if (carriesMeaning(word))
            words.push_back(word);
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return words;
}

std::string quoted(std::string_view word)
{
    std::string text = "\"";
    for (const char c : word) {
        if (c == '"')
            text.push_back('"');
        text.push_back(c);
    }
    text.push_back('"');
    return text;
}

std::string allWords(std::string_view text)
{
    return joined(text, " AND ");
}
std::string anyWord(std::string_view text)
{
    return joined(text, " OR ");
}

} // namespace storage
