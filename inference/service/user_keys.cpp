// SPDX-License-Identifier: Apache-2.0
#include "inference/service/user_keys.h"

#include "inference/service/random.h"
#include "storage/digest.h"

#include <array>
#include <cstring>
#include <string>

namespace service {

UserKeys::UserKeys(storage::KeyStore& store, std::filesystem::path vaults,
                   storage::Unlocked unlocked)
    : m_store(store)
    , m_vaults(std::move(vaults))
    , m_engineUser(randomNumber())
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

std::uint64_t UserKeys::enginePatient(std::string_view patient) const
{
    std::string named(reinterpret_cast<const char*>(&m_engineUser), sizeof m_engineUser);
    named += patient;
    const std::array<std::byte, 32> digest = storage::sha256(named);
    std::uint64_t number = 0;
    std::memcpy(&number, digest.data(), sizeof number);
    return number | 1U;
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
