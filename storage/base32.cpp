// SPDX-License-Identifier: Apache-2.0
#include "storage/base32.h"

#include <cassert>
#include <cctype>

namespace storage {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::optional<unsigned> digitOf(char typed)
{
    const char upper = static_cast<char>(std::toupper(static_cast<unsigned char>(typed)));
    const char meant = upper == 'O' ? '0' : upper == 'I' || upper == 'L' ? '1' : upper;
    const auto found = kAlphabet.find(meant);
    if (found == std::string_view::npos)
        return std::nullopt;
    return static_cast<unsigned>(found);
}

} // namespace

std::string base32Of(std::span<const std::uint8_t> bytes)
{
    assert(bytes.size() % 5 == 0);
    std::string text;
    for (std::size_t digit = 0; digit < bytes.size() * 8 / 5; ++digit) {
        unsigned value = 0;
        for (std::size_t bit = 5 * digit; bit < 5 * digit + 5; ++bit)
            value = value << 1U | ((bytes[bit / 8] >> (7 - bit % 8)) & 1U);
        if (digit > 0 && digit % 4 == 0)
            text.push_back('-');
        text.push_back(kAlphabet[value]);
    }
    return text;
}

std::optional<std::vector<std::uint8_t>> fromBase32(std::string_view text, std::size_t size)
{
    std::vector<std::uint8_t> bytes(size);
    std::size_t bit = 0;
    for (const char character : text) {
        if (character == '-' || std::isspace(static_cast<unsigned char>(character)) != 0)
            continue;
        const auto digit = digitOf(character);
        if (!digit || bit + 5 > size * 8)
            return std::nullopt;
        for (int i = 4; i >= 0; --i, ++bit)
            bytes[bit / 8] |= static_cast<std::uint8_t>(((*digit >> i) & 1U) << (7 - bit % 8));
    }
    if (bit != size * 8)
        return std::nullopt;
    return bytes;
}

} // namespace storage
