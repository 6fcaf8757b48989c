// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/words.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// What a run of words stands for in a claim.
enum class Role : std::uint8_t {
    Drug,
    Measurement,
    Disease,
    Allergy, // "allergic", "allergy"
    Stop,    // stopped, discontinued, no longer
    Active,  // active, currently, continues
    Start,   // started, commenced
    Resume,  // restarted, resumed
    Hold,    // on hold, withheld
    Resolved,
    High,
    Low,
    Normal,
    Rise,
    Fall,
    Frequency, // name: "2/day"
    Cause,     // because of, due to
};

/// What became of a treatment or a problem.
[[nodiscard]] inline bool isStatus(Role role)
{
    return role == Role::Stop || role == Role::Active || role == Role::Start ||
           role == Role::Resume || role == Role::Hold || role == Role::Resolved;
}

struct Phrase {
    Role role = Role::Drug;
    std::string name;      // comparable: "potassium", "lisinopril", "hypertension"
    std::size_t first = 0; // words [first, last)
    std::size_t last = 0;
};

/// Known phrases in @p words of @p text, longest first, none overlapping, in order.
/// @p drugs are further names of medicines (Evidence::drugs), sorted.
[[nodiscard]] std::vector<Phrase> phrasesIn(std::string_view text, const std::vector<Word>& words,
                                            const std::vector<std::string>& drugs);

/// One "|"-separated list of names for each disease; the first stands for the others.
[[nodiscard]] std::span<const std::string_view> diseases();
/// The disease that @p words (lower case, joined by blanks) are a name of; "" when none.
[[nodiscard]] std::string_view diseaseNamed(std::string_view words);
/// All names of a disease, "|"-separated; "" where @p name is none of ours.
[[nodiscard]] std::string_view synonymsOfDisease(std::string_view name);

/// Words that carry no claim of their own: "the", "patient", "record", "shows", ...
[[nodiscard]] bool isCommon(const Word& word);

} // namespace evidence
