// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace model {

/// SHA-256 of a model file.
using ModelHash = std::array<std::byte, 32>;

/// 64 hexadecimal digits, small letters.
[[nodiscard]] std::string hexOf(const ModelHash& hash);

/// Of 64 hexadecimal digits, whatever their letters; nothing for any other text.
[[nodiscard]] std::optional<ModelHash> hashOfHex(std::string_view hex);

} // namespace model
