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
        compareTimes(*this);
        relatives();
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
        if (std::ranges::none_of(found, [&](const auto& place) {
                const bool over = claim.negated && m_claim.now && place.second->past;
                return place.second->negated == claim.negated || over;
            }))
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

    // ---- persons, direction, frequency, side ----

    /// "His brother has diabetes" needs evidence about a brother; figures of a relative are not
    /// the patient's.
    void relatives()
    {
        for (const std::string& relative : m_claim.relatives) {
            if (relative == "family" || relative == "fhx" || relative == "partner")
                continue;
            const bool told = std::ranges::any_of(m_cited, [&](const ReadItem* cited) {
                return std::ranges::any_of(cited->reading.relatives,
                                           [&](const std::string& recorded) {
                                               return isSameRelative(relative, recorded);
                                           });
            });
            if (!told)
                doubt(Reason::Subject, relative, true);
        }
    }

    /// "mum" and "mother"; a side of the family, or a word for any of them, fits them all.
    static bool isSameRelative(std::string_view claim, std::string_view recorded)
    {
        const auto kin = [](std::string_view word) -> std::string {
            if (word == "mum" || word == "mom" || word == "maternal")
                return "mother";
            if (word == "dad" || word == "paternal")
                return "father";
            return stemOf(word);
        };
        const bool wide = claim.starts_with("famil") || claim.starts_with("relative") ||
                          claim.starts_with("parent") || claim.starts_with("sibling");
        return wide || kin(claim) == kin(recorded);
    }

    void directions()
    {
        for (const TermClaim& term : m_claim.terms) {
            const bool level =
                term.role == Role::High || term.role == Role::Low || term.role == Role::Normal;
            if (!level)
                continue;
            const bool said = anyTerm([&](const ReadItem& item, const TermClaim& other) {
                return other.role == term.role && other.negated == term.negated &&
                       isToldOf(term, other, item);
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

    /// "Her INR is in range": the level must stand in a sentence that names the measurement, or in
    /// the entry of it.
    [[nodiscard]] bool isToldOf(const TermClaim& claim, const TermClaim& level,
                                const ReadItem& item) const
    {
        bool named = false;
        for (const TermClaim& term : m_claim.terms) {
            if (term.role != Role::Measurement || term.clause != claim.clause)
                continue;
            named = true;
            const bool told = std::ranges::any_of(item.reading.terms, [&](const TermClaim& other) {
                return other.role == Role::Measurement && sameName(other.name, term.name) &&
                       (item.item->kind == Kind::Fact || other.sentence == level.sentence);
            });
            if (told)
                return true;
        }
        return !named;
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
                present = present || cited->reading.stems.contains(word.stem) ||
                          cited->reading.stems.contains(word.kin);
                for (const WordClaim& other : cited->reading.words) {
                    if (other.kin == word.kin)
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
