// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/analytes.h"
#include "inference/evidence/words.h"

#include <span>
#include <string_view>
#include <vector>

namespace evidence {

/// Measurements that tell what @p words (lower case, joined by blanks) name: "hyperkalaemic" ->
/// potassium, "kidney function" -> creatinine and eGFR. British and American spelling.
[[nodiscard]] std::vector<const Analyte*> measuredBy(std::string_view words);

/// One "|"-separated list of names for each such finding.
[[nodiscard]] std::vector<std::string_view> findingNames();

/// Words that tell the same thing, blank-separated: "diabetic" -> "diabetes diabetic ..."; "".
[[nodiscard]] std::string_view familyOf(std::string_view word);

/// Words that say how something is asked for and are looked for nowhere: "lowest", "whole",
/// "trend", "ever", "any", "since", "why".
[[nodiscard]] bool isQualifier(std::string_view word);

/// Ordinary words of clinical English that differ by a letter or two from names that this program
/// knows: "chlorine", "arteritis". They are meant as they stand.
[[nodiscard]] bool isLookAlike(std::string_view word);
/// "-itis", "-ectomy", "-aemia": a medical word that somebody knew how to write.
[[nodiscard]] bool hasMedicalEnding(std::string_view word);

/// Whether the question is written in German, French, Spanish or Italian, by its small words.
[[nodiscard]] bool isForeign(std::span<const Word> words);

} // namespace evidence
