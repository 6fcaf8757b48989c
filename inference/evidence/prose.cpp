// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/prose.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

constexpr std::uint64_t kLongestPiece = 600;

bool isBlank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// A full stop ends a sentence where a blank and no small letter follow, and no initial or short
/// title stands before it.
bool endsSentence(std::string_view text, std::uint64_t at)
{
    const char c = text[at];
    if (c != '.' && c != '!' && c != '?')
        return false;
    if (at + 1 < text.size() && !isBlank(text[at + 1]))
        return false;
    std::uint64_t next = at + 1;
    while (next < text.size() && isBlank(text[next]) && text[next] != '\n')
        ++next;
    if (next < text.size() && text[next] >= 'a' && text[next] <= 'z')
        return false;
    std::uint64_t begin = at;
    while (begin > 0 && !isBlank(text[begin - 1]))
        --begin;
    const std::string_view word = text.substr(begin, at - begin);
    constexpr std::array<std::string_view, 8> kShort{"Dr", "Mr", "Mrs", "Ms",
                                                     "St", "vs", "No",  "Prof"};
    const bool initial = word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z';
    return c != '.' || (!initial && std::ranges::find(kShort, word) == kShort.end());
}

} // namespace

std::string unwrapped(std::string_view text)
{
    constexpr std::size_t kShortLine = 60; // wrapped lines are filled up to 70 and more
    std::string out(text);
    std::size_t lineBegin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\n')
            continue;
        const std::size_t length = at - lineBegin;
        lineBegin = at + 1;
        if (length < kShortLine || lineBegin == text.size())
            continue;
        const char last = text[at - 1] == '\r' ? text[at - 2] : text[at - 1];
        const char next = text[lineBegin];
        const bool ends = last == '.' || last == '!' || last == '?' || last == ':';
        const bool opens = isBlank(next) || next == '-' || next == '*' || next == '\xE2';
        if (!ends && !opens)
            out[at] = ' ';
    }
    return out;
}

std::vector<TextSpan> piecesOf(std::string_view wrapped)
{
    const std::string joined = unwrapped(wrapped);
    const std::string_view text = joined;
    std::vector<TextSpan> pieces;
    std::uint64_t begin = 0;
    bool lineStart = true;
    const auto close = [&](std::uint64_t end) {
        TextSpan piece{.begin = begin, .end = end, .lineStart = lineStart};
        while (piece.begin < piece.end && isBlank(text[piece.begin]))
            ++piece.begin;
        while (piece.end > piece.begin && isBlank(text[piece.end - 1]))
            --piece.end;
        if (piece.begin < piece.end) {
            pieces.push_back(piece);
            lineStart = false;
        }
        begin = end;
    };
    for (std::uint64_t at = 0; at < text.size(); ++at) {
        // A long piece is parted at a blank; one without any, between two characters.
        const bool parted = (at - begin >= kLongestPiece && text[at] == ' ') ||
                            (at - begin >= 2 * kLongestPiece &&
                             (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80);
        if (text[at] == '\n') {
            close(at);
            begin = at + 1;
            lineStart = true;
        } else if (endsSentence(text, at)) {
            close(at + 1);
        } else if (parted) {
            close(at);
        }
    }
    close(text.size());
    return pieces;
}

bool isDenial(std::string_view word)
{
    constexpr std::array<std::string_view, 20> kDenials{
        "no",    "not",  "denies",  "denied", "deny", "denying",  "without",
        "never", "none", "neither", "nor",    "nil",  "negative", "nkda",
        "nka",   "non",  "cannot",  "isn",    "wasn", "didn"};
    return std::ranges::find(kDenials, word) != kDenials.end();
}

bool isRelative(std::string_view word)
{
    constexpr std::array<std::string_view, 42> kRelatives{
        "mother",       "father",   "brother",       "sister",      "mum",         "mom",
        "dad",          "parent",   "parents",       "sibling",     "siblings",    "son",
        "sons",         "daughter", "daughters",     "grandmother", "grandfather", "grandparent",
        "grandparents", "grandson", "granddaughter", "aunt",        "uncle",       "cousin",
        "niece",        "nephew",   "wife",          "husband",     "spouse",      "partner",
        "family",       "familial", "maternal",      "paternal",    "relative",    "relatives",
        "brothers",     "sisters",  "aunts",         "uncles",      "fhx",         "twin"};
    return std::ranges::find(kRelatives, word) != kRelatives.end();
}

} // namespace evidence
