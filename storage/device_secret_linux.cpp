// SPDX-License-Identifier: Apache-2.0
#include "storage/device_secret.h"

#include "storage/file.h"

#include <openssl/crypto.h>

#include <cstdlib>

namespace storage {
namespace {

Result<Secret> secretFrom(const std::filesystem::path& path)
{
    auto bytes = readWhole(path, Secret::kBytes);
    if (!bytes)
        return std::unexpected(bytes.error());
    if (bytes->size() != Secret::kBytes)
        return std::unexpected(Error{Errc::Corrupt, "the device secret is not 32 bytes long"});
    auto secret = Secret::copyOf(std::span<const std::byte, Secret::kBytes>(*bytes));
    OPENSSL_cleanse(bytes->data(), bytes->size());
    return secret;
}

} // namespace

Result<DeviceSecret> openDeviceSecret(const std::filesystem::path& folder)
{
    if (const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY")) {
        auto sealed = secretFrom(std::filesystem::path(credentials) / "cloister.device");
        if (sealed)
            return DeviceSecret{std::move(*sealed), true, false};
        if (sealed.error().code != Errc::NotFound)
            return std::unexpected(sealed.error());
    }

    const auto path = folder / "device.secret";
    auto plain = secretFrom(path);
    if (plain)
        return DeviceSecret{std::move(*plain), false, false};
    if (plain.error().code != Errc::NotFound)
        return std::unexpected(plain.error());

    auto made = Secret::random();
    if (!made)
        return std::unexpected(made.error());
    if (const auto kept = writeAtomically(path, made->bytes()); !kept)
        return std::unexpected(kept.error());
    return DeviceSecret{std::move(*made), false, true};
}

} // namespace storage
