// SPDX-License-Identifier: Apache-2.0
#include "inference/service/state_folder.h"

#include "inference/service/random.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

namespace service {

namespace {

constexpr std::size_t kOriginBytes = 16;

api::Error cannot(const char* what)
{
    return api::makeError(api::Errc::Internal, std::string("cannot ") + what);
}

bool makeFolder(const std::filesystem::path& folder)
{
    return mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST;
}

/// Whose folder it is decides who can replace what is in it. To pass through is not to list.
bool isOursAlone(const std::filesystem::path& folder)
{
    struct stat status = {};
    return stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == geteuid() && (status.st_mode & 0066) == 0;
}

std::optional<std::string> readOrigin(const std::filesystem::path& file)
{
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return std::nullopt;
    std::array<char, 64> text{};
    const ssize_t count = read(descriptor, text.data(), text.size());
    close(descriptor);
    return std::string(text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
}

/// Written whole or not at all: a half origin would be another log's.
bool writeOrigin(const std::filesystem::path& folder, const std::string& origin)
{
    const std::filesystem::path temporary = folder / "origin.new";
    const int descriptor =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return false;
    const bool written =
        write(descriptor, origin.data(), origin.size()) == static_cast<ssize_t>(origin.size()) &&
        fsync(descriptor) == 0;
    close(descriptor);
    if (!written || rename(temporary.c_str(), (folder / "origin").c_str()) != 0)
        return false;
    const int parent = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = parent >= 0 && fsync(parent) == 0;
    if (parent >= 0)
        close(parent);
    return synced;
}

} // namespace

StateFolder::StateFolder(std::filesystem::path folder, int lock, std::string origin)
    : m_folder(std::move(folder))
    , m_lock(lock)
    , m_origin(std::move(origin))
{
}

StateFolder::~StateFolder()
{
    close(m_lock);
}

api::Result<std::unique_ptr<StateFolder>> StateFolder::open(const std::filesystem::path& folder)
{
    if (!makeFolder(folder))
        return std::unexpected(cannot("make the state folder"));
    if (!isOursAlone(folder))
        return std::unexpected(api::makeError(
            api::Errc::Forbidden, "the state folder must belong to the user of cloisterd, and "
                                  "nobody else may list or write it (chmod 711 or 700)"));
    const int lock =
        ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return std::unexpected(cannot("write to the state folder"));
    std::unique_ptr<StateFolder> state(new StateFolder(folder, lock, {}));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return std::unexpected(
            api::makeError(api::Errc::Conflict, "another cloisterd runs on this state folder"));
    for (const std::filesystem::path& part :
         {state->keys(), state->vaults(), state->records().parent_path(), state->inbox(),
          state->audit(), state->auditKey().parent_path()}) {
        if (!makeFolder(part))
            return std::unexpected(cannot("make a folder in the state folder"));
    }
    if (std::optional<std::string> origin = readOrigin(folder / "origin")) {
        state->m_origin = std::move(*origin);
        return state;
    }
    state->m_origin = "cloister/" + randomHex(kOriginBytes);
    if (!writeOrigin(folder, state->m_origin))
        return std::unexpected(cannot("write the log's origin"));
    return state;
}

} // namespace service
