// SPDX-License-Identifier: Apache-2.0
#include "storage/key_store.h"

#include "storage/base32.h"
#include "storage/byte_codec.h"
#include "storage/digest.h"
#include "storage/file.h"
#include "storage/ids.h"
#include "storage/kdf.h"
#include "storage/key_store_state.h"
#include "storage/recovery_shares.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace storage {
namespace {

constexpr std::size_t kLargestKeyFile = 64UL * 1024;
constexpr std::size_t kCodeBytes = 10; // 80 random bits: 16 letters and digits

Bytes codeHash(std::string_view userId, std::span<const std::uint8_t> code)
{
    ByteWriter input;
    input.text("cloister/code/v1").text(userId).bytes(std::as_bytes(code));
    const auto hash = sha256(input.written());
    return {hash.begin(), hash.end()};
}

/// Eight bytes of what is derived from it: too few to tell anything, enough to tell two apart.
Result<Bytes> deviceTagOf(const Secret& device)
{
    const auto derived = hkdf(device.bytes(), {}, "cloister/device-tag/v1");
    if (!derived)
        return std::unexpected(derived.error());
    const auto tag = derived->bytes().first<8>();
    return Bytes(tag.begin(), tag.end());
}

Result<void> readUsers(KeyStore::Options const& options, auto& users)
{
    std::error_code error;
    std::filesystem::directory_iterator entry(options.folder / "users", error);
    // Not the range's ++, which throws.
    for (const std::filesystem::directory_iterator end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".new")
            continue; // a write that a crash cut short: the file it was to replace stands
        const auto bytes = readWhole(entry->path(), kLargestKeyFile);
        if (!bytes)
            return std::unexpected(bytes.error());
        auto keys = decodeUser(*bytes);
        if (!keys)
            return std::unexpected(keys.error());
        if (keys->user.id != entry->path().filename())
            return std::unexpected(Error{Errc::Corrupt, "a user's file has another's name"});
        auto name = keys->user.name;
        users.insert_or_assign(std::move(name), std::move(*keys));
    }
    if (error)
        return std::unexpected(Error{Errc::Io, "the users cannot be listed"});
    return {};
}

} // namespace

KeyStore::KeyStore(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

KeyStore::~KeyStore() = default;

Result<std::unique_ptr<KeyStore>> KeyStore::open(Options options)
{
    for (const char* const part : {"users", "months"}) {
        if (const auto made = ensureFolder(options.folder / part); !made)
            return std::unexpected(made.error());
    }
    auto device = openDeviceSecret(options.folder);
    if (!device)
        return std::unexpected(device.error());
    auto tag = deviceTagOf(device->secret);
    if (!tag)
        return std::unexpected(tag.error());
    auto state = std::make_unique<State>(std::move(options), std::move(*device), std::move(*tag));

    const auto bytes = readWhole(state->hospitalFile(), kLargestKeyFile);
    if (!bytes && bytes.error().code != Errc::NotFound)
        return std::unexpected(bytes.error());
    if (bytes) {
        auto hospital = decodeHospital(*bytes);
        if (!hospital)
            return std::unexpected(hospital.error());
        state->hospital = std::move(*hospital);
        if (const auto read = readUsers(state->options, state->users); !read)
            return std::unexpected(read.error());
    }
    return std::unique_ptr<KeyStore>(new KeyStore(std::move(state)));
}

bool KeyStore::initialised() const
{
    const std::scoped_lock lock(m_state->mutex);
    return m_state->hospital.has_value();
}

std::string KeyStore::installId() const
{
    const std::scoped_lock lock(m_state->mutex);
    return m_state->hospital ? m_state->hospital->installId : std::string();
}

bool KeyStore::deviceSecretSealed() const
{
    return m_state->device.sealed;
}

std::size_t KeyStore::lockedOut() const
{
    const std::scoped_lock lock(m_state->mutex);
    return static_cast<std::size_t>(std::ranges::count_if(
        m_state->users, [this](const auto& user) { return m_state->lockedOut(user.second); }));
}

std::vector<User> KeyStore::users() const
{
    const std::scoped_lock lock(m_state->mutex);
    std::vector<User> users;
    for (const auto& [name, keys] : m_state->users)
        users.push_back(keys.user);
    return users;
}

Result<std::string> KeyStore::addUser(std::string_view name, Role role, const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    if (const auto hospital = m_state->hospitalKeys(); !hospital)
        return std::unexpected(hospital.error());
    if (const auto good = checkName(name); !good)
        return std::unexpected(good.error());
    if (m_state->userNamed(name))
        return std::unexpected(Error{Errc::AlreadyExists, "name_taken"});

    auto id = randomId();
    if (!id)
        return std::unexpected(id.error());
    std::array<std::uint8_t, kCodeBytes> code{};
    if (RAND_priv_bytes(code.data(), code.size()) != 1)
        return std::unexpected(Error{Errc::Io, "the random generator failed"});
    UserKeys keys;
    keys.user = User{std::move(*id), std::string(name), role, false, false};
    keys.codeHash = codeHash(keys.user.id, code);
    if (const auto kept = m_state->keep(keys); !kept)
        return std::unexpected(kept.error());
    return base32Of(code);
}

Result<void> KeyStore::enrol(std::string_view name, std::string_view code,
                             std::string_view passphrase, const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    const auto hospital = m_state->hospitalKeys();
    if (!hospital)
        return std::unexpected(hospital.error());
    const auto bytes = fromBase32(code, kCodeBytes);
    auto keys = m_state->userNamed(name);
    const Bytes typed =
        codeHash(keys ? keys->user.id : "", bytes.value_or(std::vector<std::uint8_t>()));
    if (!keys || !bytes || keys->codeHash.size() != typed.size() ||
        CRYPTO_memcmp(keys->codeHash.data(), typed.data(), typed.size()) != 0)
        return std::unexpected(Error{Errc::Invalid, "code_wrong"});
    if (const auto good = checkPassphrase(passphrase); !good)
        return good;

    const auto vaultKey = Secret::random();
    if (!vaultKey)
        return std::unexpected(vaultKey.error());
    if (const auto done = m_state->equip(*keys, passphrase, *vaultKey, hospital->recoveryPublic);
        !done)
        return done;
    keys->codeHash.clear();
    keys->user.enrolled = true;
    return m_state->keep(*keys);
}

Result<Unlocked> KeyStore::signIn(std::string_view name, std::string_view passphrase)
{
    const auto wrong = [] {
        return std::unexpected(Error{Errc::WrongPassphrase, "sign-in refused"});
    };
    if (const auto hospital = m_state->hospitalKeys(); !hospital)
        return std::unexpected(hospital.error());
    if (passphrase.empty() || passphrase.size() > 1024)
        return wrong(); // says nothing about the user

    auto keys = m_state->userNamed(name);
    const bool known = keys && keys->user.enrolled;
    if (!known) {
        // The same work as for a user who exists, so that the time does not tell them apart.
        keys.emplace();
        keys->user.id = std::string(32, '0');
        keys->cost.memoryKiB = m_state->options.argonKiB;
        keys->salt.assign(16, std::byte{0});
    }
    const auto kek = m_state->kek(*keys, passphrase);
    if (!kek)
        return std::unexpected(kek.error());
    if (!known)
        return wrong();

    auto seed = unwrap(*kek, keys->privateBox, {Purpose::UserPrivateSeed, keys->user.id},
                       keys->headerContext());
    if (!seed)
        return seed.error().code == Errc::Corrupt ? wrong() : std::unexpected(seed.error());
    auto vaultKey =
        openSecretWith(*seed, keys->vaultForUser, {Purpose::VaultKeyForUser, keys->user.id});
    if (!vaultKey)
        return std::unexpected(vaultKey.error());
    return Unlocked{keys->user, std::move(*seed), std::move(*vaultKey)};
}

Result<void> KeyStore::changePassphrase(std::string_view name, std::string_view oldPassphrase,
                                        std::string_view newPassphrase, const audit::Receipt&)
{
    const std::scoped_lock changing(m_state->change);
    if (const auto good = checkPassphrase(newPassphrase); !good)
        return good;
    const auto unlocked = signIn(name, oldPassphrase);
    if (!unlocked)
        return std::unexpected(unlocked.error());
    auto keys = m_state->userNamed(name);
    if (!keys)
        return std::unexpected(Error{Errc::NotFound, "no such user"});
    if (const auto done = m_state->setPassphrase(*keys, unlocked->privateSeed, newPassphrase);
        !done)
        return done;
    return m_state->keep(*keys);
}

} // namespace storage
