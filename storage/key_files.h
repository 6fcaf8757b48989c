// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/kdf.h"
#include "storage/key_store.h"
#include "storage/sealing.h"

#include <filesystem>
#include <string>

/// The files of the folder keys/ as plain values. Format: docs/formats/keys.md.
/// Each ends in the SHA-256 of what precedes, against accidents; against intent the boxes inside
/// are authenticated. Threads: pure.
namespace storage {

/// keys/hospital: what the ceremony made.
struct HospitalKeys {
    std::string installId; // 32 hex digits
    Bytes recoveryPublic, inboxPublic, auditPublic;
    Bytes recordsKeyForRecovery, auditSeedForRecovery; // boxes to recoveryPublic
    Bytes inboxSeed;                                   // box under the RecordsKey

    /// What the inbox seed's box authenticates too: nobody can exchange a public key unseen.
    [[nodiscard]] Bytes publicContext() const;
};

/// keys/users/ID.
struct UserKeys {
    User user;      // admitted: accessBox is there
    Bytes codeHash; // SHA-256 of the one-time code; empty once it was used
    Bytes publicKey;
    ArgonCost cost;
    Bytes salt;         // of the passphrase
    Bytes privateBox;   // the private seed under the KEK
    Bytes vaultForUser; // box to publicKey
    Bytes vaultForRecovery;
    Bytes accessBox; // RecordsKey or AuditReadSeed to publicKey; empty: not admitted
    Bytes deviceTag; // of the device secret that privateBox needs; empty: version 1 had none

    /// What the private seed's box authenticates too: the header around it.
    [[nodiscard]] Bytes headerContext() const;
};

Bytes encode(const HospitalKeys& keys);
Bytes encode(const UserKeys& keys);
Bytes encodeMonthKey(std::span<const std::byte> box);

/// Errors: Corrupt, TooNew.
Result<HospitalKeys> decodeHospital(std::span<const std::byte> bytes);
Result<UserKeys> decodeUser(std::span<const std::byte> bytes);
Result<Bytes> decodeMonthKey(std::span<const std::byte> bytes); // the box

} // namespace storage
