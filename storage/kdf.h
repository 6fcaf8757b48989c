// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace storage {

/// HKDF-SHA256 (RFC 5869): 32 bytes from @p input. Threads: pure.
Result<Secret> hkdf(std::span<const std::byte> input, std::span<const std::byte> salt,
                    std::string_view info);

/// What a passphrase costs. Kept in the header of each slot and authenticated with it.
struct ArgonCost {
    std::uint32_t memoryKiB = 256 * 1024;
    std::uint32_t passes = 3;
    std::uint32_t lanes = 4;

    friend bool operator==(const ArgonCost&, const ArgonCost&) = default;
};

/// Argon2id (RFC 9106): 32 bytes from a passphrase. Takes about a second and memoryKiB of memory;
/// runs one at a time in the process, further callers wait.
/// Errors: Invalid when the cost is outside 64 KiB - 4 GiB, 1-64 passes, 1-64 lanes; Io.
Result<Secret> argon2id(std::string_view passphrase, std::span<const std::byte> salt,
                        const ArgonCost& cost);

} // namespace storage
