// SPDX-License-Identifier: Apache-2.0
#include "storage/ids.h"

#include "storage/digest.h"

#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <format>

namespace storage {
namespace {

using Bytes16 = std::array<std::byte, 16>;

Result<Bytes16> randomBytes()
{
    Bytes16 bytes{};
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()) != 1)
        return std::unexpected(Error{Errc::Io, "the random generator failed"});
    return bytes;
}

bool isUuidCharacter(std::size_t position, char character)
{
    if (position == 8 || position == 13 || position == 18 || position == 23)
        return character == '-';
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
}

} // namespace

Result<std::string> randomId()
{
    const auto bytes = randomBytes();
    if (!bytes)
        return std::unexpected(bytes.error());
    return hexOf(*bytes);
}

Result<std::string> uuidV7(Clock::time_point now)
{
    auto bytes = randomBytes();
    if (!bytes)
        return std::unexpected(bytes.error());
    const auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
    for (std::size_t i = 0; i < 6; ++i)
        (*bytes)[i] = static_cast<std::byte>(milliseconds >> (8 * (5 - i)));
    (*bytes)[6] = ((*bytes)[6] & std::byte{0x0F}) | std::byte{0x70};
    (*bytes)[8] = ((*bytes)[8] & std::byte{0x3F}) | std::byte{0x80};

    std::string text = hexOf(*bytes);
    for (const std::size_t hyphen : {8U, 13U, 18U, 23U})
        text.insert(hyphen, 1, '-');
    return text;
}

std::optional<Clock::time_point> timeOfUuid(std::string_view uuid)
{
    if (uuid.size() != 36 || uuid[14] != '7')
        return std::nullopt;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (!isUuidCharacter(i, uuid[i]))
            return std::nullopt;
    }
    std::string digits(uuid.substr(0, 8));
    digits.append(uuid.substr(9, 4));
    std::int64_t milliseconds = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds, 16);
    return Clock::time_point(std::chrono::milliseconds(milliseconds));
}

std::string utcText(Clock::time_point time)
{
    return std::format("{:%FT%T}Z", std::chrono::floor<std::chrono::milliseconds>(time));
}

std::string monthOf(Clock::time_point time)
{
    return std::format("{:%Y-%m}", std::chrono::floor<std::chrono::days>(time));
}

} // namespace storage
