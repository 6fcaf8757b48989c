// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <optional>
#include <string>
#include <string_view>

namespace evidence {

/// A question of a form that data alone answers.
struct LookUp {
    DirectAnswer::Kind kind = DirectAnswer::Kind::Allergies;
    bool past = false;       // Problems: resolved and inactive ones
    bool all = false;        // Problems: of any state
    std::string measurement; // words for LastValue and AllValues, lower case, joined by blanks
    bool said = false;       // the form itself asks for a value ("last ...", "all ... results")
};

/// nullopt where any word of the question has no place in a known form.
[[nodiscard]] std::optional<LookUp> parseLookUp(std::string_view question,
                                                const records::Patient& patient);

} // namespace evidence
