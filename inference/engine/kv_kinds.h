// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kv_layout.h"

#include <optional>
#include <string_view>

namespace engine {

/// How keys and values are kept, by the names that options and arguments have for it: f16, bf16,
/// int8. Nothing for another name.
[[nodiscard]] std::optional<kernels::KeyFormat> keysNamed(std::string_view name);
[[nodiscard]] std::optional<kernels::ValueFormat> valuesNamed(std::string_view name);
/// That name; f32 for what an exact model keeps.
[[nodiscard]] std::string_view nameOf(kernels::ValueFormat values);

} // namespace engine
