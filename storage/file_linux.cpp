// SPDX-License-Identifier: Apache-2.0
#include "storage/file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace storage {
namespace {

class Descriptor {
public:
    explicit Descriptor(int number)
        : m_number(number)
    {
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (m_number >= 0)
            ::close(m_number);
    }
    [[nodiscard]] int number() const { return m_number; }
    [[nodiscard]] bool close() { return ::close(std::exchange(m_number, -1)) == 0; }

private:
    int m_number;
};

std::unexpected<Error> io(const char* what)
{
    const int reason = errno;
    const Errc code = reason == ENOENT ? Errc::NotFound : Errc::Io;
    return std::unexpected(
        Error{code, std::string(what) + " failed (errno " + std::to_string(reason) + ")"});
}

bool writeAll(int file, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

using Next = std::function<Result<std::span<const std::byte>>()>;

Result<void> writeNew(const std::filesystem::path& path, const Next& next)
{
    // A temporary file that a crash left behind is replaced; a link in its place is not followed.
    ::unlink(path.c_str());
    Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.number() < 0)
        return io("open for writing");
    for (;;) {
        const auto part = next();
        if (!part)
            return std::unexpected(part.error());
        if (part->empty())
            break;
        if (!writeAll(file.number(), *part))
            return io("write");
    }
    if (::fsync(file.number()) != 0)
        return io("fsync");
    if (!file.close())
        return io("close");
    return {};
}

} // namespace

Result<void> ensureFolder(const std::filesystem::path& folder)
{
    std::error_code error;
    if (folder.has_parent_path() && !std::filesystem::exists(folder.parent_path(), error)) {
        if (const auto above = ensureFolder(folder.parent_path()); !above)
            return above;
    }
    if (::mkdir(folder.c_str(), 0700) == 0)
        return folder.has_parent_path() ? syncFolder(folder.parent_path()) : Result<void>{};
    if (errno != EEXIST)
        return io("mkdir");
    if (!std::filesystem::is_directory(folder, error))
        return std::unexpected(Error{Errc::Invalid, "a file stands where a folder must be"});
    return {};
}

Result<void> writeAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes)
{
    return writeAtomically(path, [bytes, first = true]() mutable {
        return std::exchange(first, false) ? bytes : std::span<const std::byte>();
    });
}

Result<void> writeAtomically(const std::filesystem::path& path, const Next& next)
{
    auto temporary = path;
    temporary += ".new";
    if (auto written = writeNew(temporary, next); !written) {
        ::unlink(temporary.c_str());
        return written;
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        return io("rename");
    return syncFolder(path.parent_path());
}

Result<std::vector<std::byte>> readWhole(const std::filesystem::path& path, std::size_t limit)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.number() < 0)
        return io("open for reading");
    struct stat info{};
    if (::fstat(file.number(), &info) != 0)
        return io("fstat");
    if (!S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) > limit)
        return std::unexpected(Error{Errc::Corrupt, "no plain file of the expected size"});

    std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(file.number(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io("read");
        if (got == 0)
            break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

Result<void> renameDurably(const std::filesystem::path& from, const std::filesystem::path& to)
{
    if (::rename(from.c_str(), to.c_str()) != 0)
        return io("rename");
    return syncFolder(to.parent_path());
}

Result<void> removeDurably(const std::filesystem::path& path)
{
    if (::unlink(path.c_str()) != 0)
        return io("unlink");
    return syncFolder(path.parent_path());
}

Result<void> syncFolder(const std::filesystem::path& folder)
{
    const std::filesystem::path here = folder.empty() ? "." : folder;
    const Descriptor handle(::open(here.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle.number() < 0 || ::fsync(handle.number()) != 0)
        return io("fsync of a folder");
    return {};
}

} // namespace storage
