// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <cstddef>
#include <span>
#include <vector>

/// X25519MLKEM768: secret as long as either half stands. A private key is kept as a 32-byte seed,
/// from which both halves are derived. Format: docs/formats/keys.md, "Key pairs". Threads: pure.
namespace storage {

inline constexpr std::size_t kPublicKeyBytes = 1184 + 32;     // ML-KEM-768, X25519
inline constexpr std::size_t kEncapsulationBytes = 1088 + 32; // ML-KEM-768, X25519

/// Errors: Io when libcrypto refuses.
Result<std::vector<std::byte>> publicKeyOf(const Secret& privateSeed);

struct Encapsulated {
    std::vector<std::byte> encapsulation; // [kEncapsulationBytes], goes beside what is sealed
    Secret shared;
};

/// A fresh shared secret for the holder of @p publicKey's seed. Errors: Corrupt for a bad key.
Result<Encapsulated> encapsulate(std::span<const std::byte> publicKey);
/// The same secret on the other side. Of an altered encapsulation another secret comes out, as
/// FIPS 203 wants it: what it opens does not verify then. Errors: Corrupt when the size is wrong.
Result<Secret> decapsulate(const Secret& privateSeed, std::span<const std::byte> encapsulation);

} // namespace storage
