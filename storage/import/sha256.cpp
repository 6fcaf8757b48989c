// SPDX-License-Identifier: Apache-2.0
#include "storage/import/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cassert>

namespace imports {

std::string sha256Hex(std::string_view bytes)
{
    std::array<unsigned char, 32> digest{};
    std::size_t length = 0;
    const int done = EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(),
                                  digest.data(), &length);
    assert(done == 1 && length == digest.size());
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * digest.size());
    for (const unsigned char byte : digest) {
        hex.push_back(kDigits[byte >> 4U]);
        hex.push_back(kDigits[byte & 0xFU]);
    }
    return hex;
}

void prepareSha256()
{
    const std::string hex = sha256Hex({});
    assert(hex.starts_with("e3b0c442")); // SHA-256 of nothing
}

} // namespace imports
