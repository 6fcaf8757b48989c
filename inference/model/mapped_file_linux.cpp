// SPDX-License-Identifier: Apache-2.0
#include "inference/model/mapped_file.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace model {

Result<MappedFile> MappedFile::map(int file)
{
    struct stat status = {};
    if (::fstat(file, &status) != 0)
        return std::unexpected(
            Error{Errc::Io, std::string("cannot look at the model file: ") + std::strerror(errno)});
    if (!S_ISREG(status.st_mode) || status.st_size <= 0)
        return std::unexpected(Error{Errc::Io, "the model file is empty or not a regular file"});

    const auto size = static_cast<std::size_t>(status.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (address == MAP_FAILED)
        return std::unexpected(
            Error{Errc::Io, std::string("cannot map the model file: ") + std::strerror(errno)});
    return MappedFile(std::span(static_cast<const std::byte*>(address), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_bytes(std::exchange(other.m_bytes, {}))
{
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept
{
    if (this != &other) {
        unmap();
        m_bytes = std::exchange(other.m_bytes, {});
    }
    return *this;
}

MappedFile::~MappedFile()
{
    unmap();
}

void MappedFile::unmap() noexcept
{
    if (!m_bytes.empty())
        ::munmap(const_cast<std::byte*>(m_bytes.data()), m_bytes.size());
    m_bytes = {};
}

void MappedFile::release(std::span<const std::byte> part) const
{
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(part.data()) % page;
    if (part.size() <= before)
        return;
    const std::span<const std::byte> pages =
        part.subspan(before, (part.size() - before) / page * page);
    if (!pages.empty())
        ::madvise(const_cast<std::byte*>(pages.data()), pages.size(), MADV_DONTNEED);
}

} // namespace model
