// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Threads: pure.
namespace storage {

/// SHA-256.
[[nodiscard]] std::array<std::byte, 32> sha256(std::span<const std::byte> bytes);
[[nodiscard]] std::array<std::byte, 32> sha256(std::string_view text);

/// Lower-case hex digits.
[[nodiscard]] std::string hexOf(std::span<const std::byte> bytes);

} // namespace storage
