// SPDX-License-Identifier: Apache-2.0
#include "audit/files.h"

#include <utility>

namespace audit {

Error ioError(std::string_view verb, std::string_view name, const std::error_code& code)
{
    std::string detail(verb);
    detail.append(" ").append(name).append(": ").append(code.message());
    return {Errc::Io, std::move(detail)};
}

File::File(Files& files, Files::Handle handle, std::string name)
    : m_files(&files)
    , m_handle(handle)
    , m_name(std::move(name))
{
}

File::File(File&& other) noexcept
    : m_files(std::exchange(other.m_files, nullptr))
    , m_handle(std::exchange(other.m_handle, -1))
    , m_name(std::move(other.m_name))
{
}

File& File::operator=(File&& other) noexcept
{
    std::swap(m_files, other.m_files);
    std::swap(m_handle, other.m_handle);
    std::swap(m_name, other.m_name);
    return *this;
}

File::~File()
{
    if (m_files)
        m_files->close(m_handle);
}

std::unexpected<Error> File::failed(const char* verb, const std::error_code& code) const
{
    return std::unexpected(ioError(verb, m_name, code));
}

Result<File> File::open(Files& files, const std::filesystem::path& path, Files::Mode mode)
{
    const auto handle = files.open(path, mode);
    if (!handle)
        return std::unexpected(ioError("open", path.filename().string(), handle.error()));
    return File(files, *handle, path.filename().string());
}

Result<std::vector<std::byte>> File::readAll() const
{
    const auto bytes = size();
    if (!bytes)
        return std::unexpected(bytes.error());
    return readAt(0, *bytes);
}

Result<std::vector<std::byte>> File::readAt(std::uint64_t at, std::uint64_t size) const
{
    std::vector<std::byte> bytes(size);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto got = m_files->read(m_handle, at + done, std::span(bytes).subspan(done));
        if (!got)
            return failed("read", got.error());
        if (*got == 0)
            break;
        done += *got;
    }
    bytes.resize(done);
    return bytes;
}

Result<void> File::writeAt(std::uint64_t at, Bytes bytes)
{
    while (!bytes.empty()) {
        const auto written = m_files->write(m_handle, at, bytes);
        if (!written)
            return failed("write", written.error());
        if (*written == 0)
            return failed("write", std::make_error_code(std::errc::no_space_on_device));
        at += *written;
        bytes = bytes.subspan(*written);
    }
    return {};
}

Result<std::uint64_t> File::size() const
{
    const auto bytes = m_files->size(m_handle);
    if (!bytes)
        return failed("stat", bytes.error());
    return *bytes;
}

Result<void> File::resize(std::uint64_t size)
{
    if (const auto done = m_files->resize(m_handle, size); !done)
        return failed("resize", done.error());
    return {};
}

Result<void> File::sync()
{
    if (const auto done = m_files->sync(m_handle); !done)
        return failed("sync", done.error());
    return {};
}

Result<bool> File::isShared() const
{
    const auto shared = m_files->isShared(m_handle);
    if (!shared)
        return failed("stat", shared.error());
    return *shared;
}

Result<void> File::lock()
{
    if (const auto done = m_files->lock(m_handle); !done)
        return std::unexpected(Error{Errc::Busy, "the audit log is open in another process"});
    return {};
}

Result<void> replaceFile(Files& files, const std::filesystem::path& file, Bytes bytes)
{
    std::filesystem::path temporary = file;
    temporary += ".new";
    auto out = File::open(files, temporary, Files::Mode::ReadWrite);
    if (!out)
        return std::unexpected(out.error());
    // A crash may have left a longer one behind.
    if (const auto done = out->resize(0); !done)
        return done;
    if (const auto done = out->writeAt(0, bytes); !done)
        return done;
    if (const auto done = out->sync(); !done)
        return done;
    if (const auto done = files.rename(temporary, file); !done)
        return std::unexpected(ioError("rename", file.filename().string(), done.error()));
    if (const auto done = files.syncFolder(file.parent_path()); !done)
        return std::unexpected(
            ioError("sync the folder of", file.filename().string(), done.error()));
    return {};
}

} // namespace audit
