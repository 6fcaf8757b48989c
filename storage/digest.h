// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace storage {

/// SHA-256. Threads: pure.
std::array<std::byte, 32> sha256(std::span<const std::byte> bytes);

} // namespace storage
