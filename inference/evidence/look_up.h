// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <string_view>

namespace evidence {

/// Answers @p question from the chart's data alone: allergies, medications (active, past, all),
/// problems, the last value or all values of a measurement. nullopt: not such a question, ask the
/// model. The grammar is positive: a question is taken only when each of its words has a place in
/// one of the known forms, so "why was potassium stopped" is never answered with a value.
/// A question of a known form about something that is not recorded gets an answer with
/// abstention set. Units, comparators and partial dates stand as recorded.
[[nodiscard]] std::optional<DirectAnswer> lookUp(std::string_view question,
                                                 const records::Chart& chart, Day today);

} // namespace evidence
