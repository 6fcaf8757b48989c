// SPDX-License-Identifier: Apache-2.0
#include "storage/digest.h"

#include <openssl/evp.h>

#include <cassert>

namespace storage {

std::array<std::byte, 32> sha256(std::span<const std::byte> bytes)
{
    std::array<std::byte, 32> digest{};
    std::size_t size = 0;
    const int done = EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(),
                                  reinterpret_cast<unsigned char*>(digest.data()), &size);
    assert(done == 1 && size == digest.size()); // no input makes it fail
    return digest;
}

std::array<std::byte, 32> sha256(std::string_view text)
{
    return sha256(std::as_bytes(std::span(text)));
}

std::string hexOf(std::span<const std::byte> bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        hex.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4U]);
        hex.push_back(kDigits[std::to_integer<unsigned>(byte) & 15U]);
    }
    return hex;
}

} // namespace storage
