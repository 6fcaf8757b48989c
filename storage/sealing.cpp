// SPDX-License-Identifier: Apache-2.0
#include "storage/sealing.h"

#include "storage/hybrid_kem.h"
#include "storage/kdf.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

namespace storage {
namespace {

constexpr std::byte kBoxVersion{1};
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kSealedHead = 1 + kEncapsulationBytes;
constexpr std::size_t kSaltedHead = 1 + kSaltBytes;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* uc(const std::byte* bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* uc(std::byte* bytes)
{
    return reinterpret_cast<unsigned char*>(bytes);
}

std::unexpected<Error> corrupt()
{
    return std::unexpected(Error{Errc::Corrupt, "a box does not open"});
}
std::unexpected<Error> failed()
{
    return std::unexpected(Error{Errc::Io, "libcrypto refused"});
}

/// "cloister" purpose version len(owner) owner context: unambiguous, as only the last has no
/// length.
Bytes associatedData(const Binding& binding, std::span<const std::byte> context)
{
    Bytes data;
    const auto magic = std::as_bytes(std::span("cloister", 8));
    data.insert(data.end(), magic.begin(), magic.end());
    data.push_back(static_cast<std::byte>(binding.purpose));
    data.push_back(kBoxVersion);
    data.push_back(static_cast<std::byte>(binding.owner.size()));
    const auto owner = std::as_bytes(std::span(binding.owner));
    data.insert(data.end(), owner.begin(), owner.end());
    data.insert(data.end(), context.begin(), context.end());
    return data;
}

/// AES-256-GCM into @p out (plain size + tag). Each key encrypts once, so the nonce is zero.
Result<void> encrypt(const Secret& key, std::span<const std::byte> data,
                     std::span<const std::byte> plain, std::span<std::byte> out)
{
    const std::array<unsigned char, kNonceBytes> nonce{};
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int length = 0;
    if (!cipher ||
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, uc(key.bytes().data()),
                           nonce.data()) != 1 ||
        EVP_EncryptUpdate(cipher.get(), nullptr, &length, uc(data.data()),
                          static_cast<int>(data.size())) != 1 ||
        EVP_EncryptUpdate(cipher.get(), uc(out.data()), &length, uc(plain.data()),
                          static_cast<int>(plain.size())) != 1 ||
        EVP_EncryptFinal_ex(cipher.get(), uc(out.data()) + plain.size(), &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                            uc(out.data()) + plain.size()) != 1)
        return failed();
    return {};
}

/// Reverses encrypt(). @p out is wiped when the tag is wrong.
Result<void> decrypt(const Secret& key, std::span<const std::byte> data,
                     std::span<const std::byte> sealed, std::span<std::byte> out)
{
    const std::array<unsigned char, kNonceBytes> nonce{};
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int length = 0;
    std::array<unsigned char, kTagBytes> tag{};
    std::memcpy(tag.data(), sealed.data() + out.size(), kTagBytes);
    if (!cipher ||
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, uc(key.bytes().data()),
                           nonce.data()) != 1 ||
        EVP_DecryptUpdate(cipher.get(), nullptr, &length, uc(data.data()),
                          static_cast<int>(data.size())) != 1 ||
        EVP_DecryptUpdate(cipher.get(), uc(out.data()), &length, uc(sealed.data()),
                          static_cast<int>(out.size())) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) != 1)
        return failed();
    std::array<unsigned char, kTagBytes> rest{};
    if (EVP_DecryptFinal_ex(cipher.get(), rest.data(), &length) != 1) {
        OPENSSL_cleanse(out.data(), out.size());
        return corrupt();
    }
    return {};
}

/// The one-use key of a box: what it is derived from or the salt differs for every box.
Result<Secret> boxKey(const Secret& base, std::span<const std::byte> salt, const Binding& binding)
{
    return hkdf(base.bytes(), salt,
                "cloister/box/v1/" + std::to_string(static_cast<unsigned>(binding.purpose)));
}

bool fits(const Binding& binding, std::size_t plain)
{
    return binding.owner.size() <= 255 && plain <= 1U << 30U; // libcrypto counts in int
}

Result<void> checkHead(std::span<const std::byte> box, std::size_t smallest)
{
    if (!box.empty() && box[0] > kBoxVersion)
        return std::unexpected(Error{Errc::TooNew, "a box of a newer version"});
    if (box.size() < smallest || box[0] != kBoxVersion)
        return corrupt();
    return {};
}

/// version, head (encapsulation or salt), ciphertext, tag.
Result<Bytes> box(const Secret& key, std::span<const std::byte> head,
                  std::span<const std::byte> plain, std::span<const std::byte> data)
{
    Bytes out(1 + head.size() + plain.size() + kTagBytes);
    out[0] = kBoxVersion;
    std::ranges::copy(head, out.begin() + 1);
    const auto done = encrypt(key, data, plain, std::span(out).subspan(1 + head.size()));
    if (!done)
        return std::unexpected(done.error());
    return out;
}

Result<void> unboxSealed(const Secret& privateSeed, std::span<const std::byte> sealed,
                         const Binding& binding, std::span<std::byte> out)
{
    const auto shared = decapsulate(privateSeed, sealed.subspan(1, kEncapsulationBytes));
    if (!shared)
        return std::unexpected(shared.error());
    const auto key = boxKey(*shared, {}, binding);
    if (!key)
        return std::unexpected(key.error());
    return decrypt(*key, associatedData(binding, {}), sealed.subspan(kSealedHead), out);
}

Result<void> unboxSalted(const Secret& key, std::span<const std::byte> sealed,
                         const Binding& binding, std::span<const std::byte> context,
                         std::span<std::byte> out)
{
    const auto once = boxKey(key, sealed.subspan(1, kSaltBytes), binding);
    if (!once)
        return std::unexpected(once.error());
    return decrypt(*once, associatedData(binding, context), sealed.subspan(kSaltedHead), out);
}

} // namespace

Result<Bytes> sealTo(std::span<const std::byte> publicKey, std::span<const std::byte> plain,
                     const Binding& binding)
{
    if (!fits(binding, plain.size()))
        return std::unexpected(Error{Errc::Invalid, "too long to be sealed"});
    const auto shared = encapsulate(publicKey);
    if (!shared)
        return std::unexpected(shared.error());
    const auto key = boxKey(shared->shared, {}, binding);
    if (!key)
        return std::unexpected(key.error());
    return box(*key, shared->encapsulation, plain, associatedData(binding, {}));
}

Result<Bytes> openWith(const Secret& privateSeed, std::span<const std::byte> sealed,
                       const Binding& binding)
{
    if (const auto head = checkHead(sealed, kSealedHead + kTagBytes); !head)
        return std::unexpected(head.error());
    Bytes plain(sealed.size() - kSealedHead - kTagBytes);
    if (!fits(binding, plain.size()))
        return corrupt();
    if (const auto done = unboxSealed(privateSeed, sealed, binding, plain); !done)
        return std::unexpected(done.error());
    return plain;
}

Result<Secret> openSecretWith(const Secret& privateSeed, std::span<const std::byte> sealed,
                              const Binding& binding)
{
    if (const auto head = checkHead(sealed, kSealedHead + kTagBytes); !head)
        return std::unexpected(head.error());
    if (sealed.size() != kSealedHead + Secret::kBytes + kTagBytes)
        return corrupt();
    return Secret::make([&](std::span<std::byte, Secret::kBytes> out) {
        return unboxSealed(privateSeed, sealed, binding, out);
    });
}

Result<Bytes> sealUnder(const Secret& key, std::span<const std::byte> plain, const Binding& binding,
                        std::span<const std::byte> context)
{
    if (!fits(binding, plain.size()))
        return std::unexpected(Error{Errc::Invalid, "too long to be sealed"});
    std::array<std::byte, kSaltBytes> salt{};
    if (RAND_bytes(uc(salt.data()), static_cast<int>(salt.size())) != 1)
        return failed();
    const auto once = boxKey(key, salt, binding);
    if (!once)
        return std::unexpected(once.error());
    return box(*once, salt, plain, associatedData(binding, context));
}

Result<Bytes> openUnder(const Secret& key, std::span<const std::byte> sealed,
                        const Binding& binding, std::span<const std::byte> context)
{
    if (const auto head = checkHead(sealed, kSaltedHead + kTagBytes); !head)
        return std::unexpected(head.error());
    Bytes plain(sealed.size() - kSaltedHead - kTagBytes);
    if (!fits(binding, plain.size()))
        return corrupt();
    if (const auto done = unboxSalted(key, sealed, binding, context, plain); !done)
        return std::unexpected(done.error());
    return plain;
}

Result<Bytes> wrap(const Secret& key, const Secret& content, const Binding& binding,
                   std::span<const std::byte> context)
{
    return sealUnder(key, content.bytes(), binding, context);
}

Result<Secret> unwrap(const Secret& key, std::span<const std::byte> wrapped, const Binding& binding,
                      std::span<const std::byte> context)
{
    if (const auto head = checkHead(wrapped, kSaltedHead + Secret::kBytes + kTagBytes); !head)
        return std::unexpected(head.error());
    if (wrapped.size() != kSaltedHead + Secret::kBytes + kTagBytes)
        return corrupt();
    return Secret::make([&](std::span<std::byte, Secret::kBytes> out) {
        return unboxSalted(key, wrapped, binding, context, out);
    });
}

Result<Secret> derive(const Secret& key, std::string_view use)
{
    return hkdf(key.bytes(), {}, std::string("cloister/derive/v1/").append(use));
}

} // namespace storage
