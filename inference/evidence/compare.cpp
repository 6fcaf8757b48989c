// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/compare.h"

#include "inference/evidence/comparing.h"

#include <algorithm>

namespace evidence {

namespace {

class Comparison : private Comparing {
public:
    using Comparing::Comparing;

    std::vector<Doubt> run()
    {
        names();
        compareValues(*this);
        compareStatuses(*this);
        presentTense();
        directions();
        frequencies();
        sides();
        wording();
        std::ranges::stable_sort(m_doubts, {},
                                 [](const Doubt& doubt) { return doubt.finding.reason; });
        return std::move(m_doubts);
    }

private:
    /// Denied here and stated there, or of another person: only when no place agrees.
    void places(const Place& claim,
                const std::vector<std::pair<const ReadItem*, const Place*>>& found,
                const std::string& shown)
    {
        const auto family = [](const auto& place) {
            return place.second->family || place.first->item->family;
        };
        if (std::ranges::none_of(
                found, [&](const auto& place) { return place.second->negated == claim.negated; }))
            doubt(Reason::Negation, shown, true);
        if (std::ranges::none_of(found,
                                 [&](const auto& place) { return family(place) == claim.family; }))
            doubt(Reason::Subject, shown, true);
    }

    /// Medicines, measurements, diseases and allergies must be named by a cited item.
    void names()
    {
        for (const TermClaim& term : m_claim.terms) {
            const bool disease = term.role == Role::Disease || term.role == Role::Allergy;
            if (!isNamed(term.role) && !disease)
                continue;
            std::vector<std::pair<const ReadItem*, const Place*>> found;
            for (const ReadItem* cited : m_cited) {
                for (const TermClaim& other : cited->reading.terms) {
                    if (other.role == term.role && sameName(other.name, term.name))
                        found.emplace_back(cited, &other);
                }
            }
            if (!found.empty()) {
                ++m_anchors;
                if (term.role != Role::Measurement)
                    places(term, found, term.shown);
                continue;
            }
            if (term.role == Role::Drug)
                doubt(Reason::Drug, term.shown, true);
            else if (term.role == Role::Measurement)
                doubt(Reason::Measurement, term.shown, true);
            else if (!holdsStems(term.stems))
                doubt(term.cause ? Reason::Cause : Reason::Wording, term.shown, true);
        }
    }

    [[nodiscard]] bool holdsStems(const std::vector<std::string>& stems) const
    {
        return std::ranges::any_of(m_cited, [&](const ReadItem* cited) {
            return std::ranges::all_of(stems, [&](const std::string& stem) {
                return cited->reading.stems.contains(stem);
            });
        });
    }

    // ---- tense, direction, frequency, side ----

    /// "She has asthma" where the only record of it says resolved.
    void presentTense()
    {
        const bool tellsPast =
            std::ranges::any_of(m_claim.terms,
                                [](const TermClaim& term) {
                                    return term.role == Role::Resolved || term.role == Role::Stop;
                                }) ||
            std::ranges::any_of(m_claim.words, [](const WordClaim& word) {
                return word.text == "history" || word.text == "past" || word.text == "previous" ||
                       word.text == "previously" || word.text == "had" || word.text == "was";
            });
        if (tellsPast || m_cited.empty())
            return;
        const bool allOver = std::ranges::all_of(m_cited, [](const ReadItem* cited) {
            return cited->item->topic == Topic::Condition &&
                   std::ranges::any_of(cited->reading.terms, [](const TermClaim& term) {
                       return term.role == Role::Resolved;
                   });
        });
        if (allOver)
            doubt(Reason::Status, "resolved", false);
    }

    void directions()
    {
        for (const TermClaim& term : m_claim.terms) {
            const bool level =
                term.role == Role::High || term.role == Role::Low || term.role == Role::Normal;
            if (!level)
                continue;
            const bool said = anyTerm([&](const ReadItem&, const TermClaim& other) {
                return other.role == term.role && other.negated == term.negated;
            });
            const bool flagged = anyTerm([&](const ReadItem&, const TermClaim& other) {
                return other.role == Role::High || other.role == Role::Low ||
                       other.role == Role::Normal;
            });
            if (!said)
                doubt(Reason::Direction, term.shown, flagged);
        }
        trend();
    }

    /// "rose from 4.1 to 4.6": the two numbers must go the way the word says.
    void trend()
    {
        for (const TermClaim& term : m_claim.terms) {
            if (term.role != Role::Rise && term.role != Role::Fall)
                continue;
            std::vector<double> values;
            for (const NumberClaim& number : m_claim.numbers) {
                if (number.clause == term.clause)
                    values.push_back(std::strtod(number.number.value.c_str(), nullptr));
            }
            const bool told = anyTerm(
                [&](const ReadItem&, const TermClaim& other) { return other.role == term.role; });
            if (values.size() == 2 && ((term.role == Role::Rise) != (values[0] < values[1])))
                doubt(Reason::Direction, term.shown, true);
            else if (values.size() != 2 && !told)
                doubt(Reason::Direction, term.shown, false);
        }
    }

    void frequencies()
    {
        for (const TermClaim& term : m_claim.terms) {
            if (term.role != Role::Frequency)
                continue;
            const bool same = anyTerm([&](const ReadItem&, const TermClaim& other) {
                return other.role == Role::Frequency && other.name == term.name;
            });
            if (!same)
                doubt(Reason::Frequency, term.shown, true);
        }
    }

    void sides()
    {
        for (const SideClaim& claim : m_claim.sides) {
            bool same = false;
            bool other = false;
            bool anywhere = false;
            for (const ReadItem* cited : m_cited) {
                for (const SideClaim& recorded : cited->reading.sides) {
                    const bool noun = (recorded.noun == claim.noun || claim.noun.empty()) &&
                                      recorded.negated == claim.negated;
                    same = same || (noun && recorded.side == claim.side);
                    other = other || (noun && recorded.side != claim.side);
                    anywhere = anywhere || recorded.side == claim.side;
                }
            }
            if (!same)
                doubt(Reason::Side, claim.side + (claim.noun.empty() ? "" : " " + claim.noun),
                      other || !anywhere);
        }
    }

    // ---- all other words ----

    void wording()
    {
        std::vector<const WordClaim*> missing;
        for (const WordClaim& word : m_claim.words) {
            if (word.common)
                continue;
            std::vector<std::pair<const ReadItem*, const Place*>> found;
            bool present = false;
            for (const ReadItem* cited : m_cited) {
                present = present || cited->reading.stems.contains(word.stem);
                for (const WordClaim& other : cited->reading.words) {
                    if (other.stem == word.stem)
                        found.emplace_back(cited, &other);
                }
            }
            if (!present) {
                missing.push_back(&word);
                continue;
            }
            ++m_anchors;
            if (!found.empty())
                places(word, found, word.text);
        }
        for (const WordClaim* word : missing) {
            if (word->cause)
                doubt(Reason::Cause, word->text, true);
            else
                doubt(Reason::Wording, word->text, missing.size() > m_anchors);
        }
    }
};

} // namespace

std::vector<Doubt> doubts(const Reading& claim, const std::vector<const ReadItem*>& cited)
{
    return Comparison(claim, cited).run();
}

bool claimsAnything(const Reading& claim)
{
    const bool terms = std::ranges::any_of(claim.terms, [](const TermClaim& term) {
        return isNamed(term.role) || term.role == Role::Disease || term.role == Role::Allergy ||
               term.role == Role::Frequency || term.role == Role::High || term.role == Role::Low;
    });
    const bool words =
        std::ranges::any_of(claim.words, [](const WordClaim& word) { return !word.common; });
    return terms || words || !claim.numbers.empty() || !claim.dates.empty() || !claim.sides.empty();
}

} // namespace evidence
