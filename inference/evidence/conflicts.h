// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

namespace evidence {

enum class ConflictScope : std::uint8_t { None, Allergies, Medications, Observations, All };

/// Disagreements inside the chart: a medicine active in one source and stopped in another, a
/// measurement with two values at one time, an allergy told in a note and missing in the list.
/// Items they cite are appended to @p items (or found there), numbered on.
[[nodiscard]] std::vector<Conflict> findConflicts(const records::Chart& chart, ConflictScope scope,
                                                  std::vector<EvidenceItem>& items);

} // namespace evidence
