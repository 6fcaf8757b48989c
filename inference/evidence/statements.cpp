// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/statements.h"

#include "inference/evidence/parts.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/switches.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace evidence {

namespace {

using View = std::string_view;

bool isAuxiliary(View word)
{
    constexpr std::array<View, 10> kWords{"is",   "was",   "are", "were", "be",
                                          "been", "being", "has", "have", "had"};
    return std::ranges::contains(kWords, word);
}

/// A word that leads to something else than what a verb acts on.
bool isPreposition(View word)
{
    constexpr std::array<View, 12> kWords{"with", "for",  "at", "in",     "by",      "from",
                                          "on",   "than", "to", "during", "despite", "under"};
    return std::ranges::contains(kWords, word);
}

bool takesOn(Role role)
{
    return role == Role::Start || role == Role::Active || role == Role::Resume;
}

class Tying {
public:
    Tying(View text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
          std::vector<Place>& places)
        : m_text(text)
        , m_words(words)
        , m_phrases(phrases)
        , m_places(places)
        , m_parts(text, words, phrases, places)
    {
    }

    Tied run()
    {
        for (const Phrase& phrase : m_phrases) {
            if (isStatus(phrase.role) || phrase.role == Role::Rise || phrase.role == Role::Fall)
                bind(phrase);
        }
        addSwitches();
        std::ranges::stable_sort(m_tied.statements, {}, &Statement::at);
        for (const Phrase& phrase : m_phrases) {
            if (phrase.role == Role::Cause)
                explain(phrase);
        }
        explainByFor();
        explainOfEntry();
        return std::move(m_tied);
    }

private:
    [[nodiscard]] Subject subjectOf(const Phrase& phrase) const
    {
        return {phrase.role, phrase.name};
    }

    /// "for atrial fibrillation", "on aspirin": a word that leads away stands before the name.
    [[nodiscard]] bool isLed(const Phrase& phrase, View by) const
    {
        for (std::size_t back = 1; back <= 3 && back <= phrase.first; ++back) {
            const std::size_t i = phrase.first - back;
            if (m_places[i].part != m_places[phrase.first].part)
                return false;
            if (m_words[i].text == by)
                return true;
            if (!isCommon(m_words[i]))
                return false;
        }
        return false;
    }

    struct Candidates {
        std::vector<const Phrase*> before;
        const Phrase* after = nullptr; // what an active verb acts on
        bool measured = false;
    };

    [[nodiscard]] bool reaches(const Phrase& status, const Phrase& subject) const
    {
        if (subject.first - status.last > 4)
            return false;
        for (std::size_t i = status.last; i < subject.first; ++i) {
            const bool on = m_words[i].text == "on" && takesOn(status.role);
            if (isPreposition(m_words[i].text) && !on)
                return false;
        }
        return std::ranges::none_of(m_phrases, [&](const Phrase& other) {
            return isStatus(other.role) && other.first >= status.last &&
                   other.last <= subject.first;
        });
    }

    /// Whether a status word in front of @p name was tied to it.
    [[nodiscard]] bool isTold(const Phrase& name) const
    {
        return std::ranges::any_of(m_tied.statements, [&](const Statement& told) {
            return told.part == m_places[name.first].part && told.at < name.first &&
                   std::ranges::contains(told.subjects, subjectOf(name));
        });
    }

    [[nodiscard]] Candidates candidatesOf(const Phrase& status, Role role) const
    {
        Candidates found;
        bool another = false; // a status between the last name and this one
        for (const Phrase& phrase : m_phrases) {
            if (m_places[phrase.first].part != m_places[status.first].part)
                continue;
            another = another || (isStatus(phrase.role) && phrase.last <= status.first);
            found.measured = found.measured || phrase.role == Role::Measurement;
            const bool aside = isLed(phrase, "for") || isLed(phrase, "instead") ||
                               isLed(phrase, "rather") || isLed(phrase, "place");
            if (phrase.role != role || aside)
                continue;
            if (phrase.last <= status.first) {
                if (another) // "warfarin stopped apixaban started"
                    found.before.clear();
                another = false;
                found.before.push_back(&phrase);
            } else if (found.after == nullptr && reaches(status, phrase)) {
                found.after = &phrase;
            }
        }
        if (found.after != nullptr) // "stopped warfarin started apixaban"
            std::erase_if(found.before, [&](const Phrase* name) { return isTold(*name); });
        return found;
    }

    /// Passive and subject first: what stands before. Active: what follows.
    [[nodiscard]] std::vector<Subject> chosen(const Phrase& status, const Candidates& found) const
    {
        std::vector<Subject> subjects;
        bool passive = false;
        for (std::size_t back = 1; back <= 3 && back <= status.first; ++back) {
            const std::size_t i = status.first - back;
            passive = passive || (m_places[i].part == m_places[status.first].part &&
                                  isAuxiliary(m_words[i].text));
        }
        const bool on = found.after != nullptr && status.last < m_words.size() &&
                        m_words[status.last].text == "on";
        const bool aside = std::ranges::all_of(found.before, [&](const Phrase* phrase) {
            return isLed(*phrase, "on") || isLed(*phrase, "with") || isLed(*phrase, "of");
        });
        if (found.after != nullptr && (found.before.empty() || on || (aside && !passive))) {
            subjects.push_back(subjectOf(*found.after));
            return subjects;
        }
        for (const Phrase* phrase : found.before)
            subjects.push_back(subjectOf(*phrase));
        return subjects;
    }

    /// "and stopped in 2023", "which was stopped": nothing but small words before it, so it is
    /// told of what the sentence told of last.
    [[nodiscard]] std::vector<Subject> inherited(const Phrase& status) const
    {
        for (std::size_t i = m_parts.begin(status.first); i < status.first; ++i) {
            if (!isCommon(m_words[i]) && !isDenial(m_words[i].text) && !m_parts.inPhrase(i))
                return {};
        }
        const int sentence = m_places[status.first].sentence;
        for (const Statement& told : std::views::reverse(m_tied.statements)) {
            if (told.sentence == sentence && !told.subjects.empty())
                return told.subjects;
        }
        std::vector<Subject> last;
        for (const Phrase& phrase : m_phrases) {
            const bool earlier = phrase.last <= status.first &&
                                 m_places[phrase.first].sentence == sentence &&
                                 m_places[phrase.first].part < m_places[status.first].part;
            const bool treated = phrase.role == Role::Drug || phrase.role == Role::Disease;
            if (earlier && treated && !m_places[phrase.first].cause && !isLed(phrase, "for"))
                last = {subjectOf(phrase)};
        }
        return last;
    }

    void bind(const Phrase& status)
    {
        Statement told;
        static_cast<Place&>(told) = m_places[status.first];
        told.role = status.role;
        told.at = status.first;
        const std::size_t begin = m_words[status.first].begin;
        told.shown = m_text.substr(begin, m_words[status.last - 1].end - begin);
        const Candidates drugs = candidatesOf(status, Role::Drug);
        const Candidates problems = candidatesOf(status, Role::Disease);
        const bool change = status.role == Role::Rise || status.role == Role::Fall;
        if (status.role == Role::Resolved)
            told.subjects = chosen(status, problems);
        if (told.subjects.empty())
            told.subjects = chosen(status, drugs);
        if (told.subjects.empty() && !change)
            told.subjects = chosen(status, problems);
        const bool own = !told.subjects.empty();
        if (change && drugs.measured)
            told.subjects.clear(); // the value rose, not the dose
        else if (!own)
            told.subjects = inherited(status);
        told.negated = isNegated(status, own);
        if (own)
            told.listed = m_parts.listedWith(status.first);
        m_tied.statements.push_back(std::move(told));
    }

    /// A denial holds within its part; beyond it only where the list goes on: "not stopped or
    /// held".
    [[nodiscard]] bool isNegated(const Phrase& status, bool own) const
    {
        const std::size_t begin = m_parts.begin(status.first);
        for (std::size_t i = begin; i < status.first; ++i) {
            if (isDenial(m_words[i].text) && !m_parts.inPhrase(i))
                return true;
        }
        const View lead = m_words[begin].text;
        const bool goesOn = lead == "or" || lead == "nor" || (!own && lead != "and");
        return goesOn && m_places[status.first].negated;
    }

    void addSwitches()
    {
        for (Switch& found : switchesIn(m_words, m_phrases, m_places)) {
            Statement told;
            static_cast<Place&>(told) = m_places[found.verb];
            told.negated = found.denied || m_places[found.verb].negated;
            told.role = found.role;
            told.at = found.verb;
            told.shown = m_words[found.verb].text;
            told.subjects = {std::move(found.subject)};
            m_tied.statements.push_back(std::move(told));
            m_tied.verbs.push_back(found.verb);
        }
    }

    // ---- reasons ----

    static void addTo(Explanation& reason, const Statement& told)
    {
        for (const Subject& subject : told.subjects)
            reason.of.emplace_back(told.role, subject);
        for (const Subject& subject : told.listed)
            reason.of.emplace_back(told.role, subject);
    }

    void mark(std::size_t first, std::size_t last, Explanation reason)
    {
        for (std::size_t i = first; i < last; ++i)
            m_places[i].reason = static_cast<int>(m_tied.reasons.size());
        for (Statement& told : m_tied.statements) {
            if (told.at >= first && told.at < last)
                told.reason = static_cast<int>(m_tied.reasons.size());
        }
        m_tied.reasons.push_back(std::move(reason));
    }

    /// A reason ends where a later part tells of a treatment again.
    [[nodiscard]] std::size_t endOfReason(std::size_t first) const
    {
        std::size_t end = first;
        while (end < m_words.size() && m_places[end].sentence == m_places[first].sentence) {
            const bool next = m_places[end].part != m_places[first].part;
            const bool told =
                next && std::ranges::any_of(m_tied.statements, [&](const Statement& statement) {
                    return statement.part == m_places[end].part && !statement.subjects.empty();
                });
            if (told)
                break;
            ++end;
        }
        return end;
    }

    void explain(const Phrase& cause)
    {
        if (cause.last >= m_words.size() ||
            m_places[cause.last].sentence != m_places[cause.first].sentence)
            return;
        const std::size_t end = endOfReason(cause.last);
        Explanation before{m_places[cause.first].sentence, {}};
        Explanation after = before;
        Explanation begun = before;
        for (const Statement& told : m_tied.statements) {
            if (told.sentence != before.sentence || told.reason >= 0 || isParted(told, cause))
                continue;
            if (told.at < cause.first) {
                addTo(before, told);
            } else if (told.at >= end) {
                addTo(after, told);
                if (takesOn(told.role) && !isExplained(told, cause))
                    addTo(begun, told);
            }
        }
        // "stopped A because of a cough and started B": the cough may be the reason for both.
        before.of.insert(before.of.end(), begun.of.begin(), begun.of.end());
        mark(cause.last, end, before.of.size() == begun.of.size() ? after : before);
    }

    /// Whether another reason stands between the two.
    [[nodiscard]] bool isParted(const Statement& told, const Phrase& cause) const
    {
        const std::size_t first = std::min(told.at, cause.first);
        const std::size_t last = std::max(told.at, cause.first);
        return std::ranges::any_of(m_phrases, [&](const Phrase& other) {
            return other.role == Role::Cause && other.first > first && other.first < last;
        });
    }

    /// Whether the sentence gives @p told a reason after @p cause.
    [[nodiscard]] bool isExplained(const Statement& told, const Phrase& cause) const
    {
        return std::ranges::any_of(m_phrases, [&](const Phrase& other) {
            return other.role == Role::Cause && other.first > cause.first &&
                   other.first > told.at && m_places[other.first].sentence == told.sentence;
        });
    }

    /// "stopped for wheeze"; "for two weeks" is none.
    void explainByFor()
    {
        for (std::size_t i = 0; i + 1 < m_words.size(); ++i) {
            if (m_words[i].text != "for" || m_places[i].reason >= 0 ||
                m_places[i + 1].part != m_places[i].part)
                continue;
            Explanation reason{m_places[i].sentence, {}};
            for (const Statement& told : m_tied.statements) {
                if (told.part == m_places[i].part && told.at < i)
                    addTo(reason, told);
            }
            std::size_t end = i + 1;
            bool span = false;
            while (end < m_words.size() && m_places[end].part == m_places[i].part) {
                const View stem = m_words[end].stem;
                span = span || stem == "day" || stem == "week" || stem == "month" ||
                       stem == "year" || stem == "hour" || stem == "lif" || stem == "life";
                ++end;
            }
            if (!reason.of.empty() && !span)
                mark(i + 1, end, std::move(reason));
        }
    }

    /// A structured entry tells its reasons in fields of their own (facts.cpp).
    void explainOfEntry()
    {
        if (m_words.empty() || m_words[0].text != "medication" || m_tied.statements.empty())
            return;
        const Statement& state = m_tied.statements.front();
        const std::vector<Subject> head = state.subjects;
        const Role role = state.role;
        for (std::size_t i = 1; i + 3 < m_words.size(); ++i) {
            if (m_places[i].sentence == m_places[i - 1].sentence)
                continue;
            const bool given = m_words[i].text == "given" && m_words[i + 1].text == "for";
            const bool status = m_words[i].text == "reason" && m_words[i + 3].text == "status";
            if (!given && !status)
                continue;
            Explanation reason{m_places[i].sentence, {}};
            for (const Subject& subject : head)
                reason.of.emplace_back(given ? Role::Start : role, subject);
            std::size_t end = i;
            while (end < m_words.size() && m_places[end].sentence == m_places[i].sentence)
                ++end;
            mark(std::min(end, i + (given ? 2 : 4)), end, std::move(reason));
        }
    }

    View m_text;
    const std::vector<Word>& m_words;
    const std::vector<Phrase>& m_phrases;
    std::vector<Place>& m_places;
    Parts m_parts;
    Tied m_tied;
};

} // namespace

Tied tieStatements(View text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
                   std::vector<Place>& places)
{
    return Tying(text, words, phrases, places).run();
}

} // namespace evidence
