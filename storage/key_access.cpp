// SPDX-License-Identifier: Apache-2.0
// KeyStore: who gets at the RecordsKey, the AuditReadSeed, months and the inbox, and recovery.
#include "storage/file.h"
#include "storage/hybrid_kem.h"
#include "storage/key_store_state.h"
#include "storage/recovery_shares.h"

#include <algorithm>

namespace storage {
namespace {

constexpr std::size_t kLargestMonthFile = 4096;

bool mayHoldRecords(Role role)
{
    return role == Role::Clinician || role == Role::Steward;
}

Purpose accessPurpose(Role role)
{
    return role == Role::Compliance ? Purpose::AuditSeedForUser : Purpose::RecordsKeyForUser;
}

std::string monthOwner(std::string_view userId, std::string_view month)
{
    return std::string(userId).append("/").append(month);
}

/// The private part of the inbox; also proves that no public key of the hospital was exchanged.
Result<Secret> inboxSeed(const HospitalKeys& hospital, const Secret& recordsKey)
{
    return unwrap(recordsKey, hospital.inboxSeed, {Purpose::InboxSeed, hospital.installId},
                  hospital.publicContext());
}

Result<Secret> accessOf(const Unlocked& user, const std::optional<UserKeys>& keys)
{
    if (!keys || keys->accessBox.empty())
        return std::unexpected(Error{Errc::NotAdmitted, "not_admitted"});
    return openSecretWith(user.privateSeed, keys->accessBox,
                          {accessPurpose(keys->user.role), keys->user.id});
}

} // namespace

Result<Secret> KeyStore::recordsKey(const Unlocked& user) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    const auto keys = m_state->userWithId(user.user.id);
    if (!keys || !mayHoldRecords(keys->user.role))
        return std::unexpected(Error{Errc::NotAdmitted, "not_admitted"});
    auto key = accessOf(user, keys);
    if (!key)
        return key;
    if (const auto proved = inboxSeed(*hospital, *key); !proved)
        return std::unexpected(proved.error());
    return key;
}

Result<Secret> KeyStore::auditReadSeed(const Unlocked& user) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    const auto keys = m_state->userWithId(user.user.id);
    if (!keys || keys->user.role != Role::Compliance)
        return std::unexpected(Error{Errc::NotAdmitted, "not_admitted"});
    auto seed = accessOf(user, keys);
    if (!seed)
        return seed;
    const auto publicKey = publicKeyOf(*seed);
    if (!publicKey)
        return std::unexpected(publicKey.error());
    if (*publicKey != hospital->auditPublic)
        return std::unexpected(Error{Errc::Corrupt, "the audit's public key was exchanged"});
    return seed;
}

Result<void> KeyStore::admit(const Unlocked& steward, std::string_view userId,
                             const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    const auto by = m_state->userWithId(steward.user.id);
    if (!by || (by->user.role != Role::Steward && by->user.role != Role::Compliance))
        return std::unexpected(Error{Errc::NotAdmitted, "not_a_steward"});
    const bool toAudit = by->user.role == Role::Compliance;
    const auto access = toAudit ? auditReadSeed(steward) : recordsKey(steward);
    if (!access)
        return std::unexpected(access.error());

    auto keys = m_state->userWithId(userId);
    if (!keys)
        return std::unexpected(Error{Errc::NotFound, "no such user"});
    const bool right =
        toAudit ? keys->user.role == Role::Compliance : mayHoldRecords(keys->user.role);
    if (!right || !keys->user.enrolled)
        return std::unexpected(
            Error{Errc::Invalid, right ? "not_enrolled" : "role_not_admissible"});
    if (keys->user.admitted)
        return {};
    auto box =
        sealTo(keys->publicKey, access->bytes(), {accessPurpose(keys->user.role), keys->user.id});
    if (!box)
        return std::unexpected(box.error());
    keys->accessBox = std::move(*box);
    keys->user.admitted = true;
    return m_state->keep(*keys);
}

Result<void> KeyStore::recover(const std::vector<std::string>& shares, std::string_view name,
                               std::string_view newPassphrase, const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    if (auto good = checkPassphrase(newPassphrase); !good)
        return good;
    const auto seed = combineShares(shares, hospital->installId);
    if (!seed)
        return std::unexpected(seed.error());
    const auto publicKey = publicKeyOf(*seed);
    if (!publicKey)
        return std::unexpected(publicKey.error());
    if (*publicKey != hospital->recoveryPublic)
        return std::unexpected(Error{Errc::Invalid, "shares_do_not_fit"});
    auto keys = m_state->userNamed(name);
    if (!keys || !keys->user.enrolled)
        return std::unexpected(Error{Errc::NotFound, "no such user"});

    const auto vaultKey = openSecretWith(*seed, keys->vaultForRecovery,
                                         {Purpose::VaultKeyForRecovery, keys->user.id});
    if (!vaultKey)
        return std::unexpected(vaultKey.error());
    if (auto done = m_state->equip(*keys, newPassphrase, *vaultKey, hospital->recoveryPublic);
        !done)
        return done;
    if (keys->user.admitted) {
        const bool audit = keys->user.role == Role::Compliance;
        const auto access = openSecretWith(
            *seed, audit ? hospital->auditSeedForRecovery : hospital->recordsKeyForRecovery,
            {audit ? Purpose::AuditSeedForRecovery : Purpose::RecordsKeyForRecovery,
             hospital->installId});
        if (!access)
            return std::unexpected(access.error());
        auto box = sealTo(keys->publicKey, access->bytes(),
                          {accessPurpose(keys->user.role), keys->user.id});
        if (!box)
            return std::unexpected(box.error());
        keys->accessBox = std::move(*box);
    }
    return m_state->keep(*keys);
}

Result<Bytes> KeyStore::sealToInbox(std::span<const std::byte> plain) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    return sealTo(hospital->inboxPublic, plain, {Purpose::InboxDocument, hospital->installId});
}

Result<Bytes> KeyStore::openFromInbox(std::span<const std::byte> sealed,
                                      const Secret& recordsKey) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    const auto seed = inboxSeed(*hospital, recordsKey);
    if (!seed)
        return std::unexpected(seed.error());
    return openWith(*seed, sealed, {Purpose::InboxDocument, hospital->installId});
}

Result<Bytes> KeyStore::sealToAudit(std::span<const std::byte> plain) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    return sealTo(hospital->auditPublic, plain, {Purpose::AuditEntry, hospital->installId});
}

Result<Bytes> KeyStore::openFromAudit(std::span<const std::byte> sealed,
                                      const Secret& auditReadSeed) const
{
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    return openWith(auditReadSeed, sealed, {Purpose::AuditEntry, hospital->installId});
}

Result<Secret> KeyStore::findMonthKey(std::string_view userId, const Secret& vaultKey,
                                      std::string_view month) const
{
    const auto path = m_state->monthFile(userId, month);
    if (!path)
        return std::unexpected(path.error());
    const auto bytes = readWhole(*path, kLargestMonthFile);
    if (!bytes)
        return std::unexpected(bytes.error());
    const auto box = decodeMonthKey(*bytes);
    if (!box)
        return std::unexpected(box.error());
    return unwrap(vaultKey, *box, {Purpose::MonthKey, monthOwner(userId, month)});
}

Result<Secret> KeyStore::monthKey(std::string_view userId, const Secret& vaultKey,
                                  std::string_view month)
{
    const std::scoped_lock making(m_state->months);
    auto found = findMonthKey(userId, vaultKey, month);
    if (found || found.error().code != Errc::NotFound)
        return found;
    const auto path = m_state->monthFile(userId, month);
    if (!path)
        return std::unexpected(path.error());
    if (const auto folder = ensureFolder(path->parent_path()); !folder)
        return std::unexpected(folder.error());
    auto key = Secret::random();
    if (!key)
        return key;
    const auto box = wrap(vaultKey, *key, {Purpose::MonthKey, monthOwner(userId, month)});
    if (!box)
        return std::unexpected(box.error());
    if (const auto kept = writeAtomically(*path, encodeMonthKey(*box)); !kept)
        return std::unexpected(kept.error());
    return key;
}

Result<void> KeyStore::destroyMonthKey(std::string_view userId, std::string_view month,
                                       const audit::Receipt&)
{
    const std::scoped_lock making(m_state->months);
    const auto path = m_state->monthFile(userId, month);
    if (!path)
        return std::unexpected(path.error());
    return removeDurably(*path);
}

} // namespace storage
