// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <string>
#include <vector>

namespace evidence {

[[nodiscard]] DirectAnswer emptyAnswer(DirectAnswer::Kind kind);
/// Adds a sentence; @p cited are numbers of items, in any order, repeated or not.
void say(DirectAnswer& answer, std::string text, std::vector<int> cited, Verdict verdict);
/// "Not in the record", as @p text says it; @p searched tells where was looked.
void abstain(DirectAnswer& answer, std::string text, std::vector<std::string> searched);

} // namespace evidence
