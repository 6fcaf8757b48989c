// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/device_secret.h"
#include "storage/key_files.h"
#include "storage/key_store.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace storage {

/// What key_store*.cpp share. Threads: mutex guards hospital and users and is held for moments;
/// change is held over a whole change, Argon2 included, so that changes follow one another.
struct KeyStore::State {
    State(Options from, DeviceSecret secret, Bytes tag)
        : options(std::move(from))
        , device(std::move(secret))
        , deviceTag(std::move(tag))
    {
    }

    Options options;
    DeviceSecret device;
    Bytes deviceTag; // tells this device secret from another, and nothing about it
    mutable std::mutex mutex;
    std::mutex change;
    std::mutex months; // held while a MonthKey is made, so that two threads don't make two
    std::optional<HospitalKeys> hospital;
    std::map<std::string, UserKeys, std::less<>> users; // by name

    [[nodiscard]] std::filesystem::path hospitalFile() const { return options.folder / "hospital"; }
    [[nodiscard]] std::filesystem::path userFile(std::string_view id) const
    {
        return options.folder / "users" / id;
    }
    /// Errors: Invalid when @p month is not "YYYY-MM" or @p userId not 32 hex digits.
    [[nodiscard]] Result<std::filesystem::path> monthFile(std::string_view userId,
                                                          std::string_view month) const;

    [[nodiscard]] Result<HospitalKeys> hospitalKeys() const; // NotInitialised
    [[nodiscard]] std::optional<UserKeys> userNamed(std::string_view name) const;
    [[nodiscard]] std::optional<UserKeys> userWithId(std::string_view id) const;

    /// Users of a ceremony that was cut short.
    Result<void> forgetUsers();
    /// On disk first, then in memory.
    Result<void> keep(const UserKeys& keys);

    /// Whether the passphrase of @p keys was set with another device secret.
    [[nodiscard]] bool lockedOut(const UserKeys& keys) const;

    [[nodiscard]] Result<Secret> kek(const UserKeys& keys, std::string_view passphrase) const;
    /// Wraps @p privateSeed under a new passphrase, into @p keys.
    Result<void> setPassphrase(UserKeys& keys, const Secret& privateSeed,
                               std::string_view passphrase) const;
    /// Gives @p keys a new key pair, a passphrase and the vault key, for the user and for recovery.
    Result<void> equip(UserKeys& keys, std::string_view passphrase, const Secret& vaultKey,
                       std::span<const std::byte> recoveryPublic) const;
};

Result<void> checkPassphrase(std::string_view passphrase);
Result<void> checkName(std::string_view name);

} // namespace storage
