// SPDX-License-Identifier: Apache-2.0
#include "storage/key_store_state.h"

#include "storage/file.h"
#include "storage/hybrid_kem.h"
#include "storage/wiped_bytes.h"

#include <openssl/rand.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstring>

namespace storage {
namespace {

constexpr std::size_t kShortestPassphrase = 12;  // characters
constexpr std::size_t kLongestPassphrase = 1024; // bytes: longer ones are not typed
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kLongestName = 64; // bytes

/// Length in characters of well-formed UTF-8 without control characters; 0 when it is not.
std::size_t charactersOf(std::string_view text)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80   ? 1
                                 : lead < 0xC2 ? 0
                                 : lead < 0xE0 ? 2
                                 : lead < 0xF0 ? 3
                                 : lead < 0xF5 ? 4
                                               : 0;
        if (size == 0 || i + size > text.size() || lead < 0x20 || lead == 0x7F)
            return 0;
        for (std::size_t k = 1; k < size; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U)
                return 0;
        }
        if (lead == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0)
            return 0; // C1 controls
        i += size;
    }
    return count;
}

/// An accent or vowel sign that is a character of its own.
bool isMark(UChar32 c)
{
    return (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_MC_MASK)) != 0;
}

bool isHex(std::string_view text)
{
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool isMonth(std::string_view text)
{
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    return text.size() == 7 && text[4] == '-' && digit(0) && digit(1) && digit(2) && digit(3) &&
           digit(5) && digit(6);
}

} // namespace

Result<void> checkPassphrase(std::string_view passphrase)
{
    if (passphrase.size() > kLongestPassphrase || charactersOf(passphrase) < kShortestPassphrase)
        return std::unexpected(Error{Errc::Invalid, "passphrase_too_short"});
    return {};
}

Result<void> checkName(std::string_view name)
{
    const auto refused = [] { return std::unexpected(Error{Errc::Invalid, "name_not_allowed"}); };
    if (name.size() > kLongestName || charactersOf(name) == 0 || name.back() == ' ')
        return refused();
    const auto text =
        icu::UnicodeString::fromUTF8({name.data(), static_cast<std::int32_t>(name.size())});
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        const UChar32 c = text.char32At(i);
        const bool letter = u_isUAlphabetic(c) || isMark(c) || u_isdigit(c);
        const bool joint = i > 0 && (c == '.' || c == '-' || c == '_' || c == ' ');
        if (!letter && !joint)
            return refused();
    }
    return {};
}

Result<std::filesystem::path> KeyStore::State::monthFile(std::string_view userId,
                                                         std::string_view month) const
{
    if (userId.size() != 32 || !isHex(userId) || !isMonth(month))
        return std::unexpected(Error{Errc::Invalid, "no month of a user"});
    return options.folder / "months" / userId / month;
}

Result<HospitalKeys> KeyStore::State::hospitalKeys() const
{
    const std::scoped_lock lock(mutex);
    if (!hospital)
        return std::unexpected(Error{Errc::NotInitialised, "the ceremony has not been held"});
    return *hospital;
}

std::optional<UserKeys> KeyStore::State::userNamed(std::string_view name) const
{
    const std::scoped_lock lock(mutex);
    const auto found = users.find(name);
    return found == users.end() ? std::nullopt : std::optional(found->second);
}

std::optional<UserKeys> KeyStore::State::userWithId(std::string_view id) const
{
    const std::scoped_lock lock(mutex);
    for (const auto& [name, keys] : users) {
        if (keys.user.id == id)
            return keys;
    }
    return std::nullopt;
}

Result<void> KeyStore::State::forgetUsers()
{
    const std::scoped_lock lock(mutex);
    users.clear();
    std::error_code error;
    std::filesystem::directory_iterator entry(options.folder / "users", error);
    for (const std::filesystem::directory_iterator end; !error && entry != end;
         entry.increment(error)) {
        if (std::filesystem::remove(entry->path(), error); error)
            break;
    }
    if (error)
        return std::unexpected(Error{Errc::Io, "an unfinished ceremony cannot be cleared"});
    return {};
}

Result<void> KeyStore::State::keep(const UserKeys& keys)
{
    if (auto written = writeAtomically(userFile(keys.user.id), encode(keys)); !written)
        return written;
    const std::scoped_lock lock(mutex);
    users.insert_or_assign(keys.user.name, keys);
    return {};
}

bool KeyStore::State::lockedOut(const UserKeys& keys) const
{
    if (!keys.user.enrolled)
        return false;
    return keys.deviceTag.empty() ? device.madeNow : keys.deviceTag != deviceTag;
}

Result<Secret> KeyStore::State::kek(const UserKeys& keys, std::string_view passphrase) const
{
    const auto stretched = argon2id(passphrase, keys.salt, keys.cost);
    if (!stretched)
        return std::unexpected(stretched.error());
    WipedBytes both(2 * Secret::kBytes);
    std::memcpy(both.data(), stretched->bytes().data(), Secret::kBytes);
    std::memcpy(both.data() + Secret::kBytes, device.secret.bytes().data(), Secret::kBytes);
    return hkdf(both.bytes(), {}, "cloister/kek/v1/" + keys.user.id);
}

Result<void> KeyStore::State::setPassphrase(UserKeys& keys, const Secret& privateSeed,
                                            std::string_view passphrase) const
{
    keys.cost = ArgonCost{.memoryKiB = options.argonKiB};
    keys.salt.resize(kSaltBytes);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(keys.salt.data()), kSaltBytes) != 1)
        return std::unexpected(Error{Errc::Io, "the random generator failed"});
    const auto key = kek(keys, passphrase);
    if (!key)
        return std::unexpected(key.error());
    auto box =
        wrap(*key, privateSeed, {Purpose::UserPrivateSeed, keys.user.id}, keys.headerContext());
    if (!box)
        return std::unexpected(box.error());
    keys.privateBox = std::move(*box);
    keys.deviceTag = deviceTag;
    return {};
}

Result<void> KeyStore::State::equip(UserKeys& keys, std::string_view passphrase,
                                    const Secret& vaultKey,
                                    std::span<const std::byte> recoveryPublic) const
{
    const auto seed = Secret::random();
    if (!seed)
        return std::unexpected(seed.error());
    auto publicKey = publicKeyOf(*seed);
    if (!publicKey)
        return std::unexpected(publicKey.error());
    keys.publicKey = std::move(*publicKey);
    if (auto done = setPassphrase(keys, *seed, passphrase); !done)
        return done;
    auto mine = sealTo(keys.publicKey, vaultKey.bytes(), {Purpose::VaultKeyForUser, keys.user.id});
    if (!mine)
        return std::unexpected(mine.error());
    auto recovery =
        sealTo(recoveryPublic, vaultKey.bytes(), {Purpose::VaultKeyForRecovery, keys.user.id});
    if (!recovery)
        return std::unexpected(recovery.error());
    keys.vaultForUser = std::move(*mine);
    keys.vaultForRecovery = std::move(*recovery);
    return {};
}

} // namespace storage
