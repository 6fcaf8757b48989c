// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/reading.h"

#include "inference/evidence/kin.h"
#include "inference/evidence/lists.h"
#include "inference/evidence/modality.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/statements.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

bool startsNewSubject(View word)
{
    return isOneOf(word, "she he they patient it this there her his who which i we");
}

/// A word that after a comma or "and" begins a statement of its own.
bool startsClause(View word)
{
    return startsNewSubject(word) ||
           isOneOf(word, "has have had is was were are reports reported complains presents "
                         "presented takes taking "
                         "took started stopped continues denies denied no not without died "
                         "developed underwent "
                         "received gets likes lives smokes drinks will with");
}

bool isContrast(View word)
{
    return isOneOf(word, "but however although though while whereas except then");
}

std::string sideNamed(View word)
{
    if (word == "left" || word == "right")
        return std::string(word);
    return isOneOf(word, "bilateral bilaterally both") ? "both" : "";
}

/// How many words of a denial's list are still denied.
constexpr int kDenialReach = 14;

class Reader {
public:
    Reader(View text, const std::vector<std::string>& drugs)
        : m_text(text)
        , m_words(wordsOf(text))
        , m_dates(datesIn(text))
        , m_phrases(phrasesIn(text, m_words, drugs))
        , m_places(m_words.size())
        , m_taken(m_words.size(), false)
        , m_cues(m_words.size(), false)
    {
    }

    Reading run()
    {
        divide();
        markFamily();
        markDenials();
        markCauses();
        markModality(m_text, m_words, m_phrases, m_places);
        m_reading.now = tellsOfNow(m_words, m_phrases, m_places);
        takeStatements();
        takeDates();
        takeTerms();
        takeNumbers();
        takeSides();
        takeWords();
        for (const Word& word : m_words) {
            m_reading.stems.insert(word.stem);
            m_reading.stems.insert(kinOf(word));
        }
        return std::move(m_reading);
    }

private:
    [[nodiscard]] View gapBefore(std::size_t i) const
    {
        return i == 0 ? View()
                      : m_text.substr(m_words[i - 1].end, m_words[i].begin - m_words[i - 1].end);
    }

    /// Full stops, semicolons and line marks end sentences; commas and "and" before a verb end
    /// clauses.
    void divide()
    {
        Place place;
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            const View gap = gapBefore(i);
            const View word = m_words[i].text;
            const bool stop = gap.find_first_of(";!?\n") != View::npos ||
                              gap.find(". ") != View::npos || gap.find(" / ") != View::npos ||
                              gap.find(".\"") != View::npos;
            const bool comma =
                gap.find_first_of(",()") != View::npos || gap.find(" - ") != View::npos;
            const bool joins = (word == "and" || word == "or") && i + 1 < m_words.size() &&
                               startsClause(m_words[i + 1].text) && !isDenial(m_words[i + 1].text);
            if (stop) {
                ++place.sentence;
                ++place.clause;
            } else if (joins || isContrast(word) || (comma && startsClause(word))) {
                ++place.clause;
            }
            m_places[i] = place;
        }
    }

    [[nodiscard]] bool isAccompanied(std::size_t i) const
    {
        // "brought in by her daughter", "lives with his wife": not what is said of a relative.
        for (std::size_t back = 1; back <= 2 && back <= i; ++back) {
            if (isOneOf(m_words[i - back].text, "with by per to from and"))
                return m_words[i - back].text != "and";
        }
        return false;
    }

    void markFamily()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            if (!isRelative(m_words[i].text) || isAccompanied(i))
                continue;
            m_cues[i] = true;
            m_reading.relatives.insert(m_words[i].text);
            const bool heading =
                (m_words[i].text == "family" || m_words[i].text == "fhx") &&
                (i + 1 == m_words.size() || isOneOf(m_words[i + 1].text, "history hx h"));
            // What follows without a subject of its own still speaks of the relative.
            bool reaches = true;
            for (std::size_t j = 0; j < m_words.size(); ++j) {
                if (m_places[j].sentence != m_places[i].sentence)
                    continue;
                const bool sameClause = m_places[j].clause == m_places[i].clause;
                if (j > i && !sameClause && m_places[j].clause != m_places[j - 1].clause)
                    reaches = reaches && !startsNewSubject(firstOfClause(j));
                if (heading || sameClause || (j > i && reaches))
                    m_places[j].family = true;
            }
        }
    }

    [[nodiscard]] View firstOfClause(std::size_t i) const
    {
        const View word = m_words[i].text;
        const bool joint = word == "and" || word == "or" || isContrast(word);
        return joint && i + 1 < m_words.size() ? View(m_words[i + 1].text) : word;
    }

    void markDenials()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            const bool longer = i + 1 < m_words.size() && m_words[i + 1].text == "longer";
            if (isDenial(m_words[i].text) && !longer) {
                m_cues[i] = true;
                const std::size_t last = std::min(m_words.size(), i + 1 + kDenialReach);
                for (std::size_t j = i + 1; j < last && m_places[j].clause == m_places[i].clause;
                     ++j)
                    m_places[j].negated = true;
            }
            const bool after = isOneOf(m_words[i].text, "absent excluded") ||
                               (m_words[i].text == "out" && i > 0 && m_words[i - 1].stem == "rul");
            for (std::size_t j = i; after && j > 0 && m_places[j - 1].clause == m_places[i].clause;
                 --j)
                m_places[j - 1].negated = true;
        }
    }

    void markCauses()
    {
        for (const Phrase& phrase : m_phrases) {
            if (phrase.role != Role::Cause)
                continue;
            for (std::size_t i = phrase.last;
                 i < m_words.size() && m_places[i].sentence == m_places[phrase.first].sentence; ++i)
                m_places[i].cause = true;
        }
    }

    void takeStatements()
    {
        Tied tied = tieStatements(m_text, m_words, m_phrases, m_places);
        for (const std::size_t verb : tied.verbs)
            m_taken[verb] = true;
        m_reading.statements = std::move(tied.statements);
        m_reading.reasons = std::move(tied.reasons);
    }

    template <typename Claim>
    Claim at(std::size_t word) const
    {
        Claim claim;
        static_cast<Place&>(claim) = m_places[word];
        return claim;
    }

    void takeDates()
    {
        for (const DateMention& date : m_dates) {
            std::size_t first = m_words.size();
            for (std::size_t i = 0; i < m_words.size(); ++i) {
                if (m_words[i].begin < date.end && m_words[i].end > date.begin) {
                    m_taken[i] = true;
                    first = std::min(first, i);
                }
            }
            if (first == m_words.size())
                continue;
            auto claim = at<DateClaim>(first);
            claim.date = date;
            claim.shown = m_text.substr(date.begin, date.end - date.begin);
            for (const Phrase& phrase : m_phrases) {
                // The nearest word before it in its sentence says what happened on that day.
                if (phrase.last <= first && m_places[phrase.first].sentence == claim.sentence &&
                    (phrase.role == Role::Start || phrase.role == Role::Stop ||
                     phrase.role == Role::Resume))
                    claim.about = phrase.role == Role::Stop ? Role::Stop : Role::Start;
            }
            m_reading.dates.push_back(std::move(claim));
        }
    }

    void takeTerms()
    {
        for (const Phrase& phrase : m_phrases) {
            if (m_taken[phrase.first])
                continue; // "May" of a date
            auto claim = at<TermClaim>(phrase.first);
            claim.role = phrase.role;
            claim.name = phrase.name;
            const std::size_t begin = m_words[phrase.first].begin;
            claim.shown = m_text.substr(begin, m_words[phrase.last - 1].end - begin);
            for (std::size_t i = phrase.first; i < phrase.last; ++i) {
                m_taken[i] = true;
                claim.stems.push_back(m_words[i].stem);
                // "no longer", "is not taking": the denial inside belongs to the phrase.
                m_cues[i] = false;
            }
            m_masks.emplace_back(begin, m_words[phrase.last - 1].end);
            m_reading.terms.push_back(std::move(claim));
        }
    }

    [[nodiscard]] std::size_t wordAt(std::size_t byte) const
    {
        std::size_t i = 0;
        while (i + 1 < m_words.size() && m_words[i].end <= byte)
            ++i;
        return i;
    }

    /// "4.1 mmol/L for potassium": the name that follows; else the last one before, else the next.
    [[nodiscard]] std::string subjectOf(std::size_t word, std::size_t afterNumber) const
    {
        std::string before;
        std::string after;
        for (const Phrase& phrase : m_phrases) {
            if ((phrase.role != Role::Drug && phrase.role != Role::Measurement) ||
                m_places[phrase.first].sentence != m_places[word].sentence)
                continue;
            if (m_words[phrase.first].begin >= afterNumber) {
                const View lead = phrase.first > 0 ? View(m_words[phrase.first - 1].text) : View();
                const bool direct = (lead == "for" || lead == "of") &&
                                    m_words[phrase.first].begin < afterNumber + 12;
                if (direct)
                    return phrase.name;
                if (after.empty() && m_places[phrase.first].clause == m_places[word].clause)
                    after = phrase.name;
            } else {
                before = phrase.name;
            }
        }
        return before.empty() ? after : before;
    }

    void takeNumbers()
    {
        std::vector<std::pair<std::size_t, std::size_t>> masks = m_masks;
        for (const DateMention& date : m_dates)
            masks.emplace_back(date.begin, date.end);
        for (const NumberMention& number : numbersIn(m_text, masks)) {
            if (m_words.empty())
                return;
            const std::size_t word = wordAt(number.begin);
            auto claim = at<NumberClaim>(word);
            claim.number = number;
            claim.about = subjectOf(word, number.end);
            claim.shown = m_text.substr(number.begin, number.end - number.begin);
            for (std::size_t i = 0; i < m_words.size(); ++i) {
                if (m_words[i].begin < number.end && m_words[i].end > number.begin)
                    m_taken[i] = true;
            }
            m_reading.numbers.push_back(std::move(claim));
        }
    }

    void takeSides()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            std::string side = sideNamed(m_words[i].text);
            const View next = i + 1 < m_words.size() ? View(m_words[i + 1].text) : View();
            if (side.empty() || m_taken[i] ||
                (side != "both" &&
                 isOneOf(next, "the against before hospital away now without after")) ||
                (m_words[i].text == "both" && isOneOf(next, "the of were are and")))
                continue;
            auto claim = at<SideClaim>(i);
            claim.side = std::move(side);
            for (std::size_t j = i + 1; j < std::min(i + 4, m_words.size()); ++j) {
                if (m_places[j].sentence != claim.sentence)
                    break;
                if (!isCommon(m_words[j]) || m_taken[j]) {
                    claim.noun = m_words[j].stem;
                    break;
                }
            }
            m_taken[i] = true;
            m_reading.sides.push_back(std::move(claim));
        }
    }

    void takeWords()
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            if (m_taken[i] || m_cues[i])
                continue;
            auto claim = at<WordClaim>(i);
            claim.text = m_words[i].text;
            claim.stem = m_words[i].stem;
            claim.kin = kinOf(m_words[i]);
            claim.common =
                isCommon(m_words[i]) || isDenial(m_words[i].text) || isRelative(m_words[i].text);
            m_reading.words.push_back(std::move(claim));
        }
    }

    View m_text;
    std::vector<Word> m_words;
    std::vector<DateMention> m_dates;
    std::vector<Phrase> m_phrases;
    std::vector<Place> m_places;
    std::vector<bool> m_taken; // word belongs to a claim already
    std::vector<bool> m_cues;  // word denies or names a relative
    std::vector<std::pair<std::size_t, std::size_t>> m_masks;
    Reading m_reading;
};

} // namespace

Reading read(View text, const std::vector<std::string>& drugs)
{
    return Reader(text, drugs).run();
}

} // namespace evidence
