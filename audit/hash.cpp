// SPDX-License-Identifier: Apache-2.0
#include "audit/hash.h"

#include <cassert>
#include <memory>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace audit {

namespace {

constexpr std::byte kLeafPrefix{0x00};
constexpr std::byte kNodePrefix{0x01};

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* threadContext()
{
    // One per thread: allocating a context costs as much as hashing a short record.
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    return context.get();
}

} // namespace

Hash sha256(std::initializer_list<Bytes> parts)
{
    // Fails only when memory is gone; then the process must not go on with a wrong hash.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = threadContext();
    assert(algorithm && context);
    bool fine = EVP_DigestInit_ex2(context, algorithm, nullptr) == 1;
    for (const Bytes part : parts)
        fine = fine && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
    Hash hash;
    fine = fine &&
           EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1;
    assert(fine);
    return hash;
}

Hash leafHash(Bytes record)
{
    return sha256({Bytes(&kLeafPrefix, 1), record});
}

Hash nodeHash(const Hash& left, const Hash& right)
{
    return sha256({Bytes(&kNodePrefix, 1), left, right});
}

Hash commitment(Bytes salt, std::string_view name, Bytes value)
{
    std::vector<std::byte> message;
    message.reserve(name.size() + 1 + value.size());
    message.insert(message.end(), asBytes(name).begin(), asBytes(name).end());
    message.push_back(std::byte{0});
    message.insert(message.end(), value.begin(), value.end());

    Hash hash;
    unsigned int size = 0;
    const auto* made = HMAC(EVP_sha256(), salt.data(), static_cast<int>(salt.size()),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                            reinterpret_cast<unsigned char*>(hash.data()), &size);
    assert(made && size == hash.size());
    return hash;
}

Bytes asBytes(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

std::string_view asText(Bytes bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace audit
