// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/expression.h"

#include <cstdint>

namespace engine {

/// Any text, except that a number which directly follows a [ (or another number, with commas,
/// semicolons, spaces and dashes between) is one of 1 to @p count, without leading zeros: [2], [1,
/// 3], [1-3], also [2 mg]. [0], [2024-05-01] can't be begun unless the number exists. A citation
/// that isn't finished may end the text. Errors: TooLarge above 1,000.
[[nodiscard]] Compiled<Expression> textWithCitations(std::uint32_t count);

} // namespace engine
