// SPDX-License-Identifier: Apache-2.0
#include "storage/recovery_shares.h"

#include "storage/base32.h"
#include "storage/digest.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace storage {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kShares = 3;
constexpr std::size_t kTagBytes = 3;   // of the installation
constexpr std::size_t kCheckBytes = 4; // one typing error in four thousand million passes
constexpr std::size_t kShareBytes = 1 + kTagBytes + Secret::kBytes + kCheckBytes;
static_assert(kShareBytes % 5 == 0); // fills its base 32 digits

struct Share {
    std::uint8_t index = 0; // 1-3: the x at which the polynomials were taken
    Secret value;
};

/// Product in GF(256), without a branch or a table that a secret decides.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b)
{
    unsigned product = 0;
    unsigned x = a;
    for (unsigned bit = 0; bit < 8; ++bit) {
        product ^= x & (0U - ((b >> bit) & 1U));
        x = (x << 1U) ^ (0x11BU & (0U - (x >> 7U)));
    }
    return static_cast<std::uint8_t>(product);
}

/// a^254 = 1/a in GF(256); only of differences of indices, which are no secret.
std::uint8_t inverse(std::uint8_t a)
{
    std::uint8_t result = 1;
    for (int i = 0; i < 254; ++i)
        result = multiply(result, a);
    return result;
}

std::array<std::uint8_t, 32> digestOf(std::string_view domain, std::span<const std::uint8_t> bytes)
{
    std::vector<std::uint8_t> input(domain.begin(), domain.end());
    input.insert(input.end(), bytes.begin(), bytes.end());
    const auto digest = sha256(std::as_bytes(std::span(input)));
    OPENSSL_cleanse(input.data(), input.size());
    return std::bit_cast<std::array<std::uint8_t, 32>>(digest);
}

std::array<std::uint8_t, 32> tagOf(std::string_view installId)
{
    return digestOf(
        "cloister/share-tag/",
        std::span(reinterpret_cast<const std::uint8_t*>(installId.data()), installId.size()));
}

std::unexpected<Error> invalid(const char* why)
{
    return std::unexpected(Error{Errc::Invalid, why});
}

Result<Share> parsed(std::string_view text, std::string_view installId)
{
    auto bytes = fromBase32(text, kShareBytes);
    if (!bytes)
        return invalid("share_unreadable");
    const auto body = std::span(*bytes).first(kShareBytes - kCheckBytes);
    const auto check = digestOf("cloister/share-check/", body);
    const bool intact = std::ranges::equal(std::span(check).first(kCheckBytes),
                                           std::span(*bytes).last(kCheckBytes));
    const auto index = static_cast<std::uint8_t>((*bytes)[0] & 15U);
    if (!intact || index < 1 || index > kShares)
        return invalid("share_mistyped");
    if ((*bytes)[0] >> 4U != kVersion)
        return std::unexpected(Error{Errc::TooNew, "share_version"});
    const auto tag = tagOf(installId);
    if (!std::ranges::equal(std::span(tag).first(kTagBytes), body.subspan(1, kTagBytes)))
        return invalid("share_of_another_installation");
    auto value = Secret::copyOf(std::span<const std::byte, Secret::kBytes>(
        std::as_bytes(body.subspan(1 + kTagBytes, Secret::kBytes))));
    OPENSSL_cleanse(bytes->data(), bytes->size());
    if (!value)
        return std::unexpected(value.error());
    return Share{index, std::move(*value)};
}

} // namespace

Result<std::vector<std::string>> splitSecret(const Secret& secret, std::string_view installId)
{
    const auto slope = Secret::random();
    if (!slope)
        return std::unexpected(slope.error());
    const auto tag = tagOf(installId);
    std::vector<std::string> shares;
    for (std::uint8_t index = 1; index <= kShares; ++index) {
        std::array<std::uint8_t, kShareBytes> bytes{};
        bytes[0] = static_cast<std::uint8_t>(kVersion << 4U | index);
        std::copy_n(tag.begin(), kTagBytes, bytes.begin() + 1);
        for (std::size_t i = 0; i < Secret::kBytes; ++i) {
            // One line through (0, secret) for each byte; the share is the line at x = index.
            const auto a = std::to_integer<std::uint8_t>(slope->bytes()[i]);
            const auto s = std::to_integer<std::uint8_t>(secret.bytes()[i]);
            bytes[1 + kTagBytes + i] = static_cast<std::uint8_t>(s ^ multiply(a, index));
        }
        const auto check =
            digestOf("cloister/share-check/", std::span(bytes).first(kShareBytes - kCheckBytes));
        std::copy_n(check.begin(), kCheckBytes, bytes.end() - kCheckBytes);
        shares.push_back(base32Of(bytes));
        OPENSSL_cleanse(bytes.data(), bytes.size());
    }
    return shares;
}

Result<Secret> combineShares(const std::vector<std::string>& shares, std::string_view installId)
{
    std::vector<Share> known;
    for (const std::string& text : shares) {
        auto share = parsed(text, installId);
        if (!share)
            return std::unexpected(share.error());
        if (!std::ranges::contains(known, share->index, &Share::index))
            known.push_back(std::move(*share));
    }
    if (known.size() < 2)
        return invalid("two_shares_needed");

    // Lagrange at x = 0 through two points: x2/(x2-x1) y1 + x1/(x1-x2) y2; minus is plus here.
    const std::uint8_t x1 = known[0].index;
    const std::uint8_t x2 = known[1].index;
    const std::uint8_t difference = inverse(static_cast<std::uint8_t>(x1 ^ x2));
    const std::uint8_t weight1 = multiply(x2, difference);
    const std::uint8_t weight2 = multiply(x1, difference);
    return Secret::make([&](std::span<std::byte, Secret::kBytes> out) -> Result<void> {
        for (std::size_t i = 0; i < out.size(); ++i) {
            const auto y1 = std::to_integer<std::uint8_t>(known[0].value.bytes()[i]);
            const auto y2 = std::to_integer<std::uint8_t>(known[1].value.bytes()[i]);
            out[i] = static_cast<std::byte>(multiply(weight1, y1) ^ multiply(weight2, y2));
        }
        return {};
    });
}

} // namespace storage
