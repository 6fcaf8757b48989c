// SPDX-License-Identifier: Apache-2.0
#include "storage/records/passages.h"

#include <algorithm>

namespace records {
namespace {

constexpr std::size_t kLongest = 700; // bytes: about 100 words, a few fit into any prompt
constexpr std::size_t kEnough = 80;   // a blank line after less joins a heading to its text

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool isBlankLine(std::string_view text, std::size_t newline)
{
    for (std::size_t i = newline + 1; i < text.size() && isSpace(text[i]); ++i) {
        if (text[i] == '\n')
            return true;
    }
    return false;
}

/// How good a cut before @p at is: 3 a sentence's end, 2 a line's, 1 a word's, 0 none.
int rank(std::string_view text, std::size_t at)
{
    if (!isSpace(text[at]))
        return 0;
    const char before = text[at - 1];
    if (before == '.' || before == '!' || before == '?')
        return 3;
    return text[at] == '\n' ? 2 : 1;
}

/// Where the passage that begins at @p begin ends.
std::size_t endOf(std::string_view text, std::size_t begin)
{
    const std::size_t limit = std::min(text.size(), begin + kLongest);
    for (std::size_t i = begin; i < limit; ++i) {
        if (text[i] == '\n' && i - begin >= kEnough && isBlankLine(text, i))
            return i;
    }
    if (limit == text.size())
        return limit;
    std::size_t best = 0;
    int bestRank = 0;
    for (std::size_t i = begin + kLongest / 2; i < limit; ++i) {
        if (const int here = rank(text, i); here >= bestRank && here > 0) {
            best = i;
            bestRank = here;
        }
    }
    if (bestRank > 0)
        return best;
    std::size_t cut = limit;
    while (cut > begin + 1 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U)
        --cut;
    return cut;
}

} // namespace

std::vector<Stretch> passagesOf(std::string_view text)
{
    std::vector<Stretch> passages;
    std::size_t begin = 0;
    for (;;) {
        while (begin < text.size() && isSpace(text[begin]))
            ++begin;
        if (begin == text.size())
            return passages;
        const std::size_t next = endOf(text, begin);
        std::size_t end = next;
        while (end > begin + 1 && isSpace(text[end - 1]))
            --end;
        passages.push_back({begin, end});
        begin = next;
    }
}

} // namespace records
