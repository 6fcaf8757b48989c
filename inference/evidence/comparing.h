// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/compare.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The parts of compare.cpp: what they share, and the entries of the two others.
namespace evidence {

using Items = std::vector<const ReadItem*>;

inline bool isNamed(Role role)
{
    return role == Role::Drug || role == Role::Measurement;
}

/// Systolic, diastolic and blood pressure are told of one measurement.
inline bool sameName(std::string_view a, std::string_view b)
{
    const auto isPressure = [](std::string_view name) { return name.ends_with("blood pressure"); };
    return a == b || (isPressure(a) && isPressure(b));
}

/// A claim, the items that it cites, and the doubts found so far.
struct Comparing {
    Comparing(const Reading& claim, const Items& cited)
        : m_claim(claim)
        , m_cited(cited)
    {
    }

    void doubt(Reason reason, std::string what, bool contradicts, bool opposite = false)
    {
        Doubt found{{reason, std::move(what)}, contradicts, opposite};
        const bool known = std::ranges::any_of(
            m_doubts, [&](const Doubt& other) { return other.finding == found.finding; });
        if (!known)
            m_doubts.push_back(std::move(found));
    }

    template <typename Test>
    bool anyTerm(const Test& test) const
    {
        return std::ranges::any_of(m_cited, [&](const ReadItem* cited) {
            return std::ranges::any_of(cited->reading.terms,
                                       [&](const TermClaim& term) { return test(*cited, term); });
        });
    }

    const Reading& m_claim;
    const Items& m_cited;
    std::vector<Doubt> m_doubts;
    std::size_t m_anchors = 0; // claims that were found to stand
};

/// Numbers with unit, comparator and name; dates with precision and event; both together.
void compareValues(Comparing& comparing);

/// What the cited items tell as over, or only wish, fear or advise.
void compareTimes(Comparing& comparing);

/// Statuses of medicines and problems, and the reasons told for them.
void compareStatuses(Comparing& comparing);

} // namespace evidence
