// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/contradictions.h"

#include "inference/evidence/comparing.h"
#include "inference/evidence/mentions.h"

#include <algorithm>
#include <array>
#include <set>

namespace evidence {

namespace {

/// A day as one number, the end of what is known of it; 0: not known.
int dayOf(int year, int month, int day)
{
    return year == 0 ? 0 : year * 10000 + (month == 0 ? 12 : month) * 100 + (day == 0 ? 31 : day);
}

/// The last day that an item tells of. An entry has its end in its text; a note speaks of days
/// before and after its own.
int dayOf(const ReadItem& item)
{
    const records::Date& own = item.item->date;
    int last = own.known() ? dayOf(own.year, own.month, own.day) : 0;
    if (item.item->kind == Kind::Fact && isOver(*item.item)) {
        for (const DateClaim& date : item.reading.dates)
            last = std::max(last, dayOf(date.date.year, date.date.month, date.date.day));
    }
    return last;
}

int lastDayOf(const Items& items)
{
    int last = 0;
    for (const ReadItem* item : items)
        last = std::max(last, dayOf(*item));
    return last;
}

/// Values told of a time or of a level.
bool isLevel(Role role)
{
    return role == Role::High || role == Role::Low || role == Role::Normal;
}

class Contradictions {
public:
    Contradictions(const Reading& claim, const Items& cited, const std::vector<ReadItem>& all,
                   const Asked& asked)
        : m_claim(claim)
        , m_cited(cited)
        , m_all(all)
        , m_asked(asked)
        , m_things(thingsOf(claim))
        , m_day(lastDayOf(cited))
    {
    }

    [[nodiscard]] const ReadItem* find() const
    {
        for (const ReadItem& item : m_all) {
            if (!std::ranges::contains(m_cited, &item) && !item.item->family &&
                (deniesIt(item) || isNewerValue(item) || isOtherLevel(item) || isOtherSide(item)))
                return &item;
        }
        return nullptr;
    }

private:
    // ---- what is no more ----

    [[nodiscard]] bool isOfThePatient() const
    {
        return std::ranges::none_of(m_things, [](const Thing& thing) {
            return thing.place->family || thing.place->unreal;
        });
    }

    [[nodiscard]] bool isDenied() const
    {
        return std::ranges::all_of(m_things,
                                   [](const Thing& thing) { return thing.place->negated; });
    }

    /// Whether the head of an entry names all that the claim is about.
    [[nodiscard]] bool names(const ReadItem& item) const
    {
        return std::ranges::all_of(m_things, [&](const Thing& thing) {
            return std::ranges::any_of(placesOf(thing, item), [](const Place* place) {
                return place->sentence == 0 && !place->unreal;
            });
        });
    }

    /// Whether one sentence of @p item tells of everything, and of something as gone or denied.
    [[nodiscard]] bool tellsItAsGone(const ReadItem& item) const
    {
        std::set<int> sentences;
        for (const Thing& thing : m_things) {
            for (const Place* place : placesOf(thing, item))
                sentences.insert(place->sentence);
        }
        bool gone = false;
        for (const int sentence : sentences) {
            const Ways ways = waysOf(item, sentence);
            if (ways.all && ways.real)
                return false; // said in one sentence and denied in another
            gone = gone || (ways.all && ways.gone);
        }
        return gone;
    }

    struct Ways {
        bool all = true;  // everything is told of
        bool gone = true; // as past or denied
        bool real = true; // as so
    };
    [[nodiscard]] Ways waysOf(const ReadItem& item, int sentence) const
    {
        Ways ways;
        for (const Thing& thing : m_things) {
            bool told = false;
            bool gone = false;
            bool real = false;
            for (const Place* place : placesOf(thing, item)) {
                if (place->sentence != sentence || place->family || place->unreal)
                    continue;
                told = true;
                gone = gone || place->past || place->negated;
                real = real || !(place->past || place->negated);
            }
            ways.all = ways.all && told;
            ways.gone = ways.gone && gone;
            ways.real = ways.real && real;
        }
        return ways;
    }

    [[nodiscard]] bool deniesIt(const ReadItem& item) const
    {
        if (!m_claim.now || m_things.empty() || !isOfThePatient())
            return false;
        const bool fact = item.item->kind == Kind::Fact;
        if (isDenied())
            return fact && isLive(*item.item) && names(item);
        if (std::ranges::any_of(m_things, [](const Thing& thing) { return thing.place->negated; }))
            return false;
        if (dayOf(item) < m_day)
            return false;
        if (isOver(*item.item)) {
            const bool goesOn = std::ranges::any_of(
                m_all, [&](const ReadItem& other) { return isLive(*other.item) && names(other); });
            return names(item) && !goesOn;
        }
        return tellsItAsGone(item);
    }

    // ---- newer values ----

    [[nodiscard]] bool tellsTheLast() const
    {
        const bool dated = std::ranges::any_of(
            m_claim.dates, [](const DateClaim& date) { return date.date.day == 0; });
        if (asksForTheLast(m_claim))
            return !dated;
        return m_asked.latest || (m_claim.now && m_claim.dates.empty());
    }

    /// Whether @p number of @p item is of the same measurement, or of the same words, as @p claim.
    [[nodiscard]] bool isSameKind(const NumberClaim& claim, const NumberClaim& number,
                                  const ReadItem& item) const
    {
        if (number.number.range || number.past || number.unreal || number.negated || number.family)
            return false;
        if (!claim.number.unit.empty() && claim.number.unit != number.number.unit)
            return false;
        std::string about = claim.about;
        if (about.empty() && m_asked.question != nullptr) {
            for (const TermClaim& term : m_asked.question->terms) {
                if (term.role == Role::Measurement)
                    about = term.name;
            }
        }
        // "The INR target is 2.0": a value of the same only where the item speaks of a target.
        const std::vector<Thing> words = m_things.empty() && about.empty() && m_asked.question
                                             ? thingsOf(*m_asked.question)
                                             : m_things;
        const bool together = std::ranges::all_of(words, [&](const Thing& thing) {
            return std::ranges::any_of(placesOf(thing, item), [&](const Place* place) {
                return place->clause == number.clause;
            });
        });
        if (!about.empty())
            return together && sameName(number.about, about) && isMeasured(item, about);
        return together && !words.empty() && number.about.empty() && !claim.number.unit.empty();
    }

    /// Doses are no values.
    static bool isMeasured(const ReadItem& item, std::string_view name)
    {
        return std::ranges::any_of(item.reading.terms, [&](const TermClaim& term) {
            return term.role == Role::Measurement && sameName(term.name, name);
        });
    }

    [[nodiscard]] bool isNewerValue(const ReadItem& item) const
    {
        if (!tellsTheLast() || dayOf(item) <= m_day)
            return false;
        return std::ranges::any_of(m_claim.numbers, [&](const NumberClaim& claim) {
            if (claim.number.range)
                return false;
            bool same = false;
            bool other = false;
            for (const NumberClaim& number : item.reading.numbers) {
                if (!isSameKind(claim, number, item))
                    continue;
                same = same || number.number.value == claim.number.value;
                other = other || number.number.value != claim.number.value;
            }
            return other && !same;
        });
    }

    /// "Her INR is in range" where the last one is flagged high.
    [[nodiscard]] bool isOtherLevel(const ReadItem& item) const
    {
        if (!m_claim.now || item.item->topic != Topic::Observation || dayOf(item) < m_day)
            return false;
        const auto level = std::ranges::find_if(
            m_claim.terms, [](const TermClaim& term) { return isLevel(term.role); });
        if (level == m_claim.terms.end() || level->negated)
            return false;
        const bool measured = std::ranges::any_of(m_claim.terms, [&](const TermClaim& term) {
            return term.role == Role::Measurement && isMeasured(item, term.name);
        });
        const auto flag = [&](const ReadItem& other) {
            return std::ranges::find_if(other.reading.terms,
                                        [](const TermClaim& term) { return isLevel(term.role); });
        };
        const bool flagged = flag(item) != item.reading.terms.end();
        return measured && flagged && flag(item)->role != level->role;
    }

    // ---- the other side ----

    /// "The left eye was operated on" where an item says so of the right one, and the cited ones
    /// only tell of a left eye.
    [[nodiscard]] bool isOtherSide(const ReadItem& item) const
    {
        if (m_claim.sides.size() != 1 || m_claim.sides[0].noun.empty() || m_things.size() < 2)
            return false;
        const SideClaim& claim = m_claim.sides[0];
        const auto told = [&](const ReadItem& other, bool same) {
            return std::ranges::any_of(other.reading.sides, [&](const SideClaim& side) {
                return side.noun == claim.noun && (side.side == claim.side) == same &&
                       holdsAll(other, side.sentence);
            });
        };
        return !claim.negated && told(item, false) &&
               std::ranges::none_of(m_cited,
                                    [&](const ReadItem* cited) { return told(*cited, true); });
    }
    [[nodiscard]] bool holdsAll(const ReadItem& item, int sentence) const
    {
        return std::ranges::all_of(m_things, [&](const Thing& thing) {
            return std::ranges::any_of(placesOf(thing, item), [&](const Place* place) {
                return place->sentence == sentence && !place->negated && !place->unreal;
            });
        });
    }

    const Reading& m_claim;
    const Items& m_cited;
    const std::vector<ReadItem>& m_all;
    const Asked& m_asked;
    std::vector<Thing> m_things;
    int m_day = 0;
};

} // namespace

bool asksForTheLast(const Reading& reading)
{
    constexpr std::array<std::string_view, 9> kWords{
        "last", "latest", "current", "now", "currently", "newest", "present", "recent", "today"};
    return std::ranges::any_of(
               reading.words,
               [&](const WordClaim& word) { return std::ranges::contains(kWords, word.text); }) ||
           std::ranges::any_of(reading.terms, [](const TermClaim& term) {
               return term.role == Role::Active && term.shown.starts_with("current");
           });
}

const ReadItem* contradicting(const Reading& claim, const std::vector<const ReadItem*>& cited,
                              const std::vector<ReadItem>& all, const Asked& asked)
{
    return Contradictions(claim, cited, all, asked).find();
}

} // namespace evidence
