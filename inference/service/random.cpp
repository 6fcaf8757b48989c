// SPDX-License-Identifier: Apache-2.0
#include "inference/service/random.h"

#include "storage/digest.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <vector>

namespace service {

std::string randomHex(std::size_t bytes)
{
    std::vector<unsigned char> random(bytes);
    if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1)
        std::abort();
    std::string text = storage::hexOf(std::as_bytes(std::span(random)));
    OPENSSL_cleanse(random.data(), random.size());
    return text;
}

std::uint64_t randomNumber()
{
    std::uint64_t number = 0;
    while (number == 0)
        if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1)
            std::abort();
    return number;
}

} // namespace service
