// SPDX-License-Identifier: Apache-2.0
#include "storage/fts_query.h"

#include <algorithm>

namespace storage {
namespace {

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

bool carriesMeaning(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
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

std::vector<std::string_view> wordsOf(std::string_view text)
{
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = std::ranges::find_if(text, isSpace);
        const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        if (std::ranges::any_of(word, carriesMeaning))
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
