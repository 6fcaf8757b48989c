// SPDX-License-Identifier: Apache-2.0
#include "storage/import/descriptor_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace imports {

namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

std::unexpected<Error> unreadable(const char* what)
{
    return std::unexpected(
        Error{Errc::Unreadable, std::string(what) + ": " + std::strerror(errno)});
}

} // namespace

Result<int> openForReading(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0)
        return unreadable("the file can't be opened");
    return descriptor;
}

Result<std::string> readAll(int descriptor, std::size_t limit)
{
    std::string bytes;
    for (;;) {
        const std::size_t before = bytes.size();
        // Twice as much each time, but never much beyond the limit.
        const std::size_t room = std::min(std::max(kChunkBytes, before), limit + 1 - before);
        bytes.resize(before + room);
        const ssize_t count = ::read(descriptor, bytes.data() + before, room);
        bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count == 0)
            return bytes;
        if (count < 0 && errno != EINTR)
            return unreadable("the input can't be read");
        if (bytes.size() > limit)
            return std::unexpected(
                Error{Errc::TooLarge, "more than " + std::to_string(limit >> 20U) + " MB"});
    }
}

Result<void> writeAll(int descriptor, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR)
            return unreadable("the output can't be written");
        if (count > 0)
            bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

} // namespace imports
