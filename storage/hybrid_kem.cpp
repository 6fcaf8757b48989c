// SPDX-License-Identifier: Apache-2.0
#include "storage/hybrid_kem.h"

#include "storage/digest.h"
#include "storage/kdf.h"
#include "storage/wiped_bytes.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstring>
#include <memory>
#include <string_view>

namespace storage {
namespace {

constexpr std::size_t kMlKemSeedBytes = 64;
constexpr std::size_t kMlKemPrivateBytes = 2400;
constexpr std::size_t kX25519Bytes = 32;
constexpr std::size_t kSharedBytes = 64; // ML-KEM's 32, then X25519's 32

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

std::unexpected<Error> refused()
{
    return std::unexpected(Error{Errc::Io, "libcrypto refused a hybrid key"});
}

Key imported(const char* algorithm, const char* part, const unsigned char* bytes, std::size_t size,
             int selection)
{
    EVP_PKEY* key = nullptr;
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr),
                             EVP_PKEY_CTX_free);
    std::array parameters{
        OSSL_PARAM_construct_octet_string(part, const_cast<unsigned char*>(bytes), size),
        OSSL_PARAM_construct_end(),
    };
    if (context && EVP_PKEY_fromdata_init(context.get()) == 1)
        EVP_PKEY_fromdata(context.get(), &key, selection, parameters.data());
    return {key, EVP_PKEY_free};
}

/// Writes 32 bytes derived from the seed for @p use.
Result<void> expand(const Secret& seed, std::string_view use, unsigned char* out)
{
    const auto part = hkdf(seed.bytes(), {}, use);
    if (!part)
        return std::unexpected(part.error());
    std::memcpy(out, part->bytes().data(), Secret::kBytes);
    return {};
}

/// libcrypto imports the hybrid private key as ML-KEM's expanded key followed by X25519's scalar.
Result<Key> privateKeyOf(const Secret& seed)
{
    WipedBytes mlKemSeed(kMlKemSeedBytes);
    WipedBytes whole(kMlKemPrivateBytes + kX25519Bytes);
    for (const auto& [use, out] : {
             std::pair{"cloister/seed/v1/ml-kem-d", mlKemSeed.data()},
             std::pair{"cloister/seed/v1/ml-kem-z", mlKemSeed.data() + Secret::kBytes},
             std::pair{"cloister/seed/v1/x25519", whole.data() + kMlKemPrivateBytes},
         }) {
        if (const auto done = expand(seed, use, out); !done)
            return std::unexpected(done.error());
    }

    const Key mlKem = imported("ML-KEM-768", OSSL_PKEY_PARAM_ML_KEM_SEED, mlKemSeed.data(),
                               mlKemSeed.size(), EVP_PKEY_KEYPAIR);
    std::size_t size = 0;
    if (!mlKem ||
        EVP_PKEY_get_octet_string_param(mlKem.get(), OSSL_PKEY_PARAM_PRIV_KEY, whole.data(),
                                        kMlKemPrivateBytes, &size) != 1 ||
        size != kMlKemPrivateBytes)
        return refused();
    Key hybrid = imported("X25519MLKEM768", OSSL_PKEY_PARAM_PRIV_KEY, whole.data(), whole.size(),
                          EVP_PKEY_KEYPAIR);
    if (!hybrid)
        return refused();
    return hybrid;
}

Result<std::vector<std::byte>> publicPart(const Key& key)
{
    std::vector<std::byte> bytes(kPublicKeyBytes);
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                        reinterpret_cast<unsigned char*>(bytes.data()),
                                        bytes.size(), &size) != 1 ||
        size != kPublicKeyBytes)
        return refused();
    return bytes;
}

/// Both halves of the shared secret, bound to this encapsulation and this recipient: X25519 alone
/// would give the same secret for equivalent keys.
Result<Secret> combined(const WipedBytes& shared, std::span<const std::byte> encapsulation,
                        std::span<const std::byte> publicKey)
{
    std::vector<std::byte> transcript(encapsulation.begin(), encapsulation.end());
    transcript.insert(transcript.end(), publicKey.begin(), publicKey.end());
    return hkdf(shared.bytes(), sha256(transcript), "cloister/hybrid/v1");
}

} // namespace

Result<std::vector<std::byte>> publicKeyOf(const Secret& privateSeed)
{
    const auto key = privateKeyOf(privateSeed);
    if (!key)
        return std::unexpected(key.error());
    return publicPart(*key);
}

Result<Encapsulated> encapsulate(std::span<const std::byte> publicKey)
{
    const Key key = imported("X25519MLKEM768", OSSL_PKEY_PARAM_PUB_KEY,
                             reinterpret_cast<const unsigned char*>(publicKey.data()),
                             publicKey.size(), EVP_PKEY_PUBLIC_KEY);
    if (!key)
        return std::unexpected(Error{Errc::Corrupt, "a public key cannot be read"});
    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr),
                             EVP_PKEY_CTX_free);

    std::vector<std::byte> encapsulation(kEncapsulationBytes);
    WipedBytes shared(kSharedBytes);
    std::size_t encapsulationSize = encapsulation.size();
    std::size_t sharedSize = shared.size();
    if (!context || EVP_PKEY_encapsulate_init(context.get(), nullptr) != 1 ||
        EVP_PKEY_encapsulate(context.get(), reinterpret_cast<unsigned char*>(encapsulation.data()),
                             &encapsulationSize, shared.data(), &sharedSize) != 1 ||
        encapsulationSize != kEncapsulationBytes || sharedSize != kSharedBytes)
        return refused();
    auto secret = combined(shared, encapsulation, publicKey);
    if (!secret)
        return std::unexpected(secret.error());
    return Encapsulated{std::move(encapsulation), std::move(*secret)};
}

Result<Secret> decapsulate(const Secret& privateSeed, std::span<const std::byte> encapsulation)
{
    if (encapsulation.size() != kEncapsulationBytes)
        return std::unexpected(Error{Errc::Corrupt, "an encapsulation of the wrong size"});
    const auto key = privateKeyOf(privateSeed);
    if (!key)
        return std::unexpected(key.error());
    const auto publicKey = publicPart(*key);
    if (!publicKey)
        return std::unexpected(publicKey.error());
    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key->get(), nullptr),
                             EVP_PKEY_CTX_free);

    WipedBytes shared(kSharedBytes);
    std::size_t sharedSize = shared.size();
    if (!context || EVP_PKEY_decapsulate_init(context.get(), nullptr) != 1)
        return refused();
    if (EVP_PKEY_decapsulate(context.get(), shared.data(), &sharedSize,
                             reinterpret_cast<const unsigned char*>(encapsulation.data()),
                             encapsulation.size()) != 1 ||
        sharedSize != kSharedBytes)
        return std::unexpected(Error{Errc::Corrupt, "an encapsulation does not open"});
    return combined(shared, encapsulation, *publicKey);
}

} // namespace storage
