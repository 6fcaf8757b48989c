// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/modality.h"

#include "inference/evidence/lists.h"

#include <algorithm>

namespace evidence {

namespace {

using View = std::string_view;

bool startsWithDigit(View word)
{
    return !word.empty() && isDigit(word.front());
}

bool isMonth(View word)
{
    return isOneOf(word.substr(0, 3), "jan feb mar apr may jun jul aug sep oct nov dec");
}

/// Describes the name right behind it: "former smoker", "suspected COVID-19".
bool isPastAdjective(View word)
{
    return isOneOf(word, "former previous ex erstwhile");
}
bool isUnrealAdjective(View word)
{
    return isOneOf(word, "possible probable suspected presumed query likely unlikely potential "
                         "hypothetical");
}

/// All that follows in its clause is only thought of.
bool isUnrealVerb(View word)
{
    return isOneOf(word, "wish wishes wishing hope hopes hoping want wants wanting plan plans "
                         "planned planning consider considers considered considering would should "
                         "could might may will advise advised recommend recommended suspect "
                         "possibly probably perhaps query intends unless offered");
}

/// What went away; told behind its name.
bool isGone(View word)
{
    return isOneOf(word, "gone settled resolved disappeared subsided healed ceased vanished");
}

/// Ends a habit or a course; told before its name or behind it.
bool isEnd(View word)
{
    return isOneOf(word, "stopped stop stopping quit quitting ceased discontinued ended ends "
                         "finished completed");
}

class Marking {
public:
    Marking(View text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
            std::vector<Place>& places)
        : m_text(text)
        , m_words(words)
        , m_places(places)
        , m_named(words.size(), false)
    {
        for (const Phrase& phrase : phrases) {
            for (std::size_t i = phrase.first; i < phrase.last; ++i)
                m_named[i] = phrase.role == Role::Drug;
        }
    }

    void run()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            pastAt(i);
            unrealAt(i);
        }
    }

private:
    using Flag = bool Place::*;

    [[nodiscard]] View word(std::size_t i) const
    {
        return i < m_words.size() ? View(m_words[i].text) : View();
    }
    [[nodiscard]] View gap(std::size_t i) const
    {
        return m_text.substr(m_words[i - 1].end, m_words[i].begin - m_words[i - 1].end);
    }
    [[nodiscard]] bool sameClause(std::size_t a, std::size_t b) const
    {
        return m_places[a].clause == m_places[b].clause &&
               m_places[a].sentence == m_places[b].sentence;
    }

    /// Whether a list or a clause goes on to something else at word @p i.
    [[nodiscard]] bool parts(std::size_t i) const
    {
        return gap(i).find_first_of(",()") != View::npos ||
               isOneOf(word(i), "and or but because since so then with for on at after");
    }

    void markNear(std::size_t i, Flag flag)
    {
        for (std::size_t j = i + 1; j < m_words.size() && sameClause(i, j) && !parts(j); ++j)
            m_places[j].*flag = true;
    }
    void markClauseAfter(std::size_t i, Flag flag)
    {
        for (std::size_t j = i + 1; j < m_words.size() && sameClause(i, j); ++j)
            m_places[j].*flag = true;
    }
    void markBefore(std::size_t i, Flag flag)
    {
        for (std::size_t j = i; j > 0 && sameClause(i, j - 1); --j) {
            if (gap(j).find_first_of(",()") != View::npos)
                return;
            if (isOneOf(word(j - 1), "and but because then"))
                return;
            m_places[j - 1].*flag = true;
        }
    }

    [[nodiscard]] bool endsClause(std::size_t i) const
    {
        return i + 1 == m_words.size() || !sameClause(i, i + 1) || parts(i + 1);
    }

    void pastAt(std::size_t i)
    {
        const View now = word(i);
        const View next = word(i + 1);
        const View last = i > 0 ? word(i - 1) : View();
        if (isPastAdjective(now)) {
            markNear(i, &Place::past);
        } else if (isOneOf(now, "formerly previously") || (now == "longer" && last == "no")) {
            markClauseAfter(i, &Place::past);
            markBefore(i, &Place::past);
        } else if (now == "used" && next == "to" && !isOneOf(last, "is are was were be been get")) {
            markClauseAfter(i, &Place::past);
        } else if (isGone(now) || (now == "until" && (startsWithDigit(next) || isDate(i + 1)))) {
            markBefore(i, &Place::past);
        } else if (isEnd(now) && !isOneOf(last, "to not never be")) {
            end(i);
        }
    }

    [[nodiscard]] bool isDate(std::size_t i) const
    {
        return isMonth(word(i)) && i + 1 < m_words.size() && startsWithDigit(word(i + 1));
    }

    /// "Stopped smoking", "iron stopped". Medicines have statuses of their own.
    void end(std::size_t i)
    {
        bool told = false;
        for (std::size_t j = i; j > 0 && sameClause(i, j - 1); --j) {
            if (gap(j).find(',') != View::npos || word(j - 1) == "and")
                break;
            told = told || !isCommon(m_words[j - 1]);
        }
        if (told) {
            markBefore(i, &Place::past);
            return;
        }
        for (std::size_t j = i + 1; j < m_words.size() && sameClause(i, j) && !parts(j); ++j)
            m_places[j].past = m_places[j].past || !m_named[j];
    }

    void unrealAt(std::size_t i)
    {
        const View now = word(i);
        const View next = word(i + 1);
        const View last = i > 0 ? word(i - 1) : View();
        if (now == "may" && (startsWithDigit(next) || startsWithDigit(last) ||
                             isOneOf(last, "in since until from")))
            return; // the month
        const bool said = isOneOf(now, "unlikely doubtful possible suspected improbable") &&
                          isOneOf(last, "is was are were very thought seems");
        if (said || (isUnrealAdjective(now) && endsClause(i))) { // "gout possible"
            markBefore(i, &Place::unreal);
        } else if (isUnrealAdjective(now)) {
            markNear(i, &Place::unreal);
        } else if (now == "if" || (now == "in" && next == "case")) {
            condition(i);
        } else if (isUnrealVerb(now) || isLed(i)) {
            markClauseAfter(i, &Place::unreal);
            if (isOneOf(now, "would should could might may will")) // "amlodipine may be added"
                markBefore(i, &Place::unreal);
        } else if (isOneOf(now, "runs goes associated") && isOneOf(next, "in with")) {
            markBefore(i, &Place::unreal);
        } else if (i + 1 == m_words.size() || m_places[i + 1].sentence != m_places[i].sentence) {
            const std::size_t end = m_words[i].end;
            const std::size_t mark = m_text.find_first_not_of(" )", end);
            if (mark != View::npos && m_text[mark] == '?') {
                m_places[i].unreal = true;
                markBefore(i, &Place::unreal);
            }
        }
    }

    /// "referred for", "screen for", "risk of", "rule out", "to exclude", "to be".
    [[nodiscard]] bool isLed(std::size_t i) const
    {
        const View now = word(i);
        const View next = word(i + 1);
        const View last = i > 0 ? word(i - 1) : View();
        if (isOneOf(now, "referred referral refer screen screened screening assess assessed test "
                         "tested monitor investigate investigated watch look"))
            return next == "for";
        if (isOneOf(now, "risk chance fear fears suspicion concern prevention"))
            return isOneOf(next, "of for");
        return (now == "rule" && next == "out") || (now == "be" && last == "to") ||
               (now == "exclude" && last == "to") || (now == "afraid" && next == "of");
    }

    /// "If potassium rises, stop it" and "stop it if potassium rises": all of it is conditional.
    void condition(std::size_t i)
    {
        for (std::size_t j = i + 1;
             j < m_words.size() && m_places[j].sentence == m_places[i].sentence; ++j)
            m_places[j].unreal = true;
        markBefore(i, &Place::unreal);
    }

    View m_text;
    const std::vector<Word>& m_words;
    std::vector<Place>& m_places;
    std::vector<bool> m_named; // of a medicine's name
};

} // namespace

void markModality(View text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
                  std::vector<Place>& places)
{
    Marking(text, words, phrases, places).run();
}

bool tellsOfNow(const std::vector<Word>& words, const std::vector<Phrase>& phrases,
                const std::vector<Place>& places)
{
    bool now = false;
    for (const Phrase& phrase : phrases) {
        if (phrase.role == Role::Stop || phrase.role == Role::Resolved ||
            phrase.role == Role::Start || phrase.role == Role::Resume)
            return false;
        now = now || phrase.role == Role::Active;
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const View word = words[i].text;
        if (places[i].past || isOneOf(word, "was were had did been history past ago previously "
                                            "became developed underwent died"))
            return false;
        const bool subject = i > 0 && isOneOf(words[i - 1].text, "she he it patient they who");
        const bool verb = subject && word.size() > 3 && word.ends_with('s');
        now = now || verb ||
              isOneOf(word, "is are has have does do currently still now takes uses suffers");
    }
    return now;
}

} // namespace evidence
