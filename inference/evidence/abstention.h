// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/topics.h"

#include <vector>

namespace evidence {

/// What is told where the record does not answer: what was looked for and not found, no more.
/// @p missing are the terms that the record does not hold, @p anyFound whether it holds others.
[[nodiscard]] Abstention abstentionFor(const Topics& topics,
                                       const std::vector<const Term*>& missing, bool anyFound,
                                       const Coverage& coverage);

} // namespace evidence
