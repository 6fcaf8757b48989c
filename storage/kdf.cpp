// SPDX-License-Identifier: Apache-2.0
#include "storage/kdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <mutex>

namespace storage {
namespace {

using Kdf = std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;

// libcrypto's parameters are not const, but it only reads them. It refuses null, even of length 0.
OSSL_PARAM octets(const char* name, const void* bytes, std::size_t size)
{
    const void* const there = bytes == nullptr ? "" : bytes;
    return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(there), size);
}

Result<Secret> derived(const char* name, std::span<const OSSL_PARAM> parameters)
{
    const Kdf kdf(EVP_KDF_fetch(nullptr, name, nullptr), EVP_KDF_free);
    const KdfContext context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr, EVP_KDF_CTX_free);
    if (!context)
        return std::unexpected(Error{Errc::Io, std::string("libcrypto has no ") + name});
    return Secret::make([&](std::span<std::byte, Secret::kBytes> out) -> Result<void> {
        auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
        if (EVP_KDF_derive(context.get(), bytes, out.size(), parameters.data()) != 1)
            return std::unexpected(Error{Errc::Io, std::string(name) + " failed"});
        return {};
    });
}

} // namespace

Result<Secret> hkdf(std::span<const std::byte> input, std::span<const std::byte> salt,
                    std::string_view info)
{
    char digest[] = "SHA256";
    const std::array parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, input.data(), input.size()),
        octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
        octets(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end(),
    };
    return derived("HKDF", parameters);
}

Result<Secret> argon2id(std::string_view passphrase, std::span<const std::byte> salt,
                        const ArgonCost& cost)
{
    // A damaged header must not make the daemon ask for a terabyte.
    const bool sane = cost.memoryKiB >= 64 && cost.memoryKiB <= 4U * 1024 * 1024 &&
                      cost.passes >= 1 && cost.passes <= 64 && cost.lanes >= 1 &&
                      cost.lanes <= 64 && cost.memoryKiB >= 8 * cost.lanes;
    if (!sane)
        return std::unexpected(Error{Errc::Invalid, "the cost of Argon2 is out of bounds"});

    static std::mutex oneAtATime; // 256 MiB each: many sign-ins at once must not exhaust memory
    const std::scoped_lock lock(oneAtATime);

    std::uint32_t memory = cost.memoryKiB;
    std::uint32_t passes = cost.passes;
    std::uint32_t lanes = cost.lanes;
    std::uint32_t threads = 1; // lanes decide the result, threads only the time
    const std::array parameters{
        octets(OSSL_KDF_PARAM_PASSWORD, passphrase.data(), passphrase.size()),
        octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &passes),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_MEMCOST, &memory),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_LANES, &lanes),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_THREADS, &threads),
        OSSL_PARAM_construct_end(),
    };
    return derived("ARGON2ID", parameters);
}

} // namespace storage
