// SPDX-License-Identifier: Apache-2.0
// KeyStore::init: the keys of a hospital are made, handed to three people and forgotten.
#include "storage/file.h"
#include "storage/hybrid_kem.h"
#include "storage/ids.h"
#include "storage/key_store_state.h"
#include "storage/recovery_shares.h"

#include <tuple>

namespace storage {
namespace {

/// The secrets of the ceremony, which end with it.
struct Fresh {
    Secret recoverySeed, recordsKey, auditSeed, inboxSeed;
};

Result<Fresh> freshSecrets()
{
    auto recovery = Secret::random();
    auto records = Secret::random();
    auto audit = Secret::random();
    auto inbox = Secret::random();
    for (const auto* const secret : {&recovery, &records, &audit, &inbox}) {
        if (!*secret)
            return std::unexpected(secret->error());
    }
    return Fresh{std::move(*recovery), std::move(*records), std::move(*audit), std::move(*inbox)};
}

/// Stores a result's value, or its error in @p error when it is the first.
void take(Bytes& into, Result<Bytes> from, std::optional<Error>& error)
{
    if (from)
        into = std::move(*from);
    else if (!error)
        error = from.error();
}

Result<HospitalKeys> hospitalFrom(const Fresh& fresh, std::string installId)
{
    HospitalKeys keys;
    keys.installId = std::move(installId);
    std::optional<Error> error;
    take(keys.recoveryPublic, publicKeyOf(fresh.recoverySeed), error);
    take(keys.inboxPublic, publicKeyOf(fresh.inboxSeed), error);
    take(keys.auditPublic, publicKeyOf(fresh.auditSeed), error);
    if (error)
        return std::unexpected(*error);
    take(keys.recordsKeyForRecovery,
         sealTo(keys.recoveryPublic, fresh.recordsKey.bytes(),
                {Purpose::RecordsKeyForRecovery, keys.installId}),
         error);
    take(keys.auditSeedForRecovery,
         sealTo(keys.recoveryPublic, fresh.auditSeed.bytes(),
                {Purpose::AuditSeedForRecovery, keys.installId}),
         error);
    take(keys.inboxSeed,
         wrap(fresh.recordsKey, fresh.inboxSeed, {Purpose::InboxSeed, keys.installId},
              keys.publicContext()),
         error);
    if (error)
        return std::unexpected(*error);
    return keys;
}

Result<void> checkAccounts(const Ceremony& ceremony)
{
    for (const auto* const account : {&ceremony.admin, &ceremony.steward, &ceremony.compliance}) {
        if (auto good = checkName(account->name); !good)
            return good;
        if (auto good = checkPassphrase(account->passphrase); !good)
            return good;
    }
    if (ceremony.admin.name == ceremony.steward.name ||
        ceremony.admin.name == ceremony.compliance.name ||
        ceremony.steward.name == ceremony.compliance.name)
        return std::unexpected(Error{Errc::Invalid, "name_taken"});
    return {};
}

} // namespace

Result<std::vector<std::string>> KeyStore::init(const Ceremony& ceremony, const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    if (initialised())
        return std::unexpected(Error{Errc::AlreadyExists, "the ceremony has been held"});
    if (const auto good = checkAccounts(ceremony); !good)
        return std::unexpected(good.error());
    const auto fresh = freshSecrets();
    if (!fresh)
        return std::unexpected(fresh.error());
    auto installId = randomId();
    if (!installId)
        return std::unexpected(installId.error());
    auto hospital = hospitalFrom(*fresh, std::move(*installId));
    if (!hospital)
        return std::unexpected(hospital.error());
    auto shares = splitSecret(fresh->recoverySeed, hospital->installId);
    if (!shares)
        return std::unexpected(shares.error());

    if (const auto cleared = m_state->forgetUsers(); !cleared)
        return std::unexpected(cleared.error());
    const std::tuple<const NewAccount&, Role, const Secret*, Purpose> accounts[] = {
        {ceremony.admin, Role::Admin, nullptr, Purpose::RecordsKeyForUser},
        {ceremony.steward, Role::Steward, &fresh->recordsKey, Purpose::RecordsKeyForUser},
        {ceremony.compliance, Role::Compliance, &fresh->auditSeed, Purpose::AuditSeedForUser},
    };
    for (const auto& [account, role, access, purpose] : accounts) {
        auto id = randomId();
        const auto vaultKey = Secret::random();
        if (!id || !vaultKey)
            return std::unexpected(id ? vaultKey.error() : id.error());
        UserKeys keys;
        keys.user = User{std::move(*id), account.name, role, true, access != nullptr};
        if (const auto done =
                m_state->equip(keys, account.passphrase, *vaultKey, hospital->recoveryPublic);
            !done)
            return std::unexpected(done.error());
        if (access != nullptr) {
            auto box = sealTo(keys.publicKey, access->bytes(), {purpose, keys.user.id});
            if (!box)
                return std::unexpected(box.error());
            keys.accessBox = std::move(*box);
        }
        if (const auto kept = m_state->keep(keys); !kept)
            return std::unexpected(kept.error());
    }

    // Last: only this file makes the hospital exist, so a ceremony cut short can be held again.
    if (const auto written = writeAtomically(m_state->hospitalFile(), encode(*hospital)); !written)
        return std::unexpected(written.error());
    const std::scoped_lock lock(m_state->mutex);
    m_state->hospital = std::move(*hospital);
    return shares;
}

} // namespace storage
