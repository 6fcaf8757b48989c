// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/comparing.h"

#include <optional>

namespace evidence {

namespace {

bool names(const TermClaim& term, const Subject& subject)
{
    return term.role == subject.role && term.name == subject.name;
}

bool isAbout(const Statement& statement, const Subject& subject)
{
    return std::ranges::contains(statement.subjects, subject) ||
           std::ranges::contains(statement.listed, subject);
}

/// A structured entry tells of what stands before its first status.
bool isHead(const Subject& subject, const ReadItem& item)
{
    for (const TermClaim& term : item.reading.terms) {
        if (isStatus(term.role))
            return false;
        if (names(term, subject))
            return true;
    }
    return false;
}

/// Roles that the same reason explains: what is taken, and what no longer is.
bool isSameTurn(Role a, Role b)
{
    const auto turn = [](Role role) {
        if (role == Role::Start || role == Role::Active || role == Role::Resume)
            return Role::Start;
        return role == Role::Hold ? Role::Stop : role;
    };
    return turn(a) == turn(b);
}

/// What the cited items say of one medicine or problem.
struct Recorded {
    std::vector<const Statement*> told;     // of it, or left open by its sentence
    std::vector<const Statement*> ofOthers; // in its sentence, of another

    [[nodiscard]] bool has(Role role) const
    {
        return std::ranges::any_of(told, [&](const Statement* statement) {
            return statement->role == role && !statement->negated;
        });
    }
    [[nodiscard]] bool denies(Role role) const
    {
        return std::ranges::any_of(told, [&](const Statement* statement) {
            return statement->role == role && statement->negated;
        });
    }
    /// Whether anything says that it came to an end.
    [[nodiscard]] bool isOver() const
    {
        return has(Role::Stop) || has(Role::Hold) || has(Role::Resolved);
    }
};

class Statuses {
public:
    explicit Statuses(Comparing& comparing)
        : m_comparing(comparing)
        , m_claim(comparing.m_claim)
        , m_cited(comparing.m_cited)
    {
    }

    void run()
    {
        for (const Statement& claim : m_claim.statements) {
            const bool dose = claim.role == Role::Rise || claim.role == Role::Fall;
            for (const Subject& subject : dose ? claim.subjects : subjectsOf(claim)) {
                if (dose)
                    checkDose(claim, subject);
                else
                    checkStatus(claim, subject);
            }
        }
        for (std::size_t i = 0; i < m_claim.reasons.size(); ++i)
            checkReason(static_cast<int>(i));
    }

private:
    /// Names that a status of the claim is told of. One that its part does not tie to a status is
    /// checked for those of its clause, else of its sentence.
    [[nodiscard]] std::vector<Subject> subjectsOf(const Statement& claim) const
    {
        std::vector<Subject> inClause;
        std::vector<Subject> inSentence;
        std::optional<Subject> first; // of a copied entry, whose fields tell of its head
        for (const TermClaim& term : m_claim.terms) {
            if ((term.role != Role::Drug && term.role != Role::Disease) ||
                (term.cause && !claim.cause) || (term.reason >= 0 && term.reason != claim.reason))
                continue;
            const Subject subject{term.role, term.name};
            if (!first)
                first = subject;
            if (term.sentence != claim.sentence)
                continue;
            if (term.clause == claim.clause)
                inClause.push_back(subject);
            inSentence.push_back(subject);
        }
        std::vector<Subject> subjects = claim.subjects;
        if (inSentence.empty() && subjects.empty() && first)
            return {*first};
        for (const Subject& subject : inClause.empty() ? inSentence : inClause) {
            const bool tied = std::ranges::any_of(m_claim.statements, [&](const Statement& other) {
                return std::ranges::contains(other.subjects, subject);
            });
            if (!tied && !std::ranges::contains(subjects, subject))
                subjects.push_back(subject);
        }
        return subjects;
    }

    /// @p unreal: what is only advised or on a condition counts as well.
    [[nodiscard]] Recorded recordedOf(const Subject& subject, bool unreal) const
    {
        Recorded recorded;
        for (const ReadItem* cited : m_cited) {
            const bool head = cited->item->kind == Kind::Fact && isHead(subject, *cited);
            for (const Statement& statement : cited->reading.statements) {
                if (statement.unreal && !unreal)
                    continue;
                const bool inSentence =
                    std::ranges::any_of(cited->reading.terms, [&](const TermClaim& term) {
                        return names(term, subject) && term.sentence == statement.sentence;
                    });
                if (isAbout(statement, subject) ||
                    (statement.subjects.empty() && (head || inSentence)))
                    recorded.told.push_back(&statement);
                else if (inSentence)
                    recorded.ofOthers.push_back(&statement);
            }
        }
        return recorded;
    }

    [[nodiscard]] std::string shownOf(const Statement& claim, const Subject& subject) const
    {
        const auto term = std::ranges::find_if(
            m_claim.terms, [&](const TermClaim& other) { return names(other, subject); });
        return (term == m_claim.terms.end() ? subject.name : term->shown) + " " + claim.shown;
    }

    static bool saysSame(Role role, const Recorded& recorded)
    {
        if (recorded.has(role))
            return true;
        const bool begun = recorded.has(Role::Start) || recorded.has(Role::Resume);
        if (role == Role::Active)
            return begun && !recorded.has(Role::Stop) && !recorded.has(Role::Hold);
        return role == Role::Start && recorded.has(Role::Resume);
    }

    void checkStatus(const Statement& claim, const Subject& subject)
    {
        const Recorded recorded = recordedOf(subject, claim.unreal);
        const bool same = saysSame(claim.role, recorded);
        const bool denied = recorded.denies(claim.role);
        if (claim.negated ? denied : same)
            return;
        if (claim.negated != denied && (denied || same)) {
            m_comparing.doubt(Reason::Negation, claim.shown, true);
            return;
        }
        if (claim.negated)
            return;
        const bool borrowed =
            recorded.told.empty() &&
            std::ranges::any_of(recorded.ofOthers, [&](const Statement* statement) {
                return statement->role == claim.role && !statement->negated;
            });
        const bool goesOn =
            claim.role == Role::Active || claim.role == Role::Start || claim.role == Role::Resume;
        const bool over = goesOn && recorded.isOver();
        m_comparing.doubt(Reason::Status, shownOf(claim, subject), !borrowed && (over || !goesOn),
                          over);
    }

    /// "Metformin was increased" where the record reduced it.
    void checkDose(const Statement& claim, const Subject& subject)
    {
        const Recorded recorded = recordedOf(subject, claim.unreal);
        const Role contrary = claim.role == Role::Rise ? Role::Fall : Role::Rise;
        if (claim.negated ? recorded.has(claim.role)
                          : recorded.has(contrary) && !recorded.has(claim.role))
            m_comparing.doubt(Reason::Direction, shownOf(claim, subject), true, true);
    }

    // ---- reasons ----

    /// Whether reason @p index of @p item explains the status of @p role of @p subject.
    static bool explains(const ReadItem& item, int index, Role role, const Subject& subject)
    {
        return std::ranges::any_of(
            item.reading.reasons.at(static_cast<std::size_t>(index)).of,
            [&](const auto& of) { return of.second == subject && isSameTurn(of.first, role); });
    }

    static bool isOpen(const ReadItem& item, int index)
    {
        return item.reading.reasons.at(static_cast<std::size_t>(index)).of.empty();
    }

    /// How the cited items tell a word of a claimed reason.
    struct Use {
        bool inside = false;  // as a reason of the same status
        bool outside = false; // as no reason at all
        bool astray = false;  // as the reason of something else
    };

    template <typename Test>
    Use useOf(const Test& isSaid, Role role, const Subject& subject) const
    {
        Use use;
        const auto note = [&](const ReadItem& item, const Place& place) {
            if (place.reason < 0 || isOpen(item, place.reason))
                use.outside = true;
            else if (explains(item, place.reason, role, subject))
                use.inside = true;
            else
                use.astray = true;
        };
        for (const ReadItem* cited : m_cited) {
            for (const TermClaim& term : cited->reading.terms) {
                if (isSaid(term.stems, term.name))
                    note(*cited, term);
            }
            for (const WordClaim& word : cited->reading.words) {
                if (isSaid(std::vector{word.stem}, std::string()))
                    note(*cited, word);
            }
        }
        return use;
    }

    /// The uses of all words of substance in reason @p index.
    [[nodiscard]] std::vector<Use> usesOf(int index, Role role, const Subject& subject) const
    {
        std::vector<Use> uses;
        for (const TermClaim& claimed : m_claim.terms) {
            if (claimed.reason != index || claimed.name.empty())
                continue;
            uses.push_back(useOf(
                [&](const std::vector<std::string>& stems, const std::string& name) {
                    return name == claimed.name || stems == claimed.stems;
                },
                role, subject));
        }
        for (const WordClaim& claimed : m_claim.words) {
            if (claimed.reason != index || claimed.common)
                continue;
            uses.push_back(useOf(
                [&](const std::vector<std::string>& stems, const std::string&) {
                    return std::ranges::contains(stems, claimed.stem);
                },
                role, subject));
        }
        return uses;
    }

    /// Whether the record gives another reason for this status, or this reason to something else.
    [[nodiscard]] bool isElsewhere(int index, Role role, const Subject& subject) const
    {
        const std::vector<Use> uses = usesOf(index, role, subject);
        if (std::ranges::any_of(
                uses, [](const Use& use) { return use.astray && !use.inside && !use.outside; }))
            return true;
        const bool given = std::ranges::any_of(m_cited, [&](const ReadItem* cited) {
            for (std::size_t i = 0; i < cited->reading.reasons.size(); ++i) {
                if (explains(*cited, static_cast<int>(i), role, subject))
                    return true;
            }
            return false;
        });
        return given && !uses.empty() && std::ranges::none_of(uses, &Use::inside);
    }

    void checkReason(int index)
    {
        const auto& of = m_claim.reasons.at(static_cast<std::size_t>(index)).of;
        const bool wrong = !of.empty() && std::ranges::all_of(of, [&](const auto& told) {
            return isElsewhere(index, told.first, told.second);
        });
        if (wrong)
            m_comparing.doubt(Reason::Cause, shownOfReason(index), true);
    }

    [[nodiscard]] std::string shownOfReason(int index) const
    {
        for (const TermClaim& term : m_claim.terms) {
            if (term.reason == index && !term.name.empty())
                return term.shown;
        }
        const auto word = std::ranges::find_if(m_claim.words, [&](const WordClaim& other) {
            return other.reason == index && !other.common;
        });
        return word == m_claim.words.end() ? std::string() : word->text;
    }

    Comparing& m_comparing;
    const Reading& m_claim;
    const Items& m_cited;
};

} // namespace

void compareStatuses(Comparing& comparing)
{
    Statuses(comparing).run();
}

} // namespace evidence
