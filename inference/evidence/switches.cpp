// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/switches.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace evidence {

namespace {

using View = std::string_view;

/// From the old to the new: "changed from A to B", "switched A to B", "swapped A for B".
bool isMove(View word)
{
    constexpr std::array<View, 11> kWords{"switched",     "switch",   "switching", "changed",
                                          "change",       "changing", "converted", "converting",
                                          "transitioned", "swapped",  "swap"};
    return std::ranges::contains(kWords, word);
}

/// The new for the old: "A was replaced by B", "B replaced A", "replaced A with B".
bool isReplacement(View word)
{
    constexpr std::array<View, 4> kWords{"replaced", "replace", "replaces", "replacing"};
    return std::ranges::contains(kWords, word);
}

/// How many words may stand between "to" and the name: "to a dose of 5 mg apixaban".
constexpr std::size_t kReach = 4;

class Switches {
public:
    Switches(const std::vector<Word>& words, const std::vector<Phrase>& phrases,
             const std::vector<Place>& places)
        : m_words(words)
        , m_places(places)
        , m_drugAt(words.size(), nullptr)
        , m_statusAt(words.size(), false)
    {
        for (const Phrase& phrase : phrases) {
            if (phrase.role == Role::Drug)
                m_drugAt[phrase.first] = &phrase;
            for (std::size_t i = phrase.first; i < phrase.last; ++i)
                m_statusAt[i] = m_statusAt[i] || isStatus(phrase.role);
        }
    }

    std::vector<Switch> run()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            const View word = m_words[i].text;
            if (isMove(word))
                move(i);
            else if (isReplacement(word))
                replacement(i);
            else if (word == "instead" || word == "rather" || word == "place" || word == "lieu")
                preferred(i);
        }
        return std::move(m_found);
    }

private:
    void add(Role role, const Phrase* drug, std::size_t verb, bool denied = false)
    {
        if (drug != nullptr)
            m_found.push_back({role, {Role::Drug, drug->name}, verb, denied});
    }

    /// The medicine named right after word @p i, unless one of @p stops or a status comes first.
    [[nodiscard]] const Phrase* after(std::size_t i) const
    {
        for (std::size_t j = i + 1; j < m_words.size() && j <= i + 1 + kReach; ++j) {
            const View word = m_words[j].text;
            if (m_places[j].sentence != m_places[i].sentence || m_statusAt[j])
                return nullptr;
            if (m_drugAt[j] != nullptr)
                return m_drugAt[j];
            if (word == "to" || word == "from" || word == "by" || word == "with" || word == "for")
                return nullptr;
        }
        return nullptr;
    }

    /// The last medicine up to word @p i within its part.
    [[nodiscard]] const Phrase* before(std::size_t i) const
    {
        for (std::size_t j = i + 1; j > 0 && m_places[j - 1].part == m_places[i].part; --j) {
            if (m_drugAt[j - 1] != nullptr)
                return m_drugAt[j - 1];
        }
        return nullptr;
    }

    /// The medicine that @p lead introduces in the rest of the sentence.
    [[nodiscard]] const Phrase* ledBy(View lead, std::size_t verb) const
    {
        for (std::size_t j = verb + 1;
             j < m_words.size() && m_places[j].sentence == m_places[verb].sentence &&
             !m_statusAt[j] && j < verb + 16;
             ++j) {
            if (m_words[j].text == lead) {
                if (const Phrase* drug = after(j); drug != nullptr)
                    return drug;
            }
        }
        return nullptr;
    }

    void both(const Phrase* old, const Phrase* fresh, std::size_t verb)
    {
        if (old != nullptr && fresh != nullptr && old->name == fresh->name)
            return; // a change of dose
        add(Role::Stop, old, verb);
        add(Role::Start, fresh, verb);
    }

    void move(std::size_t verb)
    {
        const bool swap = m_words[verb].text.starts_with("swap");
        const Phrase* fresh = ledBy(swap ? "for" : "to", verb);
        const Phrase* old = ledBy("from", verb);
        if (old == nullptr && fresh != nullptr)
            old = after(verb) != nullptr ? after(verb) : before(verb);
        both(old, fresh, verb);
    }

    void replacement(std::size_t verb)
    {
        const Phrase* by = ledBy("by", verb);
        const Phrase* fresh = by != nullptr ? by : ledBy("with", verb);
        const Phrase* named = after(verb);
        if (fresh != nullptr) // the old one may stand in the part before: "stopped and replaced by"
            both(named != nullptr ? named : before(verb), fresh, verb);
        else if (named != nullptr)
            both(named, before(verb), verb);
    }

    /// "apixaban instead of warfarin" does not start warfarin; "stopped A, B instead" starts B.
    void preferred(std::size_t i)
    {
        const View word = m_words[i].text;
        const View next = i + 1 < m_words.size() ? View(m_words[i + 1].text) : View();
        const bool in = i > 0 && m_words[i - 1].text == "in";
        const bool of =
            word == "rather" ? next == "than" : next == "of" && (word == "instead" || in);
        if (of) {
            add(Role::Start, after(i + 1), i, true);
        } else if (word == "instead" && i > 0 && m_places[i - 1].sentence == m_places[i].sentence) {
            bool told = false;
            for (std::size_t j = i; j > 0 && m_places[j - 1].part == m_places[i - 1].part; --j)
                told = told || m_statusAt[j - 1] || isMove(m_words[j - 1].text);
            if (!told)
                add(Role::Start, before(i - 1), i);
        }
    }

    const std::vector<Word>& m_words;
    const std::vector<Place>& m_places;
    std::vector<const Phrase*> m_drugAt; // where the name begins
    std::vector<bool> m_statusAt;
    std::vector<Switch> m_found;
};

} // namespace

std::vector<Switch> switchesIn(const std::vector<Word>& words, const std::vector<Phrase>& phrases,
                               const std::vector<Place>& places)
{
    return Switches(words, phrases, places).run();
}

} // namespace evidence
