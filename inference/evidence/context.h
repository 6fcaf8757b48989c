// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/reading.h"

#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// What stands before a sentence: the question that it answers, and what was said until then.
struct Context {
    std::string_view question;     // "": not known
    std::string_view saidBefore{}; // the sentence before, marks included
};

/// What a sentence claims, in words that can be read alone. @p text: without marks and bullet.
/// - "Yes." and "No, she is not." claim, or deny, what the question asks.
/// - "It was stopped." tells of the medicine or problem that the sentence before names first, else
///   the question.
/// Everything else as it is.
[[nodiscard]] std::string spokenOut(std::string_view text, const Context& context,
                                    const std::vector<std::string>& drugs);

} // namespace evidence
