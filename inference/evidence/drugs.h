// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/chart.h"

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// The ingredient that one lower-case @p word names: an international name in either spelling, a
/// brand, or a word with the ending of a class of medicines ("-pril"). "" when it names none.
[[nodiscard]] std::string drugNamed(std::string_view word);

/// Words of @p name ("Metformin hydrochloride 500 MG Oral Tablet") that name a medicine, as
/// ingredients; where none is known the words before the first number, without salts and forms.
[[nodiscard]] std::set<std::string> ingredientsOf(std::string_view name);
/// "500 mg" of the name above; "" where none is told.
[[nodiscard]] std::string strengthOf(std::string_view name);

/// Brands and second spellings of an ingredient.
[[nodiscard]] std::vector<std::string> aliasesOf(std::string_view ingredient);

/// The international names that this program knows, in no order that matters.
[[nodiscard]] std::span<const std::string_view> ingredients();
/// All names that this program knows, brands included.
[[nodiscard]] std::span<const std::string_view> drugNames();

/// Names of medicines and substances in the chart that drugNamed() does not know.
[[nodiscard]] std::vector<std::string> drugWords(const records::Chart& chart);

} // namespace evidence
