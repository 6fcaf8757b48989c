// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace service {

/// @p bytes random bytes of the system's generator, as hex digits. Ends the process when the
/// system has no randomness to give: a guessable token would be worse.
[[nodiscard]] std::string randomHex(std::size_t bytes);
[[nodiscard]] std::array<std::byte, 32> sha256(std::string_view text);
[[nodiscard]] std::string hex(std::span<const std::byte> bytes);

/// Overwrites what a passphrase or token leaves behind.
void wipe(std::string& secret);

} // namespace service
