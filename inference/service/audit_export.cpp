// SPDX-License-Identifier: Apache-2.0
#include "inference/service/audit_export.h"

#include "audit/files.h"
#include "inference/service/storage_errors.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace service {

namespace {

/// One file that exists in memory only. There are no others and no folders.
class MemoryFiles : public audit::Files {
public:
    Outcome<Handle> open(const std::filesystem::path&, Mode) override { return 0; }
    void close(Handle) override {}

    Outcome<std::size_t> read(Handle, std::uint64_t at, std::span<std::byte> into) override
    {
        const std::size_t count =
            at >= m_bytes.size() ? 0 : std::min<std::size_t>(into.size(), m_bytes.size() - at);
        std::memcpy(into.data(), m_bytes.data() + at, count);
        return count;
    }

    Outcome<std::size_t> write(Handle, std::uint64_t at, audit::Bytes bytes) override
    {
        if (at + bytes.size() > m_bytes.size())
            m_bytes.resize(at + bytes.size());
        std::memcpy(m_bytes.data() + at, bytes.data(), bytes.size());
        return bytes.size();
    }

    Outcome<std::uint64_t> size(Handle) override { return m_bytes.size(); }

    Outcome<void> resize(Handle, std::uint64_t size) override
    {
        m_bytes.resize(size);
        return {};
    }

    Outcome<void> sync(Handle) override { return {}; }
    Outcome<bool> isShared(Handle) override { return false; }
    Outcome<void> lock(Handle) override { return {}; }
    Outcome<void> rename(const std::filesystem::path&, const std::filesystem::path&) override
    {
        return noFolders();
    }
    Outcome<void> syncFolder(const std::filesystem::path&) override { return noFolders(); }
    Outcome<void> makeFolder(const std::filesystem::path&) override { return noFolders(); }
    Outcome<std::vector<std::string>> list(const std::filesystem::path&) override
    {
        return std::unexpected(std::make_error_code(std::errc::not_supported));
    }

    std::string take() { return std::exchange(m_bytes, {}); }

private:
    static Outcome<void> noFolders()
    {
        return std::unexpected(std::make_error_code(std::errc::not_supported));
    }

    std::string m_bytes;
};

} // namespace

api::Result<std::string> exportInMemory(const audit::Log& log, const audit::Receipt& receipt,
                                        const audit::Log::Unseal& unseal)
{
    MemoryFiles files;
    audit::Result<audit::File> file =
        audit::File::open(files, "export", audit::Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(toApi(file.error()));
    if (const auto written = log.exportTo(*file, receipt, unseal); !written)
        return std::unexpected(toApi(written.error()));
    return files.take();
}

} // namespace service
