// SPDX-License-Identifier: Apache-2.0
#include "inference/service/random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cassert>
#include <cstdlib>
#include <vector>

namespace service {

std::string hex(std::span<const std::byte> bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
        text += kDigits[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

std::string randomHex(std::size_t bytes)
{
    std::vector<unsigned char> random(bytes);
    if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1)
        std::abort();
    std::string text = hex(std::as_bytes(std::span(random)));
    OPENSSL_cleanse(random.data(), random.size());
    return text;
}

std::array<std::byte, 32> sha256(std::string_view text)
{
    std::array<std::byte, 32> digest;
    std::size_t length = 0;
    const int done = EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(),
                                  reinterpret_cast<unsigned char*>(digest.data()), &length);
    assert(done == 1 && length == digest.size());
    return digest;
}

void wipe(std::string& secret)
{
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

} // namespace service
