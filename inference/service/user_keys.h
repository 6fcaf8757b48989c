// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/key_store.h"
#include "storage/vault.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace service {

/// What one user's passphrase unlocked, shared by that user's sessions, and the vault opened with
/// it. wipe() ends it at once: it waits for the one vault operation under way, for nothing else.
/// Threads: any.
class UserKeys {
public:
    UserKeys(storage::KeyStore& store, std::filesystem::path vaults, storage::Unlocked unlocked);

    /// Calls @p use with the storage::Vault, opened on first use. Errors: NotFound after wipe().
    template <typename F>
    auto withVault(F use) -> std::invoke_result_t<F, storage::Vault&>
    {
        const std::scoped_lock lock(m_mutex);
        if (const storage::Result<void> opened = openVault(); !opened)
            return std::unexpected(opened.error());
        return use(*m_vault);
    }

    /// Calls @p use with the storage::Unlocked. Errors: NotFound after wipe().
    template <typename F>
    auto withUnlocked(F use) -> std::invoke_result_t<F, const storage::Unlocked&>
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_unlocked)
            return std::unexpected(wiped());
        return use(*m_unlocked);
    }

    /// What the engine knows the user by, and one of the user's patients: numbers that mean nothing
    /// to anybody else, and are others after the next sign-in. Never 0.
    [[nodiscard]] std::uint64_t engineUser() const { return m_engineUser; }
    [[nodiscard]] std::uint64_t enginePatient(std::string_view patient) const;

    void wipe();
    [[nodiscard]] bool isWiped() const;

private:
    storage::Result<void> openVault();
    static storage::Error wiped();

    storage::KeyStore& m_store;
    std::filesystem::path m_vaults;
    const std::uint64_t m_engineUser;
    mutable std::mutex m_mutex;
    std::optional<storage::Unlocked> m_unlocked;
    std::unique_ptr<storage::Vault> m_vault;
};

} // namespace service
