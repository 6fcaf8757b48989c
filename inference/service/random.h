// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace service {

/// @p bytes random bytes of the system's generator, as hex digits. Ends the process when the
/// system has no randomness to give: a guessable token would be worse.
[[nodiscard]] std::string randomHex(std::size_t bytes);
/// Likewise a number, never 0.
[[nodiscard]] std::uint64_t randomNumber();

} // namespace service
