// SPDX-License-Identifier: Apache-2.0
#include "audit/files.h"

#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace audit {

namespace {

std::unexpected<std::error_code> lastError()
{
    return std::unexpected(std::error_code(errno, std::generic_category()));
}

/// Repeats a call that a signal interrupted.
template <typename Call>
auto retry(const Call& call)
{
    auto result = call();
    while (result < 0 && errno == EINTR)
        result = call();
    return result;
}

Files::Outcome<void> done(int result)
{
    if (result < 0)
        return lastError();
    return {};
}

class SystemFiles final : public Files {
public:
    Outcome<Handle> open(const std::filesystem::path& file, Mode mode) override
    {
        const int flags = mode == Mode::Read ? O_RDONLY : O_RDWR | O_CREAT;
        const int handle =
            retry([&] { return ::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); });
        if (handle < 0)
            return lastError();
        return handle;
    }

    void close(Handle handle) override { ::close(static_cast<int>(handle)); }

    Outcome<std::size_t> read(Handle handle, std::uint64_t at, std::span<std::byte> into) override
    {
        const auto got = retry([&] {
            return ::pread(static_cast<int>(handle), into.data(), into.size(),
                           static_cast<off_t>(at));
        });
        if (got < 0)
            return lastError();
        return static_cast<std::size_t>(got);
    }

    Outcome<std::size_t> write(Handle handle, std::uint64_t at, Bytes bytes) override
    {
        const auto put = retry([&] {
            return ::pwrite(static_cast<int>(handle), bytes.data(), bytes.size(),
                            static_cast<off_t>(at));
        });
        if (put < 0)
            return lastError();
        return static_cast<std::size_t>(put);
    }

    Outcome<std::uint64_t> size(Handle handle) override
    {
        struct stat info{};
        if (::fstat(static_cast<int>(handle), &info) < 0)
            return lastError();
        return static_cast<std::uint64_t>(info.st_size);
    }

    Outcome<void> resize(Handle handle, std::uint64_t size) override
    {
        return done(
            retry([&] { return ::ftruncate(static_cast<int>(handle), static_cast<off_t>(size)); }));
    }

    Outcome<void> sync(Handle handle) override
    {
        return done(retry([&] { return ::fdatasync(static_cast<int>(handle)); }));
    }

    Outcome<bool> isShared(Handle handle) override
    {
        struct stat info{};
        if (::fstat(static_cast<int>(handle), &info) < 0)
            return lastError();
        return (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    }

    Outcome<void> lock(Handle handle) override
    {
        return done(retry([&] { return ::flock(static_cast<int>(handle), LOCK_EX | LOCK_NB); }));
    }

    Outcome<void> rename(const std::filesystem::path& from,
                         const std::filesystem::path& to) override
    {
        return done(::rename(from.c_str(), to.c_str()));
    }

    Outcome<void> syncFolder(const std::filesystem::path& folder) override
    {
        const char* name = folder.empty() ? "." : folder.c_str();
        const int handle = retry([&] { return ::open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
        if (handle < 0)
            return lastError();
        auto result = done(retry([&] { return ::fsync(handle); }));
        ::close(handle);
        return result;
    }

    Outcome<void> makeFolder(const std::filesystem::path& folder) override
    {
        if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST)
            return lastError();
        return {};
    }

    Outcome<std::vector<std::string>> list(const std::filesystem::path& folder) override
    {
        DIR* directory = ::opendir(folder.c_str());
        if (!directory)
            return lastError();
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* item = ::readdir(directory)) {
            names.emplace_back(item->d_name);
            errno = 0;
        }
        const int problem = errno;
        ::closedir(directory);
        if (problem != 0)
            return std::unexpected(std::error_code(problem, std::generic_category()));
        return names;
    }
};

} // namespace

Files& systemFiles()
{
    static SystemFiles files;
    return files;
}

} // namespace audit
