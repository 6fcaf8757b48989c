// SPDX-License-Identifier: Apache-2.0
#include "inference/service/user_keys.h"

namespace service {

UserKeys::UserKeys(storage::KeyStore& store, std::filesystem::path vaults,
                   storage::Unlocked unlocked)
    : m_store(store)
    , m_vaults(std::move(vaults))
    , m_unlocked(std::move(unlocked))
{
}

storage::Result<void> UserKeys::openVault()
{
    if (!m_unlocked)
        return std::unexpected(wiped());
    if (m_vault)
        return {};
    storage::Result<std::unique_ptr<storage::Vault>> vault =
        storage::Vault::open(m_vaults, m_store, m_unlocked->user.id, m_unlocked->vaultKey);
    if (!vault)
        return std::unexpected(vault.error());
    m_vault = std::move(*vault);
    return {};
}

void UserKeys::wipe()
{
    const std::scoped_lock lock(m_mutex);
    m_vault.reset();
    m_unlocked.reset();
}

bool UserKeys::isWiped() const
{
    const std::scoped_lock lock(m_mutex);
    return !m_unlocked;
}

storage::Error UserKeys::wiped()
{
    return {.code = storage::Errc::NotFound, .detail = "the session has ended"};
}

} // namespace service
