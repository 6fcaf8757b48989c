// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace support {

/// @p text, which is not empty, after one to three changes: a byte replaced by one of @p bytes (of
/// all, where that is empty), a part repeated elsewhere, a part dropped. Never empty.
[[nodiscard]] inline std::string mutated(std::string text, std::mt19937& random,
                                         std::string_view bytes = {})
{
    constexpr std::size_t kMostPart = 90;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
        const std::size_t at = random() % text.size();
        const unsigned kind = random() % 6;
        if (kind == 0)
            text.insert(at, text.substr(random() % text.size(), 1 + random() % kMostPart));
        else if (kind == 1 && at > 0)
            text.erase(at, 1 + random() % kMostPart);
        else
            text[at] = bytes.empty() ? static_cast<char>(random()) : bytes[random() % bytes.size()];
    }
    return text;
}

} // namespace support
