// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/reading.h"

#include <string_view>
#include <vector>

namespace evidence {

/// Status words of a text tied to the medicine or problem of their own part, and reasons tied to
/// the statuses that they explain.
struct Tied {
    std::vector<Statement> statements;
    std::vector<Explanation> reasons;
    std::vector<std::size_t> verbs; // words such as "switched" that became statements
};

/// Sets part and reason of every one of @p places (one a word) and reads the rest from them.
[[nodiscard]] Tied tieStatements(std::string_view text, const std::vector<Word>& words,
                                 const std::vector<Phrase>& phrases, std::vector<Place>& places);

} // namespace evidence
