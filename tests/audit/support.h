// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/bytes.h"
#include "audit/log.h"

#include <QDir>
#include <QFileInfo>
#include <QTemporaryDir>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// What the tests of the log share.
inline constexpr const char* kOrigin = "cloister/test";

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Stands for sealing: bytes that are not the plaintext, and can be taken back.
inline std::vector<std::byte> mask(std::span<const std::byte> bytes)
{
    std::vector<std::byte> out(bytes.begin(), bytes.end());
    for (auto& part : out)
        part ^= std::byte{0x5A};
    return out;
}

inline std::string masked(const std::string& text)
{
    const auto bytes = mask(std::as_bytes(std::span(text)));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline audit::Event plainEvent(audit::Kind kind)
{
    audit::Event event;
    event.kind = kind;
    event.actor = "grace";
    event.session = "0123456789abcdef";
    event.peerUid = 1000;
    event.peerPid = 4242;
    event.plain = {{"model", "m-1"}, {"rows", "3"}};
    return event;
}

inline audit::Event accessEvent(audit::Kind kind)
{
    audit::Event event = plainEvent(kind);
    event.committed = {{"patient", "patient-1"}};
    return event;
}

inline std::string contents(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
}

inline void putContents(const std::filesystem::path& file, const std::string& bytes)
{
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

inline void flipBit(const std::filesystem::path& file, std::uintmax_t bit)
{
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(static_cast<std::streamoff>(bit / 8));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(bit / 8));
    stream.put(static_cast<char>(byte ^ (1 << (bit % 8))));
}

/// A log in a folder of its own, that goes with it.
class Fixture {
public:
    Fixture() = default;
    explicit Fixture(const Fixture& other)
        : segmentBytes(other.segmentBytes)
        , interval(other.interval)
    {
        std::filesystem::copy(other.root(), root(), std::filesystem::copy_options::recursive);
    }
    Fixture& operator=(const Fixture&) = delete;

    std::filesystem::path root() const { return m_root.path().toStdString(); }
    std::filesystem::path folder() const { return root() / "audit"; }

    audit::Log::Options options() const
    {
        audit::Log::Options options;
        options.folder = folder();
        options.signingKey = root() / "signing.key";
        options.origin = kOrigin;
        options.seal = mask;
        options.files = files;
        options.segmentBytes = segmentBytes;
        options.checkpointInterval = interval;
        return options;
    }

    /// Null when it cannot be opened.
    std::unique_ptr<audit::Log> open() const
    {
        auto log = audit::Log::open(options());
        if (!log)
            qWarning("open: %s", log.error().detail.c_str());
        return log ? std::move(*log) : nullptr;
    }

    /// Appends @p count events and closes the log. @return its size.
    std::uint64_t record(int count) const
    {
        const auto log = open();
        for (int i = 0; i < count; ++i)
            (void)log->append(accessEvent(audit::Kind::PatientOpen));
        return log->size();
    }

    std::vector<std::filesystem::path> names(const std::string& ending) const
    {
        std::vector<std::filesystem::path> found;
        for (const auto& item : std::filesystem::directory_iterator(folder())) {
            if (item.path().string().ends_with(ending))
                found.push_back(item.path());
        }
        std::ranges::sort(found);
        return found;
    }

    int filesHolding(const std::string& text) const
    {
        int count = 0;
        for (const auto& item : std::filesystem::recursive_directory_iterator(root())) {
            if (item.is_regular_file() && contents(item.path()).contains(text))
                ++count;
        }
        return count;
    }

    /// Offsets behind each entry of a segment.
    static std::vector<std::uintmax_t> frameEnds(const std::filesystem::path& segment)
    {
        const std::string bytes = contents(segment);
        std::vector<std::uintmax_t> ends;
        std::size_t at = 16;
        while (at + 40 < bytes.size()) {
            at += 40 + audit::littleEndian(std::as_bytes(std::span(bytes)).subspan(at));
            ends.push_back(at);
        }
        return ends;
    }

    audit::Files* files = nullptr;
    std::uint64_t segmentBytes = audit::kSegmentBytes;
    std::chrono::milliseconds interval{std::chrono::hours(1)};

private:
    /// In memory where the system has such a place: thousands of logs are made here, and what a
    /// sync means is tested with disks of the tests' own.
    static QString place()
    {
        const QString memory = QStringLiteral("/dev/shm");
        const QString parent = QFileInfo(memory).isWritable() ? memory : QDir::tempPath();
        return parent + QStringLiteral("/cloister-audit-XXXXXX");
    }

    QTemporaryDir m_root{place()};
};
