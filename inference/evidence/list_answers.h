// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/question.h"

namespace evidence {

/// The answers that list entries. Conflicts and coverage are added by lookUp.
[[nodiscard]] DirectAnswer answerAllergies(const records::Chart& chart);
[[nodiscard]] DirectAnswer answerProblems(const LookUp& asked, const records::Chart& chart);
/// Age is computed; the date of birth is told with it.
[[nodiscard]] DirectAnswer answerDemographics(Field field, const records::Patient& patient,
                                              Day today);
[[nodiscard]] DirectAnswer answerMedications(DirectAnswer::Kind kind, const records::Chart& chart,
                                             Day today);

} // namespace evidence
