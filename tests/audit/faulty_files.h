// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/files.h"
#include "tests/audit/support.h"

#include <map>
#include <optional>
#include <set>

#include <sys/stat.h>

/// A disk that fails when it is told to. Every call goes to the real disk otherwise.
class FaultyFiles final : public audit::Files {
public:
    enum class Fault {
        Error,      // this one call fails with `code`
        Dead,       // this call and all after it fail: the machine is gone
        ShortWrite, // this write takes one byte only, and says so
        TornWrite,  // this write takes half of its bytes and fails with `code`
    };

    /// The call that @p fault hits, counted from 1; 0: none.
    std::size_t failAt = 0;
    Fault fault = Fault::Error;
    std::errc code = std::errc::io_error;

    std::size_t calls = 0;
    bool hit = false;

    Outcome<Handle> open(const std::filesystem::path& file, Mode mode) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.open(file, mode);
    }
    void close(Handle handle) override { m_disk.close(handle); }
    Outcome<std::size_t> read(Handle handle, std::uint64_t at, std::span<std::byte> into) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.read(handle, at, into);
    }
    Outcome<std::size_t> write(Handle handle, std::uint64_t at, audit::Bytes bytes) override
    {
        const bool now = ++calls == failAt;
        if (now && fault == Fault::ShortWrite) {
            hit = true;
            return m_disk.write(handle, at, bytes.first(1));
        }
        if (now && fault == Fault::TornWrite) {
            hit = true;
            (void)m_disk.write(handle, at, bytes.first(bytes.size() / 2));
            return std::unexpected(std::make_error_code(code));
        }
        if (now || dead()) {
            hit = true;
            return std::unexpected(std::make_error_code(code));
        }
        return m_disk.write(handle, at, bytes);
    }
    Outcome<std::uint64_t> size(Handle handle) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.size(handle);
    }
    Outcome<void> resize(Handle handle, std::uint64_t size) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.resize(handle, size);
    }
    Outcome<void> sync(Handle handle) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.sync(handle);
    }
    Outcome<bool> isShared(Handle handle) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.isShared(handle);
    }
    Outcome<void> lock(Handle handle) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.lock(handle);
    }
    Outcome<void> rename(const std::filesystem::path& from,
                         const std::filesystem::path& to) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.rename(from, to);
    }
    Outcome<void> syncFolder(const std::filesystem::path& folder) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.syncFolder(folder);
    }
    Outcome<void> makeFolder(const std::filesystem::path& folder) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.makeFolder(folder);
    }
    Outcome<std::vector<std::string>> list(const std::filesystem::path& folder) override
    {
        if (const auto bad = fails())
            return std::unexpected(*bad);
        return m_disk.list(folder);
    }

private:
    [[nodiscard]] bool dead() const { return fault == Fault::Dead && failAt > 0 && calls > failAt; }

    std::optional<std::error_code> fails()
    {
        ++calls;
        const bool writesOnly = fault == Fault::ShortWrite || fault == Fault::TornWrite;
        if ((calls == failAt && !writesOnly) || dead()) {
            hit = true;
            return std::make_error_code(code);
        }
        return std::nullopt;
    }

    audit::Files& m_disk = audit::systemFiles();
};

/// A disk that keeps only what was synced: powerCut() leaves of every file what the last sync of it
/// saw, and of every folder the names that the last sync of the folder saw.
class VolatileFiles final : public audit::Files {
public:
    Outcome<Handle> open(const std::filesystem::path& file, Mode mode) override
    {
        const auto handle = m_disk.open(file, mode);
        if (handle)
            m_paths[*handle] = file;
        return handle;
    }
    void close(Handle handle) override
    {
        m_paths.erase(handle);
        m_disk.close(handle);
    }
    Outcome<std::size_t> read(Handle handle, std::uint64_t at, std::span<std::byte> into) override
    {
        return m_disk.read(handle, at, into);
    }
    Outcome<std::size_t> write(Handle handle, std::uint64_t at, audit::Bytes bytes) override
    {
        m_clean.erase(identity(m_paths[handle]));
        return m_disk.write(handle, at, bytes);
    }
    Outcome<std::uint64_t> size(Handle handle) override { return m_disk.size(handle); }
    Outcome<void> resize(Handle handle, std::uint64_t size) override
    {
        if (failing)
            return std::unexpected(std::make_error_code(std::errc::io_error));
        m_clean.erase(identity(m_paths[handle]));
        return m_disk.resize(handle, size);
    }
    Outcome<void> sync(Handle handle) override
    {
        // As Linux: what a failed sync did not write counts as clean from then on.
        if (failing) {
            m_clean.insert(identity(m_paths[handle]));
            return std::unexpected(std::make_error_code(std::errc::io_error));
        }
        if (m_clean.contains(identity(m_paths[handle])))
            return {};
        const auto done = m_disk.sync(handle);
        if (!lies)
            m_synced[identity(m_paths[handle])] = contents(m_paths[handle]);
        return done;
    }
    Outcome<bool> isShared(Handle handle) override { return m_disk.isShared(handle); }
    Outcome<void> lock(Handle handle) override { return m_disk.lock(handle); }
    Outcome<void> rename(const std::filesystem::path& from,
                         const std::filesystem::path& to) override
    {
        return m_disk.rename(from, to);
    }
    Outcome<void> syncFolder(const std::filesystem::path& folder) override
    {
        if (failing)
            return std::unexpected(std::make_error_code(std::errc::io_error));
        auto& names = m_names[folder];
        names.clear();
        for (const auto& item : std::filesystem::directory_iterator(folder)) {
            if (item.is_regular_file())
                names[item.path()] = identity(item.path());
        }
        return m_disk.syncFolder(folder);
    }
    Outcome<void> makeFolder(const std::filesystem::path& folder) override
    {
        return m_disk.makeFolder(folder);
    }
    Outcome<std::vector<std::string>> list(const std::filesystem::path& folder) override
    {
        return m_disk.list(folder);
    }

    bool failing = false; // takes bytes into memory and gets nothing to the disk
    bool lies = false;    // a drive that says it synced and did not: what the test must notice

    /// What a power cut right now would leave, put into @p copy (root and its folder "audit").
    void powerCut(const std::filesystem::path& root, const std::filesystem::path& copy) const
    {
        std::filesystem::create_directories(copy / "audit");
        for (const auto& [folder, names] : m_names) {
            for (const auto& [path, inode] : names) {
                const auto content = m_synced.find(inode);
                const auto target = copy / std::filesystem::relative(path, root);
                putContents(target, content == m_synced.end() ? std::string() : content->second);
                std::filesystem::permissions(target, std::filesystem::perms(0600));
            }
        }
    }

private:
    static std::uint64_t identity(const std::filesystem::path& path)
    {
        struct stat info{};
        ::stat(path.c_str(), &info);
        return info.st_ino;
    }

    using Names = std::map<std::filesystem::path, std::uint64_t>; // and the file they name

    audit::Files& m_disk = audit::systemFiles();
    std::map<Handle, std::filesystem::path> m_paths;
    std::map<std::uint64_t, std::string> m_synced; // by inode
    std::set<std::uint64_t> m_clean;               // written, not on disk, and believed to be
    std::map<std::filesystem::path, Names> m_names;
};
