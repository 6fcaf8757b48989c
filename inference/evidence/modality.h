// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/reading.h"

#include <string_view>
#include <vector>

namespace evidence {

/// Sets Place::past and Place::unreal of every one of @p places, whose sentences and clauses are
/// known: "former smoker", "cough gone", "20 a day until May 2011" are past; "wishes to become
/// pregnant", "suspected pneumonia", "if potassium rises, stop lisinopril" are not said to be so.
void markModality(std::string_view text, const std::vector<Word>& words,
                  const std::vector<Phrase>& phrases, std::vector<Place>& places);

/// Whether the text tells of now: "she smokes", "is on iron", "continues"; not "she had", "was
/// stopped", "former smoker". @p places: with their modality.
[[nodiscard]] bool tellsOfNow(const std::vector<Word>& words, const std::vector<Phrase>& phrases,
                              const std::vector<Place>& places);

} // namespace evidence
