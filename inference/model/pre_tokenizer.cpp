// SPDX-License-Identifier: Apache-2.0
#include "inference/model/pre_tokenizer.h"

#include "inference/model/gguf.h"
#include "inference/model/unicode.h"

#include <span>

namespace model {
namespace {

using Kind = CharacterClass;
using Characters = std::span<const Character>;

bool isNewline(const Character& c)
{
    return c.code == '\r' || c.code == '\n';
}

/// First index from @p at on whose character is not of this kind.
std::size_t skip(Characters text, std::size_t at, Kind kind)
{
    while (at < text.size() && text[at].kind == kind)
        ++at;
    return at;
}

std::size_t skipNewlines(Characters text, std::size_t at)
{
    while (at < text.size() && isNewline(text[at]))
        ++at;
    return at;
}

bool isOther(Characters text, std::size_t at)
{
    return at < text.size() && text[at].kind == Kind::Other;
}

char32_t folded(char32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return code + ('a' - 'A');
    return code == 0x17F ? U's' : code; // long s, the only other letter that folds to one of these
}

enum class Case { Exact, Folded };

/// 's 't 're 've 'm 'll 'd: the characters taken, or 0.
std::size_t contraction(Characters text, std::size_t at, Case letters)
{
    const auto letter = [&](std::size_t offset) -> char32_t {
        if (at + offset >= text.size())
            return 0;
        const char32_t code = text[at + offset].code;
        return letters == Case::Folded ? folded(code) : code;
    };
    if (letter(0) != '\'')
        return 0;
    const char32_t first = letter(1);
    const char32_t second = letter(2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if (((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l'))
        return 3;
    return 0;
}

/// Both rule sets end alike: \s+(?!\S)|\s+ - a run of spaces leaves its last one to what follows,
/// unless it is alone or nothing follows.
std::size_t endOfSpaces(Characters text, std::size_t at)
{
    const std::size_t end = skip(text, at, Kind::Space);
    return end < text.size() && end - at > 1 ? end - 1 : end;
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|
/// \s*[\r\n]+|\s+(?!\S)|\s+
std::size_t endOfQwen2Piece(Characters text, std::size_t at)
{
    if (const std::size_t length = contraction(text, at, Case::Folded); length > 0)
        return at + length;

    const Character& first = text[at];
    if (first.kind == Kind::Letter)
        return skip(text, at, Kind::Letter);
    const bool lettersFollow = at + 1 < text.size() && text[at + 1].kind == Kind::Letter;
    if (first.kind != Kind::Number && !isNewline(first) && lettersFollow)
        return skip(text, at + 1, Kind::Letter);
    if (first.kind == Kind::Number)
        return at + 1;

    const std::size_t signs = first.code == ' ' ? at + 1 : at;
    if (isOther(text, signs))
        return skipNewlines(text, skip(text, signs, Kind::Other));

    const std::size_t end = skip(text, at, Kind::Space);
    for (std::size_t i = end; i > at; --i) // \s*[\r\n]+ ends after the last line end of the run
        if (isNewline(text[i - 1]))
            return i;
    return endOfSpaces(text, at);
}

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// on text without numbers.
std::size_t endOfGpt2Piece(Characters text, std::size_t at)
{
    if (const std::size_t length = contraction(text, at, Case::Exact); length > 0)
        return at + length;
    const std::size_t word = text[at].code == ' ' ? at + 1 : at;
    if (word < text.size() && text[word].kind != Kind::Space)
        return skip(text, word, text[word].kind);
    return endOfSpaces(text, at);
}

/// Every number alone; what stands between them as if it were the whole text.
std::size_t endOfSmolLmPiece(Characters text, std::size_t at)
{
    if (text[at].kind == Kind::Number)
        return at + 1;
    std::size_t number = at;
    while (number < text.size() && text[number].kind != Kind::Number)
        ++number;
    return endOfGpt2Piece(text.first(number), at);
}

} // namespace

Result<PreTokenizer> preTokenizerNamed(std::string_view name)
{
    if (name == "qwen2")
        return PreTokenizer::Qwen2;
    if (name == "smollm")
        return PreTokenizer::SmolLm;
    return std::unexpected(
        Error{Errc::NoVocabulary, "the pre-tokenizer " + quoted(name) + " is not supported"});
}

std::vector<std::string_view> split(PreTokenizer rules, std::string_view text)
{
    const std::vector<Character> all = charactersOf(text);
    const Characters characters(all);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < characters.size();) {
        const std::size_t end = rules == PreTokenizer::Qwen2 ? endOfQwen2Piece(characters, at)
                                                             : endOfSmolLmPiece(characters, at);
        const std::size_t begin = characters[at].offset;
        const std::size_t stop = end < characters.size() ? characters[end].offset : text.size();
        pieces.push_back(text.substr(begin, stop - begin));
        at = end;
    }
    return pieces;
}

} // namespace model
