// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

namespace evidence {

/// What @p chart holds, all readable documents counted as searched.
[[nodiscard]] Coverage coverageOf(const records::Chart& chart);

} // namespace evidence
