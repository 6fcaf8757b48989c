// SPDX-License-Identifier: Apache-2.0
#include "inference/api/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

namespace api {

std::optional<Peer> peerOf(int socket)
{
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return std::nullopt;
    Peer peer{.uid = credentials.uid, .pid = credentials.pid, .groups = {credentials.gid}};

    std::array<gid_t, 1024> groups{};
    length = sizeof groups;
    // A process in more groups than this is judged by its primary group alone.
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0)
        peer.groups.insert(peer.groups.end(), groups.begin(),
                           groups.begin() + length / sizeof(gid_t));
    return peer;
}

std::optional<std::uint32_t> ownerOf(const std::filesystem::path& file)
{
    struct stat status{};
    if (stat(file.c_str(), &status) != 0)
        return std::nullopt;
    return status.st_uid;
}

std::uint32_t ownUser()
{
    return geteuid();
}

std::optional<std::uint32_t> accountNamed(std::string_view name)
{
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    if (getpwnam_r(std::string(name).c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return std::nullopt;
    return found->pw_uid;
}

std::optional<std::uint32_t> groupNamed(std::string_view name)
{
    group entry{};
    group* found = nullptr;
    std::array<char, 16384> buffer{};
    if (getgrnam_r(std::string(name).c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return std::nullopt;
    return found->gr_gid;
}

bool mayBeService(std::uint32_t peer, const ServiceAccounts& accounts)
{
    if (accounts.socketOwner != peer)
        return false;
    return !accounts.cloister || peer == *accounts.cloister || peer == 0 || peer == accounts.self;
}

ServiceAccounts serviceAccounts(const std::filesystem::path& socket)
{
    return {
        .socketOwner = ownerOf(socket), .cloister = accountNamed("cloister"), .self = ownUser()};
}

} // namespace api
