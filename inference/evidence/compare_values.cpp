// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/comparing.h"

#include <optional>

namespace evidence {

namespace {

class Values {
public:
    explicit Values(Comparing& comparing)
        : m_comparing(comparing)
        , m_claim(comparing.m_claim)
        , m_cited(comparing.m_cited)
    {
    }

    void run()
    {
        numbers();
        dates();
    }

private:
    void doubt(Reason reason, std::string what, bool contradicts)
    {
        m_comparing.doubt(reason, std::move(what), contradicts);
    }

    // ---- numbers ----

    /// What keeps one recorded number from being the claimed one; nullopt: it is.
    [[nodiscard]] std::optional<Doubt> against(const NumberClaim& claim, const NumberClaim& other,
                                               const ReadItem& item) const
    {
        const auto found = [&](Reason reason, bool contradicts) {
            return Doubt{{reason, claim.shown}, contradicts};
        };
        if (other.number.range && !claim.number.range)
            return found(Reason::Number, true);
        if (!claim.about.empty()) {
            const bool elsewhere = !other.about.empty() && !sameName(other.about, claim.about);
            const bool named = std::ranges::any_of(item.reading.terms, [&](const TermClaim& term) {
                return isNamed(term.role) && sameName(term.name, claim.about);
            });
            if (elsewhere || !named)
                return found(Reason::Pairing, true);
        }
        if (other.unreal && !claim.unreal)
            return found(Reason::Unreal, true);
        if (other.past && m_claim.now)
            return found(Reason::Past, true);
        if (claim.number.comparator != other.number.comparator)
            return found(Reason::Comparator, true);
        if (!claim.number.unit.empty() && claim.number.unit != other.number.unit)
            return found(Reason::Unit, !other.number.unit.empty());
        return std::nullopt;
    }

    [[nodiscard]] bool isYearOfADate(const NumberClaim& claim) const
    {
        if (claim.number.value.size() != 4 || !claim.number.unit.empty())
            return false;
        return std::ranges::any_of(m_cited, [&](const ReadItem* cited) {
            const bool own = std::to_string(cited->item->date.year) == claim.number.value;
            return own || std::ranges::any_of(cited->reading.dates, [&](const DateClaim& date) {
                       return std::to_string(date.date.year) == claim.number.value;
                   });
        });
    }

    void numbers()
    {
        for (const NumberClaim& claim : m_claim.numbers) {
            std::optional<Doubt> least;
            bool found = isYearOfADate(claim);
            for (const ReadItem* cited : m_cited) {
                for (const NumberClaim& other : cited->reading.numbers) {
                    if (found || other.number.value != claim.number.value)
                        continue;
                    const auto why = against(claim, other, *cited);
                    found = found || !why;
                    // The nearest miss is told: the reasons are in the order of distance.
                    if (why && (!least || (least->contradicts && !why->contradicts) ||
                                rank(why->finding.reason) < rank(least->finding.reason)))
                        least = why;
                }
            }
            if (found)
                ++m_comparing.m_anchors;
            else if (least)
                doubt(least->finding.reason, claim.shown, least->contradicts);
            else
                doubt(Reason::Number, claim.shown, true);
        }
    }

    static int rank(Reason reason)
    {
        switch (reason) {
        case Reason::Unit:
            return 0;
        case Reason::Comparator:
            return 1;
        case Reason::Pairing:
            return 2;
        default:
            return 3;
        }
    }

    // ---- dates ----

    static DateFit fitIn(const DateClaim& claim, const ReadItem& cited)
    {
        DateFit best = DateFit::Differs;
        bool told = false;
        for (const DateClaim& other : cited.reading.dates) {
            told = true;
            const bool contrary = claim.about != Role::Cause && other.about != Role::Cause &&
                                  claim.about != other.about;
            if (!contrary)
                best = std::min(best, fit(claim.date, other.date));
        }
        // A fact's own date stands in its text; a note's date is told by its head.
        const bool ownDate = cited.item->kind == Kind::Passage || !told;
        if (ownDate && cited.item->date.known())
            best = std::min(best, fit(claim.date, mentionOf(cited.item->date)));
        return best;
    }

    /// Values and names that the same clause tells with the date must stand in the item that has
    /// it.
    [[nodiscard]] bool standsTogether(const DateClaim& claim, const ReadItem& cited) const
    {
        for (const NumberClaim& number : m_claim.numbers) {
            if (number.clause != claim.clause || isYearOfADate(number))
                continue;
            const bool here =
                std::ranges::any_of(cited.reading.numbers, [&](const NumberClaim& other) {
                    return other.number.value == number.number.value;
                });
            const bool anotherDate =
                std::ranges::any_of(m_claim.dates, [&](const DateClaim& other) {
                    return other.clause == claim.clause && &other != &claim;
                });
            if (!here && !anotherDate)
                return false;
        }
        bool named = false;
        bool asked = false;
        for (const TermClaim& term : m_claim.terms) {
            if (!isNamed(term.role) || term.clause != claim.clause)
                continue;
            asked = true;
            named = named || std::ranges::any_of(cited.reading.terms, [&](const TermClaim& other) {
                        return other.role == term.role && sameName(other.name, term.name);
                    });
        }
        return named || !asked;
    }

    void dates()
    {
        for (const DateClaim& claim : m_claim.dates) {
            DateFit best = DateFit::Differs;
            bool together = false;
            for (const ReadItem* cited : m_cited) {
                const DateFit here = fitIn(claim, *cited);
                best = std::min(best, here);
                together = together || (here == DateFit::Fits && standsTogether(claim, *cited));
            }
            switch (best) {
            case DateFit::Fits:
                ++m_comparing.m_anchors;
                if (!together)
                    doubt(Reason::Pairing, claim.shown, true);
                break;
            case DateFit::TooFine:
                doubt(Reason::DateTooFine, claim.shown, true);
                break;
            case DateFit::Ambiguous:
                doubt(Reason::DateAmbiguous, claim.shown, false);
                break;
            case DateFit::Differs:
                doubt(Reason::Date, claim.shown, true);
                break;
            }
        }
    }

    Comparing& m_comparing;
    const Reading& m_claim;
    const Items& m_cited;
};

} // namespace

void compareValues(Comparing& comparing)
{
    Values(comparing).run();
}

} // namespace evidence
