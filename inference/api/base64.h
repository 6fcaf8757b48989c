// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace api {

/// RFC 4648 §4, padded.
[[nodiscard]] std::string toBase64(std::string_view bytes);
/// Strict: nothing for a wrong length, character, padding or non-zero trailing bits.
[[nodiscard]] std::optional<std::string> fromBase64(std::string_view text);

} // namespace api
