// SPDX-License-Identifier: Apache-2.0
#include "audit/mapped_file.h"

#include "audit/files.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace audit {

namespace {

std::unexpected<Error> failed(const char* verb)
{
    return std::unexpected(
        ioError(verb, "the file", std::error_code(errno, std::generic_category())));
}

} // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& file)
{
    const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return failed("open");
    struct stat info{};
    if (::fstat(handle, &info) < 0 || !S_ISREG(info.st_mode)) {
        ::close(handle);
        return std::unexpected(Error{Errc::Io, "not a regular file"});
    }
    if (info.st_size == 0) {
        ::close(handle);
        return MappedFile(Bytes{});
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    void* place = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, handle, 0);
    ::close(handle);
    if (place == MAP_FAILED)
        return failed("map");
    return MappedFile(Bytes(static_cast<const std::byte*>(place), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_bytes(std::exchange(other.m_bytes, {}))
{
}

MappedFile::~MappedFile()
{
    if (!m_bytes.empty())
        ::munmap(const_cast<std::byte*>(m_bytes.data()), m_bytes.size());
}

} // namespace audit
