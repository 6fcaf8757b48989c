// SPDX-License-Identifier: Apache-2.0
#include "inference/model/model_hash.h"

#include <charconv>
#include <format>

namespace model {

std::string hexOf(const ModelHash& hash)
{
    std::string hex;
    for (const std::byte byte : hash)
        hex += std::format("{:02x}", std::to_integer<unsigned>(byte));
    return hex;
}

std::optional<ModelHash> hashOfHex(std::string_view hex)
{
    ModelHash hash = {};
    if (hex.size() != 2 * hash.size())
        return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        unsigned byte = 0;
        const char* const at = hex.data() + 2 * i;
        const auto [end, error] = std::from_chars(at, at + 2, byte, 16);
        if (error != std::errc() || end != at + 2)
            return std::nullopt;
        hash[i] = static_cast<std::byte>(byte);
    }
    return hash;
}

} // namespace model
