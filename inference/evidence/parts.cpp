// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/parts.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

bool beginsPart(View word)
{
    constexpr std::array<View, 25> kWords{
        "and",  "or",   "nor",     "but",   "however", "although", "though", "while", "whereas",
        "then", "once", "because", "since", "after",   "before",   "when",   "until", "if",
        "as",   "so",   "which",   "who",   "except",  "whilst",   "unless"};
    return std::ranges::contains(kWords, word);
}

} // namespace

Parts::Parts(View text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
             std::vector<Place>& places)
    : m_text(text)
    , m_words(words)
    , m_places(places)
    , m_phraseAt(words.size(), nullptr)
{
    for (const Phrase& phrase : phrases) {
        for (std::size_t i = phrase.first; i < phrase.last; ++i)
            m_phraseAt[i] = &phrase;
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i == 0 || isBoundary(i))
            m_begins.push_back(i);
        places[i].part = static_cast<int>(m_begins.size()) - 1;
    }
}

bool Parts::isBoundary(std::size_t i) const
{
    if (m_places[i].sentence != m_places[i - 1].sentence)
        return true;
    const Phrase* phrase = m_phraseAt[i];
    if (phrase != nullptr && phrase->first < i)
        return false; // "once daily" and "because of" stay whole
    const View gap = m_text.substr(m_words[i - 1].end, m_words[i].begin - m_words[i - 1].end);
    const bool inNumber = isDigit(m_words[i].text.front()) && gap.size() == 1; // "1,000"
    if (!inNumber && (gap.find_first_of(",():") != View::npos || gap.find(" - ") != View::npos))
        return true;
    if (phrase != nullptr)
        return phrase->role == Role::Cause;
    const View word = m_words[i].text;
    const View next = i + 1 < m_words.size() ? View(m_words[i + 1].text) : View();
    return beginsPart(word) || (word == "instead" && next != "of");
}

std::size_t Parts::begin(std::size_t word) const
{
    return m_begins.at(static_cast<std::size_t>(m_places[word].part));
}

/// Whether the part that begins at @p first goes on with the list of the part before.
bool Parts::joinsList(std::size_t first) const
{
    if (first == 0 || m_places[first].sentence != m_places[first - 1].sentence)
        return false;
    const View word = m_words[first].text;
    const View gap =
        m_text.substr(m_words[first - 1].end, m_words[first].begin - m_words[first - 1].end);
    return word == "and" || word == "or" || word == "nor" ||
           (gap.find(',') != View::npos && !beginsPart(word) && word != "instead");
}

/// Adds the names of a part of names and doses only; false: it says something of its own.
bool Parts::addBareNames(int part, std::vector<Subject>& names) const
{
    std::vector<Subject> found;
    for (std::size_t i = m_begins.at(static_cast<std::size_t>(part));
         i < m_words.size() && m_places[i].part == part; ++i) {
        const Phrase* phrase = m_phraseAt[i];
        const bool named =
            phrase != nullptr && (phrase->role == Role::Drug || phrase->role == Role::Disease);
        const bool bare =
            named || (phrase != nullptr && phrase->role == Role::Frequency) ||
            (phrase == nullptr && (isDigit(m_words[i].text.front()) || isCommon(m_words[i])));
        if (!bare || m_words[i].text == "instead")
            return false;
        if (named && phrase->first == i)
            found.push_back({phrase->role, phrase->name});
    }
    const auto next = static_cast<std::size_t>(part) + 1;
    if (next < m_begins.size() && m_words[m_begins[next]].text == "instead")
        return false; // "stopped A, B instead"
    names.insert(names.end(), found.begin(), found.end());
    return !found.empty();
}

std::vector<Subject> Parts::listedWith(std::size_t word) const
{
    std::vector<Subject> names;
    const int own = m_places[word].part;
    for (int part = own; part > 0; --part) {
        if (!joinsList(m_begins[static_cast<std::size_t>(part)]) || !addBareNames(part - 1, names))
            break;
    }
    for (int part = own + 1; part < static_cast<int>(m_begins.size()); ++part) {
        if (!joinsList(m_begins[static_cast<std::size_t>(part)]) || !addBareNames(part, names))
            break;
    }
    return names;
}

} // namespace evidence
