// SPDX-License-Identifier: Apache-2.0
#include "storage/key_files.h"

#include "storage/byte_codec.h"
#include "storage/digest.h"

#include <algorithm>
#include <string_view>

namespace storage {
namespace {

constexpr std::string_view kHospitalMagic = "CLHO";
constexpr std::string_view kUserMagic = "CLUS";
constexpr std::string_view kMonthMagic = "CLMK";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kUserVersion = 2; // 1 had no deviceTag
constexpr std::size_t kSumBytes = 32;

ByteWriter begun(std::string_view magic, std::uint8_t version = kVersion)
{
    ByteWriter out;
    out.raw(std::as_bytes(std::span(magic))).u8(version);
    return out;
}

Bytes ended(ByteWriter& out)
{
    const auto sum = sha256(out.written());
    return out.raw(sum).written();
}

std::unexpected<Error> corrupt()
{
    return std::unexpected(Error{Errc::Corrupt, "a key file does not verify"});
}

/// Checks magic, version and sum; returns what stands between.
Result<std::span<const std::byte>> body(std::span<const std::byte> bytes, std::string_view magic,
                                        std::uint8_t newest = kVersion)
{
    const std::size_t head = magic.size() + 1;
    if (bytes.size() < head + kSumBytes ||
        !std::ranges::equal(bytes.first(magic.size()), std::as_bytes(std::span(magic))))
        return corrupt();
    const auto version = std::to_integer<std::uint8_t>(bytes[magic.size()]);
    const auto summed = bytes.first(bytes.size() - kSumBytes);
    if (!std::ranges::equal(sha256(summed), bytes.last(kSumBytes)) || version == 0)
        return corrupt();
    if (version > newest)
        return std::unexpected(Error{Errc::TooNew, "a key file of a newer version"});
    return summed.subspan(head);
}

Bytes taken(std::span<const std::byte> bytes)
{
    return {bytes.begin(), bytes.end()};
}

} // namespace

Bytes HospitalKeys::publicContext() const
{
    ByteWriter out;
    out.text(installId).bytes(recoveryPublic).bytes(inboxPublic).bytes(auditPublic);
    return out.written();
}

Bytes UserKeys::headerContext() const
{
    ByteWriter out;
    out.text(user.id).text(user.name).u8(static_cast<std::uint8_t>(user.role)).bytes(publicKey);
    out.u32(cost.memoryKiB).u32(cost.passes).u32(cost.lanes).bytes(salt);
    return out.written();
}

Bytes encode(const HospitalKeys& keys)
{
    ByteWriter out = begun(kHospitalMagic);
    out.raw(keys.publicContext());
    out.bytes(keys.recordsKeyForRecovery).bytes(keys.auditSeedForRecovery).bytes(keys.inboxSeed);
    return ended(out);
}

Bytes encode(const UserKeys& keys)
{
    ByteWriter out = begun(kUserMagic, kUserVersion);
    out.u8(keys.user.enrolled ? 1 : 0).raw(keys.headerContext()).bytes(keys.codeHash);
    out.bytes(keys.privateBox).bytes(keys.vaultForUser).bytes(keys.vaultForRecovery);
    out.bytes(keys.accessBox).bytes(keys.deviceTag);
    return ended(out);
}

Bytes encodeMonthKey(std::span<const std::byte> box)
{
    ByteWriter out = begun(kMonthMagic);
    out.bytes(box);
    return ended(out);
}

Result<HospitalKeys> decodeHospital(std::span<const std::byte> bytes)
{
    const auto content = body(bytes, kHospitalMagic);
    if (!content)
        return std::unexpected(content.error());
    ByteReader in(*content);
    HospitalKeys keys;
    keys.installId = in.text();
    for (Bytes* const part :
         {&keys.recoveryPublic, &keys.inboxPublic, &keys.auditPublic, &keys.recordsKeyForRecovery,
          &keys.auditSeedForRecovery, &keys.inboxSeed})
        *part = taken(in.bytes());
    if (!in.finished())
        return corrupt();
    return keys;
}

Result<UserKeys> decodeUser(std::span<const std::byte> bytes)
{
    const auto content = body(bytes, kUserMagic, kUserVersion);
    if (!content)
        return std::unexpected(content.error());
    ByteReader in(*content);
    UserKeys keys;
    keys.user.enrolled = in.u8() != 0;
    keys.user.id = in.text();
    keys.user.name = in.text();
    const std::uint8_t role = in.u8();
    keys.publicKey = taken(in.bytes());
    keys.cost.memoryKiB = in.u32();
    keys.cost.passes = in.u32();
    keys.cost.lanes = in.u32();
    for (Bytes* const part : {&keys.salt, &keys.codeHash, &keys.privateBox, &keys.vaultForUser,
                              &keys.vaultForRecovery, &keys.accessBox})
        *part = taken(in.bytes());
    if (std::to_integer<std::uint8_t>(bytes[kUserMagic.size()]) >= kUserVersion)
        keys.deviceTag = taken(in.bytes());
    if (!in.finished() || role > static_cast<std::uint8_t>(Role::Compliance))
        return corrupt();
    keys.user.role = static_cast<Role>(role);
    keys.user.admitted = !keys.accessBox.empty();
    return keys;
}

Result<Bytes> decodeMonthKey(std::span<const std::byte> bytes)
{
    const auto content = body(bytes, kMonthMagic);
    if (!content)
        return std::unexpected(content.error());
    ByteReader in(*content);
    Bytes box = taken(in.bytes());
    if (!in.finished())
        return corrupt();
    return box;
}

} // namespace storage
