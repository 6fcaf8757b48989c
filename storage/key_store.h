// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "storage/error.h"
#include "storage/secret.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

enum class Role : std::uint8_t { Clinician = 0, Steward = 1, Admin = 2, Compliance = 3 };

struct User {
    std::string id;   // 32 lower-case hex digits; names files, says nothing about the person
    std::string name; // typed at sign-in: 1-64 bytes, letters, digits and .-_ or space within
    Role role = Role::Clinician;
    bool enrolled = false; // has set a passphrase
    bool admitted =
        false; // holds the RecordsKey (steward, clinician) or the AuditReadKey (compliance)
};

struct NewAccount {
    std::string name;
    std::string passphrase;
};

/// The hospital's three first people, each of whom sets a passphrase.
struct Ceremony {
    NewAccount admin, steward, compliance;
};

/// What a user's passphrase unlocks. Destroying it wipes the keys.
struct Unlocked {
    User user;
    Secret privateSeed; // from which the hybrid private key is made again
    Secret vaultKey;
};

/// Users, slots and public keys: the folder keys/ of the state. Format: docs/formats/keys.md.
/// KEK = HKDF(Argon2id(passphrase, 256 MiB, t3, p4) || device secret) unwraps the user's hybrid
/// private key; everything else is wrapped to public keys (X25519MLKEM768).
///
/// Threads: locks inside. signIn, enrol, init and recover run Argon2 (about a second); one at a
/// time. Functions that change something write atomically: temp, fsync, rename, fsync of the
/// folder.
class KeyStore {
public:
    struct Options {
        std::filesystem::path folder;
        /// Argon2 memory in KiB. Tests may lower it down to 64 KiB; the product never does.
        std::uint32_t argonKiB = 256 * 1024;
    };

    static Result<std::unique_ptr<KeyStore>> open(Options options);
    ~KeyStore();

    [[nodiscard]] bool initialised() const;
    [[nodiscard]] std::string installId() const;
    /// False while the device secret is a plain file: shown as "reduced protection".
    [[nodiscard]] bool deviceSecretSealed() const;
    /// How many users have set their passphrase with another device secret than this one: it was
    /// lost and made anew (a restored backup) or exchanged. Their passphrases open nothing until
    /// the old secret is back or each is recovered.
    [[nodiscard]] std::size_t lockedOut() const;

    /// Holds the ceremony and returns the three recovery shares, any two of which recover. They
    /// are shown once and kept nowhere. Errors: AlreadyExists, Invalid, Io.
    Result<std::vector<std::string>> init(const Ceremony& ceremony, const audit::Receipt& receipt);

    /// Returns the one-time code with which the user sets a passphrase.
    /// Errors: AlreadyExists; Invalid for a name that breaks User::name's rule; NotInitialised.
    Result<std::string> addUser(std::string_view name, Role role, const audit::Receipt& receipt);
    /// Errors: Invalid when the code is wrong, used or the passphrase too short (12 characters).
    Result<void> enrol(std::string_view name, std::string_view code, std::string_view passphrase,
                       const audit::Receipt& receipt);
    [[nodiscard]] std::vector<User> users() const;

    /// Unknown user and wrong passphrase: the same work, the same error (WrongPassphrase).
    Result<Unlocked> signIn(std::string_view name, std::string_view passphrase);
    Result<void> changePassphrase(std::string_view name, std::string_view oldPassphrase,
                                  std::string_view newPassphrase, const audit::Receipt& receipt);

    /// Errors: NotAdmitted.
    Result<Secret> recordsKey(const Unlocked& user) const;
    Result<Secret> auditReadSeed(const Unlocked& user) const;
    /// Wraps the RecordsKey to @p userId (a clinician or steward who is enrolled); @p steward must
    /// be an admitted steward. An admitted compliance officer admits further officers to the audit
    /// the same way. Admitting twice changes nothing. Errors: NotAdmitted, NotFound, Invalid.
    Result<void> admit(const Unlocked& steward, std::string_view userId,
                       const audit::Receipt& receipt);

    /// Two of the three shares bring back the user's vault key and (where they were admitted) the
    /// records key under a new passphrase. Errors: Invalid for wrong shares.
    Result<void> recover(const std::vector<std::string>& shares, std::string_view name,
                         std::string_view newPassphrase, const audit::Receipt& receipt);

    /// Public-key sealing: anybody may write, only the holder of the key may read.
    [[nodiscard]] Result<std::vector<std::byte>>
    sealToInbox(std::span<const std::byte> plain) const;
    [[nodiscard]] Result<std::vector<std::byte>> openFromInbox(std::span<const std::byte> sealed,
                                                               const Secret& recordsKey) const;
    [[nodiscard]] Result<std::vector<std::byte>>
    sealToAudit(std::span<const std::byte> plain) const;
    [[nodiscard]] Result<std::vector<std::byte>> openFromAudit(std::span<const std::byte> sealed,
                                                               const Secret& auditReadSeed) const;

    /// The MonthKey of @p userId for "2026-11": made and wrapped under the VaultKey on first use.
    Result<Secret> monthKey(std::string_view userId, const Secret& vaultKey,
                            std::string_view month);
    /// The same without making one. Errors: NotFound when there is none or it was destroyed.
    Result<Secret> findMonthKey(std::string_view userId, const Secret& vaultKey,
                                std::string_view month) const;
    /// Destroys a month of conversations for good by destroying its key. Errors: NotFound.
    Result<void> destroyMonthKey(std::string_view userId, std::string_view month,
                                 const audit::Receipt& receipt);

private:
    struct State;
    explicit KeyStore(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace storage
