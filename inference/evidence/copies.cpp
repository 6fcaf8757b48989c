// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/copies.h"

#include "inference/evidence/words.h"

#include <algorithm>

namespace evidence {

namespace {

using View = std::string_view;

constexpr std::size_t kFewest = 4; // words; fewer may mean something else here

/// Whether a sentence or a field may end before, or begin at, word @p i.
bool isBoundary(View text, const std::vector<Word>& words, std::size_t i, bool label)
{
    if (i == 0 || i == words.size())
        return true;
    const View gap = text.substr(words[i - 1].end, words[i].begin - words[i - 1].end);
    return gap.find(';') != View::npos || gap.find(". ") != View::npos ||
           gap.find(" / ") != View::npos || gap.find("! ") != View::npos ||
           gap.find("? ") != View::npos || (label && i == 1 && gap.starts_with(':'));
}

/// Signs between words carry sense: "<0.01", "4.6" and "4 6".
std::string glued(View text, const std::vector<Word>& words, std::size_t first, std::size_t last)
{
    std::string out;
    for (std::size_t i = first; i < last; ++i) {
        const std::size_t from = i == first ? words[i].begin : words[i - 1].end;
        for (const char c : text.substr(from, words[i].begin - from)) {
            if (c == '<' || c == '>' || c == '.' || c == '%' || c == '?' || c == '=')
                out += c;
        }
        out += " " + words[i].text;
    }
    return out;
}

} // namespace

bool isCopy(View sentence, const EvidenceItem& item)
{
    const std::vector<Word> claim = wordsOf(sentence);
    const std::vector<Word> words = wordsOf(item.text);
    if (claim.size() < kFewest || claim.size() > words.size())
        return false;
    const bool fact = item.kind == Kind::Fact;
    const std::string told = glued(sentence, claim, 0, claim.size());
    for (std::size_t i = 0; i + claim.size() <= words.size(); ++i) {
        const bool begins = fact ? i <= 1 && isBoundary(item.text, words, i, true)
                                 : isBoundary(item.text, words, i, false);
        if (begins && isBoundary(item.text, words, i + claim.size(), false) &&
            glued(item.text, words, i, i + claim.size()) == told)
            return true;
    }
    return false;
}

} // namespace evidence
