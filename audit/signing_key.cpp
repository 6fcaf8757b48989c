// SPDX-License-Identifier: Apache-2.0
#include "audit/signing_key.h"

#include "audit/log_format.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace audit {

namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kSeedsBytes = 2 * kSeedBytes;
constexpr std::size_t kFileBytes = kKeyMagic.size() + kSeedsBytes + kHashBytes;

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

/// Bytes that are wiped when they go.
struct Secret {
    std::vector<std::byte> bytes;
    explicit Secret(std::vector<std::byte> given)
        : bytes(std::move(given))
    {
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

std::unexpected<Error> badKey(const char* what)
{
    return std::unexpected(Error{Errc::Key, what});
}

Key ed25519FromSeed(Bytes seed)
{
    return Key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr,
                                               reinterpret_cast<const unsigned char*>(seed.data()),
                                               seed.size()));
}

Key mlDsaFromSeed(Bytes seed)
{
    // OpenSSL only reads what the parameter points to.
    auto* data = const_cast<std::byte*>(seed.data());
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, data, seed.size()),
        OSSL_PARAM_construct_end(),
    };
    const std::unique_ptr<EVP_PKEY_CTX, FreeKey> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "ML-DSA-44", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR,
                          const_cast<OSSL_PARAM*>(parameters.data())) != 1)
        return nullptr;
    return Key(key);
}

std::vector<std::byte> rawPublicKey(const Key& key)
{
    std::size_t size = 0;
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), nullptr, &size) != 1)
        return {};
    std::vector<std::byte> bytes(size);
    if (EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                    &size) != 1)
        return {};
    return bytes;
}

/// Empty when OpenSSL refuses.
std::vector<std::byte> signatureOf(const Key& key, Bytes message)
{
    const std::unique_ptr<EVP_MD_CTX, FreeKey> context(EVP_MD_CTX_new());
    const auto* data = reinterpret_cast<const unsigned char*>(message.data());
    std::size_t size = 0;
    if (!context ||
        EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(),
                              nullptr) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) != 1)
        return {};
    std::vector<std::byte> signature(size);
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       data, message.size()) != 1)
        return {};
    signature.resize(size);
    return signature;
}

} // namespace

struct SigningKey::Pair {
    Key ed25519;
    Key mlDsa;
};

SigningKey::SigningKey(std::unique_ptr<Pair> pair, PublicKeys publicKeys)
    : m_pair(std::move(pair))
    , m_public(std::move(publicKeys))
{
}

SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::fromSeeds(Bytes seeds, std::string_view origin)
{
    if (!isOrigin(origin))
        return badKey("the log's origin is not one word of printable characters");
    auto pair = std::make_unique<Pair>(ed25519FromSeed(seeds.first(kSeedBytes)),
                                       mlDsaFromSeed(seeds.subspan(kSeedBytes, kSeedBytes)));
    PublicKeys publicKeys{std::string(origin), rawPublicKey(pair->ed25519),
                          rawPublicKey(pair->mlDsa)};
    if (publicKeys.ed25519.size() != kEd25519KeyBytes || publicKeys.mlDsa.size() != kMlDsaKeyBytes)
        return badKey("this OpenSSL makes no Ed25519 or no ML-DSA-44 key");
    return SigningKey(std::move(pair), std::move(publicKeys));
}

Result<SigningKey> SigningKey::open(Files& files, const std::filesystem::path& file,
                                    std::string_view origin)
{
    const auto in = File::open(files, file, Files::Mode::Read);
    if (!in)
        return std::unexpected(in.error());
    const auto shared = in->isShared();
    if (!shared)
        return std::unexpected(shared.error());
    if (*shared)
        return badKey("the signing key can be read or written by others than its owner");
    auto bytes = in->readAt(0, kFileBytes + 1);
    if (!bytes)
        return std::unexpected(bytes.error());
    const Secret content(std::move(*bytes));
    const Bytes all(content.bytes);
    if (all.size() != kFileBytes ||
        !std::ranges::equal(asText(all.first(kKeyMagic.size())), kKeyMagic) ||
        !std::ranges::equal(all.last(kHashBytes), sha256({all.first(kFileBytes - kHashBytes)})))
        return badKey("the signing key's file is damaged");
    return fromSeeds(all.subspan(kKeyMagic.size(), kSeedsBytes), origin);
}

Result<SigningKey> SigningKey::create(Files& files, const std::filesystem::path& file,
                                      std::string_view origin)
{
    Secret content{std::vector<std::byte>(kFileBytes)};
    const std::span all(content.bytes);
    std::ranges::copy(asBytes(std::string_view(kKeyMagic)), all.begin());
    const auto seeds = all.subspan(kKeyMagic.size(), kSeedsBytes);
    if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(seeds.data()),
                        static_cast<int>(seeds.size())) != 1)
        return badKey("the system gives no random bytes");
    std::ranges::copy(sha256({all.first(kFileBytes - kHashBytes)}), all.last(kHashBytes).begin());
    auto key = fromSeeds(seeds, origin);
    if (!key)
        return key;
    if (const auto written = replaceFile(files, file, all); !written)
        return std::unexpected(written.error());
    return key;
}

Result<std::string> SigningKey::sign(const TreeHead& head, std::uint64_t timestamp) const
{
    const std::string& name = m_public.name;
    const std::string text = noteText(name, head);
    const auto ed25519 = signatureOf(m_pair->ed25519, asBytes(text));
    const auto mlDsa = signatureOf(m_pair->mlDsa, cosignedMessage(name, head, timestamp));
    if (ed25519.size() != kEd25519SignatureBytes || mlDsa.size() != kMlDsaSignatureBytes)
        return badKey("the checkpoint could not be signed");
    std::vector<std::byte> stamped;
    for (unsigned left = 8; left > 0; --left)
        stamped.push_back(static_cast<std::byte>(timestamp >> (8U * (left - 1))));
    stamped.insert(stamped.end(), mlDsa.begin(), mlDsa.end());
    return text + "\n" + signatureLine(name, kEd25519Type, m_public.ed25519, ed25519) +
           signatureLine(name, kMlDsaType, m_public.mlDsa, stamped);
}

} // namespace audit
