// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/words.h"

#include <array>
#include <cstdint>

namespace evidence {

namespace {

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
    bool valid = true;
};

/// The character that starts at @p text[position]; an invalid byte counts as one character.
Character characterAt(std::string_view text, std::size_t position)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(position);
    if (lead < 0x80)
        return {lead, 1, true};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || lead > 0xF4 || position + length > text.size())
        return {0xFFFD, 1, false};
    char32_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(position + i) & 0xC0U) != 0x80)
            return {0xFFFD, 1, false};
        code = (code << 6U) | (byte(position + i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast.at(length) || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return {0xFFFD, 1, false};
    return {code, length, true};
}

bool isAsciiWord(char32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
}

/// Letters beyond ASCII, roughly: punctuation and symbol blocks are not part of words. The micro
/// sign is a unit and stays a letter.
bool isOtherLetter(char32_t code)
{
    if (code < 0xC0)
        return code == 0xB5;
    const bool symbol = code == 0xD7 || code == 0xF7 || (code >= 0x2000 && code <= 0x2BFF) ||
                        (code >= 0x3000 && code <= 0x303F) || (code >= 0xFE00 && code <= 0xFE6F) ||
                        code == 0xFEFF || code >= 0x1F000 || code == 0xFFFD;
    return !symbol;
}

/// Base letter of U+00C0 to U+00FF; 0 where there is none. '.' stands for none in the table.
char latinBase(char32_t code)
{
    constexpr std::string_view kBase =
        "aaaaaaaceeeeiiii.nooooo.ouuuuy.saaaaaaaceeeeiiii.nooooo.ouuuuy.y";
    static_assert(kBase.size() == 64);
    if (code < 0xC0 || code > 0xFF || kBase[code - 0xC0] == '.')
        return 0;
    return kBase[code - 0xC0];
}

void appendFolded(std::string& out, std::string_view text, std::size_t position, Character c)
{
    if (c.code >= 'A' && c.code <= 'Z')
        out += static_cast<char>(c.code + 32);
    else if (const char base = latinBase(c.code); base != 0)
        out += base;
    else
        out += text.substr(position, c.bytes);
}

bool isVowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

bool hasVowel(std::string_view text)
{
    for (const char c : text) {
        if (isVowel(c) || c == 'y')
            return true;
    }
    return false;
}

/// "stopp" -> "stop", but "fall" stays: l, s and z double in the base form as well.
void dropDoubled(std::string& word)
{
    const std::size_t n = word.size();
    if (n < 4 || word[n - 1] != word[n - 2] || isVowel(word[n - 1]))
        return;
    if (word[n - 1] != 'l' && word[n - 1] != 's' && word[n - 1] != 'z')
        word.pop_back();
}

void foldSpelling(std::string& word)
{
    for (std::size_t i = 1; i + 1 < word.size(); ++i) {
        if ((word[i] == 'a' || word[i] == 'o') && word[i + 1] == 'e')
            word.erase(i, 1);
    }
    if (word.starts_with("oe")) // oedema, oesophagus
        word.erase(0, 1);
    if (word.size() > 5 && word.ends_with("our")) // colour, tumour
        word.erase(word.size() - 2, 1);
    if (const auto at = word.find("isation"); at != std::string::npos && at > 2)
        word[at + 1] = 'z';
}

bool isHidden(char32_t code)
{
    return code == 0xAD || code == 0x34F || code == 0x61C || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
           (code >= 0xFE00 && code <= 0xFE0F) || code == 0xFEFF ||
           (code >= 0xE0000 && code <= 0xE0FFF);
}

} // namespace

std::string stemOf(std::string_view given)
{
    std::string word(given);
    for (const char c : word) {
        if (c < 'a' || c > 'z')
            return word; // numbers, HbA1c, other scripts
    }
    foldSpelling(word);
    const auto cut = [&](std::size_t count) { word.resize(word.size() - count); };
    if (word.size() > 4 && word.ends_with("ies")) {
        cut(3);
        word += 'y';
    } else if (word.ends_with("sses")) {
        cut(2);
    } else if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss") &&
               !word.ends_with("us") && !word.ends_with("is")) {
        cut(1);
    }
    if (word.size() > 5 && word.ends_with("ing") &&
        hasVowel(std::string_view(word).substr(0, word.size() - 3))) {
        cut(3);
        dropDoubled(word);
    } else if (word.size() > 4 && word.ends_with("ed") && !word.ends_with("eed") &&
               hasVowel(std::string_view(word).substr(0, word.size() - 2))) {
        cut(2);
        dropDoubled(word);
    }
    if (word.size() > 4 && word.ends_with('e'))
        cut(1);
    return word;
}

std::string lowered(std::string_view text)
{
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c + 32);
    }
    return out;
}

std::vector<Word> wordsOf(std::string_view text)
{
    std::vector<Word> words;
    Word current;
    const auto close = [&](std::size_t end) {
        if (current.text.empty())
            return;
        current.end = end;
        current.stem = stemOf(current.text);
        words.push_back(std::move(current));
        current = {};
    };
    for (std::size_t position = 0; position < text.size();) {
        const Character c = characterAt(text, position);
        const bool apostrophe = c.code == '\'' || c.code == 0x2019;
        if (isAsciiWord(c.code) || isOtherLetter(c.code)) {
            if (current.text.empty())
                current.begin = position;
            appendFolded(current.text, text, position, c);
        } else if (apostrophe && !current.text.empty() && position + c.bytes < text.size() &&
                   (text[position + c.bytes] == 's' || text[position + c.bytes] == 'S') &&
                   (position + c.bytes + 1 >= text.size() ||
                    !isAsciiWord(static_cast<unsigned char>(text[position + c.bytes + 1])))) {
            close(position);
            position += c.bytes + 1;
            continue;
        } else {
            close(position);
        }
        position += c.bytes;
    }
    close(text.size());
    return words;
}

std::string oneLine(std::string_view text)
{
    std::string out;
    bool blank = false;
    bool lineBreak = false;
    for (std::size_t position = 0; position < text.size();) {
        const Character c = characterAt(text, position);
        const std::string_view bytes = text.substr(position, c.bytes);
        position += c.bytes;
        if (isHidden(c.code))
            continue;
        const bool breaks = c.code == '\n' || c.code == '\r' || c.code == 0x0B || c.code == 0x0C ||
                            c.code == 0x85 || c.code == 0x2028 || c.code == 0x2029;
        lineBreak = lineBreak || breaks;
        if (breaks || c.code <= 0x20 || c.code == 0x7F || (c.code > 0x7F && c.code <= 0xA0)) {
            blank = true;
            continue;
        }
        if (!out.empty() && (blank || lineBreak))
            out += lineBreak ? " / " : " ";
        blank = lineBreak = false;
        out += c.valid ? bytes : std::string_view("\xEF\xBF\xBD");
    }
    return out;
}

std::string shortened(std::string_view text, std::size_t bytes)
{
    if (text.size() <= bytes)
        return std::string(text);
    std::size_t end = bytes < 3 ? 0 : bytes - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80)
        --end;
    return std::string(text.substr(0, end)) + "...";
}

} // namespace evidence
