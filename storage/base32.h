// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Crockford's base 32, for what people copy from paper: upper case, groups of four with hyphens.
/// Threads: pure.
namespace storage {

/// @p bytes must be a multiple of five.
std::string base32Of(std::span<const std::uint8_t> bytes);

/// Case, spaces and hyphens don't matter; O is read as 0, I and L as 1. Nothing when a character is
/// not in the alphabet or the text does not give exactly @p size bytes.
std::optional<std::vector<std::uint8_t>> fromBase32(std::string_view text, std::size_t size);

} // namespace storage
