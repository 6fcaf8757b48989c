// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/chart.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// A measurement that clinicians call by several names.
struct Analyte {
    std::string_view name;     // "potassium": the id, lower case
    std::string_view synonyms; // "|"-separated, lower case words; the name itself included
    std::string_view codes;    // blank-separated LOINC codes
    std::string_view without;  // blank-separated words that make a longer name something else
};

[[nodiscard]] std::span<const Analyte> analytes();
/// The analyte that @p words (joined by blanks) is a name of; null when none.
[[nodiscard]] const Analyte* analyteNamed(std::string_view words);
/// Measurements that are of the same kind under a narrower name: a fasting glucose is a glucose.
[[nodiscard]] std::vector<const Analyte*> narrowerThan(const Analyte& analyte);
[[nodiscard]] bool hasCode(const Analyte& analyte, const records::Concept& code);
/// Whether an observation called @p name (as recorded) is this analyte by its words.
[[nodiscard]] bool hasName(const Analyte& analyte, std::string_view name);
/// The analyte of an observation by code, else by name; null when none.
[[nodiscard]] const Analyte* analyteOf(const records::Observation& observation);
/// "Potassium [Moles/volume] in Serum or Plasma" -> "potassium": what is measured, lower case.
[[nodiscard]] std::string componentOf(std::string_view name);

} // namespace evidence
