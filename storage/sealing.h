// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Encryption of keys and documents outside the databases. Format: docs/formats/keys.md, "Boxes".
/// Every box is bound to what it is for and whose it is, so none can be put in another's place.
/// Threads: pure functions.
namespace storage {

using Bytes = std::vector<std::byte>;

/// What a box holds. The numbers are part of the format and never change their meaning.
enum class Purpose : std::uint8_t {
    UserPrivateSeed = 1, // under the KEK of the passphrase
    VaultKeyForUser = 2,
    VaultKeyForRecovery = 3,
    RecordsKeyForUser = 4,
    RecordsKeyForRecovery = 5,
    AuditSeedForUser = 6,
    AuditSeedForRecovery = 7,
    InboxSeed = 8, // under the RecordsKey
    MonthKey = 9,  // under the VaultKey
    InboxDocument = 10,
    AuditEntry = 11,
    KeptChartKey = 12, // under a key derived from the VaultKey
    KeptChartPiece = 13,
};

/// What the box is bound to besides its content.
struct Binding {
    Purpose purpose;
    std::string_view owner; // user id, install id, "user id/2026-11", ...
};

/// Seals to a public key (hybrid_kem.h): only the holder of its seed can open. At most 1 GiB.
Result<Bytes> sealTo(std::span<const std::byte> publicKey, std::span<const std::byte> plain,
                     const Binding& binding);
/// Errors: Corrupt when the box was altered, is bound to something else or made for another key;
/// TooNew when its version is not known here.
Result<Bytes> openWith(const Secret& privateSeed, std::span<const std::byte> box,
                       const Binding& binding);
Result<Secret> openSecretWith(const Secret& privateSeed, std::span<const std::byte> box,
                              const Binding& binding);

/// Wraps 32 bytes under a 32-byte key. @p context is authenticated too (a header beside the box).
Result<Bytes> wrap(const Secret& key, const Secret& content, const Binding& binding,
                   std::span<const std::byte> context = {});
/// Errors: Corrupt, TooNew.
Result<Secret> unwrap(const Secret& key, std::span<const std::byte> box, const Binding& binding,
                      std::span<const std::byte> context = {});

/// The same for bytes of any length up to 1 GiB, 49 of them more in the box.
Result<Bytes> sealUnder(const Secret& key, std::span<const std::byte> plain, const Binding& binding,
                        std::span<const std::byte> context);
/// Errors: Corrupt, TooNew.
Result<Bytes> openUnder(const Secret& key, std::span<const std::byte> box, const Binding& binding,
                        std::span<const std::byte> context);

/// HKDF-SHA256 of @p key for one use, so that no key serves two.
Result<Secret> derive(const Secret& key, std::string_view use);

} // namespace storage
