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
[[nodiscard]] std::optional<std::uint32_t> groupNamed(std::string_view name);

} // namespace api
