// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace audit {

/// Appends the 8 bytes of @p value, lowest first: every integer of our own framing.
inline void putLittleEndian(std::vector<std::byte>& out, std::uint64_t value)
{
    for (unsigned i = 0; i < 8; ++i)
        out.push_back(static_cast<std::byte>(value >> (8U * i)));
}

/// Reads the first 8 bytes of @p bytes, which has at least 8.
inline std::uint64_t littleEndian(std::span<const std::byte> bytes)
{
    assert(bytes.size() >= 8);
    std::uint64_t value = 0;
    for (unsigned i = 8; i > 0; --i)
        value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
    return value;
}

} // namespace audit
