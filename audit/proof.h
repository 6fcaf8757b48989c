// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace audit {

/// A signed head of the log, as text (C2SP checkpoint): origin, size, root, signatures.
struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    std::string root; // 32 raw bytes
};

/// Reads @p note and checks both signatures (Ed25519 and ML-DSA-44) with @p publicKey.
/// Errors: Key when the key line cannot be read, Corrupt when note or signature is wrong.
Result<Checkpoint> openCheckpoint(std::string_view note, std::string_view publicKey);

/// Checks that the log at @p newer still holds everything it held at @p older (RFC 6962 §2.1.2).
/// Errors: Corrupt when it does not.
Result<void> checkConsistency(const Checkpoint& older, const Checkpoint& newer,
                              std::span<const std::byte> proof);

} // namespace audit
