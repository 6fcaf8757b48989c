// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace api {

/// Who holds the other end of a local socket, as the kernel says it.
struct Peer {
    std::uint32_t uid = 0;
    std::int32_t pid = 0;
    std::vector<std::uint32_t> groups; // primary and supplementary
};

/// Nothing when the kernel does not say.
[[nodiscard]] std::optional<Peer> peerOf(int socket);
[[nodiscard]] std::optional<std::uint32_t> ownerOf(const std::filesystem::path& file);
/// Whom this process runs as.
[[nodiscard]] std::uint32_t ownUser();
/// The id of the account @p name.
[[nodiscard]] std::optional<std::uint32_t> accountNamed(std::string_view name);
[[nodiscard]] std::optional<std::uint32_t> groupNamed(std::string_view name);

/// What this machine says about who may be the service.
struct ServiceAccounts {
    std::optional<std::uint32_t> socketOwner;
    std::optional<std::uint32_t> cloister; // the account that the package makes
    std::uint32_t self = 0;                // of the client
};

/// Whether a process of user @p peer may be told a passphrase: it owns the socket's file and is the
/// account `cloister`, root or the client's own user, either of whom could read what is typed
/// anyway. Where there is no such account, to own the file is all that can be asked.
[[nodiscard]] bool mayBeService(std::uint32_t peer, const ServiceAccounts& accounts);
[[nodiscard]] ServiceAccounts serviceAccounts(const std::filesystem::path& socket);

} // namespace api
