// SPDX-License-Identifier: Apache-2.0
#include "storage/import/base64.h"

#include <cstdint>

namespace imports {

namespace {

int valueOf(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

} // namespace

std::optional<std::string> decodeBase64(std::string_view text)
{
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    int digits = 0;
    int padding = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const int value = valueOf(c);
        if (value < 0 || padding > 0)
            return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(value);
        if (++digits == 4) {
            for (int shift = 16; shift >= 0; shift -= 8)
                bytes.push_back(static_cast<char>(group >> shift & 0xFF));
            group = 0;
            digits = 0;
        }
    }
    // Two or three digits of a last group carry one or two bytes; padding must say the same.
    if (digits == 1 || padding != (digits == 0 ? 0 : 4 - digits))
        return std::nullopt;
    if (digits == 2 && (group & 0xF) == 0)
        bytes.push_back(static_cast<char>(group >> 4));
    else if (digits == 3 && (group & 0x3) == 0) {
        bytes.push_back(static_cast<char>(group >> 10 & 0xFF));
        bytes.push_back(static_cast<char>(group >> 2 & 0xFF));
    } else if (digits != 0) {
        return std::nullopt;
    }
    return bytes;
}

} // namespace imports
