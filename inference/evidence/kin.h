// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/words.h"

#include <string>

namespace evidence {

/// One stem for all words that tell the same thing: "smokes" and "smoker", "operated" and
/// "surgery"; the word's own stem where there are no others.
[[nodiscard]] std::string kinOf(const Word& word);

} // namespace evidence
