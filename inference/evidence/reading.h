// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/dates.h"
#include "inference/evidence/numbers.h"
#include "inference/evidence/phrases.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evidence {

/// Where a claim stands and how it is meant.
struct Place {
    int sentence = 0; // counted within the text
    int clause = 0;
    bool negated = false;
    bool family = false; // said of a relative
    bool cause = false;  // told as a reason
    bool past = false;   // told as over: "former", "gone", "until 2011"
    bool unreal = false; // only wished, feared, advised, or on a condition
    int part = 0;        // finer than a clause: cut at every comma and "and"
    int reason = -1;     // index in Reading::reasons; -1: belongs to none
};

struct TermClaim : Place {
    Role role = Role::Drug;
    std::string name;  // "" for roles without one
    std::string shown; // as written
    std::vector<std::string> stems;
};

struct NumberClaim : Place {
    NumberMention number;
    std::string about; // "potassium", "metformin": what it is told of; "" unknown
    std::string shown;
};

struct DateClaim : Place {
    DateMention date;
    Role about = Role::Cause; // Start or Stop where such a word leads to it; Cause: neither
    std::string shown;
};

struct WordClaim : Place {
    std::string text, stem;
    std::string kin; // of words that tell the same thing: "smoker", "smokes"
    bool common = false;
};

/// "left knee": the side and the word it belongs to.
struct SideClaim : Place {
    std::string side; // "left", "right", "both"
    std::string noun; // stem; "" when none follows
};

/// A medicine or problem that something is told of.
struct Subject {
    Role role = Role::Drug;
    std::string name;

    friend bool operator==(const Subject&, const Subject&) = default;
};

/// A status word with what its own part of the sentence ties it to.
struct Statement : Place {
    Role role = Role::Stop; // a status, Rise or Fall
    std::size_t at = 0;     // word
    std::string shown;
    std::vector<Subject> subjects; // empty: the sentence leaves it open
    std::vector<Subject> listed;   // further ones where its part ends a list of names
};

/// Which statements a reason explains.
struct Explanation {
    int sentence = 0;
    std::vector<std::pair<Role, Subject>> of;
};

/// What a sentence or a piece of evidence says, in a form that can be compared.
struct Reading {
    std::vector<TermClaim> terms;
    std::vector<NumberClaim> numbers;
    std::vector<DateClaim> dates;
    std::vector<WordClaim> words; // outside of terms, dates, numbers and sides
    std::vector<SideClaim> sides;
    std::vector<Statement> statements;
    std::vector<Explanation> reasons;
    std::set<std::string> stems;     // of every word, and its kin
    std::set<std::string> relatives; // that are spoken of, "brother"
    bool now = false;                // tells of the present
};

/// @p drugs: Evidence::drugs, sorted.
[[nodiscard]] Reading read(std::string_view text, const std::vector<std::string>& drugs);

} // namespace evidence
