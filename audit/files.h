// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/hash.h"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace audit {

/// Every call the log makes to the disk, one function each, so that a test can make each of them
/// fail, or write less than it was asked to. The real one is systemFiles().
class Files {
public:
    using Handle = std::intptr_t;
    template <typename T>
    using Outcome = std::expected<T, std::error_code>;

    enum class Mode {
        Read,      // an existing file
        ReadWrite, // an existing file, or a new empty one that only its owner may read
    };

    virtual ~Files() = default;

    virtual Outcome<Handle> open(const std::filesystem::path& file, Mode mode) = 0;
    virtual void close(Handle handle) = 0;
    virtual Outcome<std::size_t> read(Handle handle, std::uint64_t at,
                                      std::span<std::byte> into) = 0;
    virtual Outcome<std::size_t> write(Handle handle, std::uint64_t at, Bytes bytes) = 0;
    virtual Outcome<std::uint64_t> size(Handle handle) = 0;
    virtual Outcome<void> resize(Handle handle, std::uint64_t size) = 0;
    /// Returns once the file's bytes and size would survive a power loss.
    virtual Outcome<void> sync(Handle handle) = 0;
    /// Whether anybody but the owner may read or write the file.
    virtual Outcome<bool> isShared(Handle handle) = 0;
    /// Held until close() or the end of the process. An error when somebody else holds it.
    virtual Outcome<void> lock(Handle handle) = 0;

    virtual Outcome<void> rename(const std::filesystem::path& from,
                                 const std::filesystem::path& to) = 0;
    /// Makes names that were created, renamed or removed in @p folder survive a power loss.
    virtual Outcome<void> syncFolder(const std::filesystem::path& folder) = 0;
    virtual Outcome<void>
    makeFolder(const std::filesystem::path& folder) = 0; // fine when it exists
    virtual Outcome<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
};

/// The disk of this machine. Never fails by itself. Threads: any.
Files& systemFiles();

/// An open file, closed by its destructor. Short reads and writes are continued.
class File {
public:
    File() = default;
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    ~File();

    /// Errors of all: Io, with @p what's name of the file in the detail (never its path).
    static Result<File> open(Files& files, const std::filesystem::path& path, Files::Mode mode);
    Result<std::vector<std::byte>> readAll() const;
    /// As many of @p size bytes at @p at as the file has.
    Result<std::vector<std::byte>> readAt(std::uint64_t at, std::uint64_t size) const;
    Result<void> writeAt(std::uint64_t at, Bytes bytes);
    Result<std::uint64_t> size() const;
    Result<void> resize(std::uint64_t size);
    Result<void> sync();
    Result<bool> isShared() const;
    /// Errors: Busy.
    Result<void> lock();

    [[nodiscard]] bool isOpen() const { return m_files != nullptr; }

private:
    File(Files& files, Files::Handle handle, std::string name);
    [[nodiscard]] std::unexpected<Error> failed(const char* verb,
                                                const std::error_code& code) const;

    Files* m_files = nullptr;
    Files::Handle m_handle = -1;
    std::string m_name;
};

/// Puts @p bytes into @p file so that after a power loss it holds either all of them or what it
/// held before: a temporary file beside it, synced, renamed, and the folder synced. Errors: Io.
Result<void> replaceFile(Files& files, const std::filesystem::path& file, Bytes bytes);

/// The Error for a failed call: what was tried and the system's reason.
Error ioError(std::string_view verb, std::string_view name, const std::error_code& code);

} // namespace audit
