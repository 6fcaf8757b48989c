// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evidence {

/// What of the patient's own data is asked for.
enum class Field : std::uint8_t { Age, Born, Gender, RecordNumber, Address, Phone };

/// A question of a form that data alone answers.
struct LookUp {
    DirectAnswer::Kind kind = DirectAnswer::Kind::Allergies;
    bool past = false;        // Problems: resolved and inactive ones
    bool all = false;         // Problems: of any state
    std::string measurement;  // words for values, lower case, joined by blanks; "a and b" for two
    bool said = false;        // the form itself asks for a value ("last ...", "all ... results")
    bool highest = false;     // ExtremeValue: the highest, else the lowest
    Field field = Field::Age; // Demographics
};

/// nullopt where any word of the question has no place in a known form.
[[nodiscard]] std::optional<LookUp> parseLookUp(std::string_view question,
                                                const records::Patient& patient);

} // namespace evidence
