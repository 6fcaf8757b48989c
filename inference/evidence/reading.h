// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/dates.h"
#include "inference/evidence/numbers.h"
#include "inference/evidence/phrases.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// Where a claim stands and how it is meant.
struct Place {
    int sentence = 0; // counted within the text
    int clause = 0;
    bool negated = false;
    bool family = false; // said of a relative
    bool cause = false;  // told as a reason
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
    bool common = false;
};

/// "left knee": the side and the word it belongs to.
struct SideClaim : Place {
    std::string side; // "left", "right", "both"
    std::string noun; // stem; "" when none follows
};

/// What a sentence or a piece of evidence says, in a form that can be compared.
struct Reading {
    std::vector<TermClaim> terms;
    std::vector<NumberClaim> numbers;
    std::vector<DateClaim> dates;
    std::vector<WordClaim> words; // outside of terms, dates, numbers and sides
    std::vector<SideClaim> sides;
    std::set<std::string> stems; // of every word
};

/// @p drugs: Evidence::drugs, sorted.
[[nodiscard]] Reading read(std::string_view text, const std::vector<std::string>& drugs);

} // namespace evidence
