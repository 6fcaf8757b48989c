// SPDX-License-Identifier: Apache-2.0
#include "audit/segments.h"

#include "audit/bytes.h"

#include <algorithm>
#include <charconv>

namespace audit {

namespace {

std::unexpected<Error> corrupt(std::string detail)
{
    return std::unexpected(Error{Errc::Corrupt, std::move(detail)});
}

Result<std::vector<std::string>> segmentNames(Files& files, const std::filesystem::path& folder)
{
    auto names = files.list(folder);
    if (!names)
        return std::unexpected(ioError("list", "the log's folder", names.error()));
    std::erase_if(*names, [](const std::string& name) { return !name.ends_with(kSegmentEnding); });
    std::ranges::sort(*names);
    return std::move(*names);
}

/// Whether an intact entry begins somewhere behind the first byte of @p rest. Then the bytes before
/// it are damage and no torn tail: the entry was written after they were on disk.
bool holdsIntactEntry(Bytes rest)
{
    for (std::size_t at = 1; at + kFrameBytes < rest.size(); ++at) {
        const auto found = readFrame(rest.subspan(at));
        if (found && leafHash(found->record) == found->leaf)
            return true;
    }
    return false;
}

/// One segment while it is read.
struct Walk {
    const EntryVisitor& visit;
    std::uint64_t limit;
    SegmentEnd end;
};

/// What to make of bytes that are no intact entry.
Result<void> judgeTail(Walk& walk, Bytes rest, bool isLast)
{
    const bool torn =
        isLast && rest.size() <= kMaxEntryBytes + kFrameBytes && !holdsIntactEntry(rest);
    if (!torn)
        return corrupt("entry " + std::to_string(walk.end.entries) + " is damaged");
    walk.end.torn = TornTail{rest.size(), sha256({rest})};
    return {};
}

Result<void> readSegment(Walk& walk, Bytes bytes, bool isLast)
{
    const auto header = segmentHeader(kSegmentMagic, walk.end.entries);
    if (bytes.size() < header.size() || !std::ranges::equal(bytes.first(header.size()), header))
        return corrupt("the segment of entry " + std::to_string(walk.end.entries) +
                       " is missing or has a wrong head");
    walk.end.exists = true;
    walk.end.first = walk.end.entries;
    walk.end.at = header.size();
    walk.end.last.clear();
    while (walk.end.at < bytes.size() && walk.end.entries < walk.limit) {
        const Bytes rest = bytes.subspan(walk.end.at);
        const auto found = readFrame(rest);
        if (!found || leafHash(found->record) != found->leaf)
            return judgeTail(walk, rest, isLast);
        const auto entry = decode(found->record);
        if (!entry || entry->index != walk.end.entries)
            return corrupt("entry " + std::to_string(walk.end.entries) +
                           (entry ? " has another number" : " is not in the format's encoding"));
        if (const auto visited = walk.visit(*entry, *found); !visited)
            return visited;
        ++walk.end.entries;
        walk.end.at += found->size;
        const Bytes whole = rest.first(found->size);
        walk.end.last.assign(whole.begin(), whole.end());
    }
    return {};
}

} // namespace

std::string segmentName(std::uint64_t first, std::string_view ending)
{
    constexpr std::size_t kDigits = 20; // of 2^64
    const std::string number = std::to_string(first);
    return std::string(kDigits - number.size(), '0') + number + std::string(ending);
}

std::vector<std::byte> segmentHeader(const Magic& magic, std::uint64_t first)
{
    std::vector<std::byte> header;
    for (const char c : magic)
        header.push_back(static_cast<std::byte>(c));
    putLittleEndian(header, first);
    return header;
}

Result<std::vector<std::uint64_t>> segmentStarts(Files& files, const std::filesystem::path& folder)
{
    const auto names = segmentNames(files, folder);
    if (!names)
        return std::unexpected(names.error());
    std::vector<std::uint64_t> starts;
    for (const std::string& name : *names) {
        std::uint64_t first = 0;
        std::from_chars(name.data(), name.data() + name.size(), first);
        if (segmentName(first, kSegmentEnding) != name)
            return corrupt("a segment has a name that is no number");
        starts.push_back(first);
    }
    return starts;
}

Result<std::uint64_t> segmentOf(Files& files, const std::filesystem::path& folder,
                                std::uint64_t index)
{
    const auto starts = segmentStarts(files, folder);
    if (!starts)
        return std::unexpected(starts.error());
    const auto after = std::ranges::upper_bound(*starts, index);
    if (after == starts->begin())
        return std::unexpected(Error{Errc::Invalid, "there is no such entry"});
    return *std::prev(after);
}

Result<SegmentEnd> readSegments(Files& files, const std::filesystem::path& folder,
                                const EntryVisitor& visit, std::uint64_t limit)
{
    const auto names = segmentNames(files, folder);
    if (!names)
        return std::unexpected(names.error());
    Walk walk{visit, limit, {}};
    for (const std::string& name : *names) {
        if (walk.end.entries >= limit)
            break;
        if (name != segmentName(walk.end.entries, kSegmentEnding))
            return corrupt("the segment of entry " + std::to_string(walk.end.entries) +
                           " is missing");
        const auto file = File::open(files, folder / name, Files::Mode::Read);
        if (!file)
            return std::unexpected(file.error());
        const auto bytes = file->readAll();
        if (!bytes)
            return std::unexpected(bytes.error());
        if (const auto read = readSegment(walk, *bytes, &name == &names->back()); !read)
            return std::unexpected(read.error());
    }
    return walk.end;
}

Result<SegmentWriter> SegmentWriter::open(Files& files, const std::filesystem::path& folder,
                                          const SegmentEnd& end, std::uint64_t segmentBytes)
{
    SegmentWriter writer;
    writer.m_files = &files;
    writer.m_folder = folder;
    writer.m_segmentBytes = segmentBytes;
    writer.m_first = end.first;
    writer.m_at = end.at;
    if (!end.exists)
        return writer; // makeRoom() makes the first segment
    auto file =
        File::open(files, folder / segmentName(end.first, kSegmentEnding), Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(file.error());
    writer.m_file = std::move(*file);
    if (const auto settled = writer.settle(end); !settled)
        return std::unexpected(settled.error());
    return writer;
}

Result<void> SegmentWriter::settle(const SegmentEnd& end)
{
    // Written again, the same bytes in the same place: after a failed sync the system may take the
    // pages for clean, and the next sync would leave them out.
    if (auto written = m_file.writeAt(end.at - end.last.size(), end.last); !written)
        return written;
    if (auto synced = m_file.sync(); !synced)
        return synced;
    if (const auto synced = m_files->syncFolder(m_folder); !synced)
        return std::unexpected(ioError("sync", "the log's folder", synced.error()));
    return {};
}

Result<void> SegmentWriter::makeRoom(std::uint64_t index, std::size_t bytes)
{
    const bool empty = m_at <= kSegmentHeaderBytes;
    if (m_file.isOpen() && (empty || m_at + bytes <= m_segmentBytes))
        return {};
    const auto path = m_folder / segmentName(index, kSegmentEnding);
    // Renamed into place with its head, so a segment is never met without one.
    if (auto made = replaceFile(*m_files, path, segmentHeader(kSegmentMagic, index)); !made)
        return made;
    auto file = File::open(*m_files, path, Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(file.error());
    m_file = std::move(*file);
    m_first = index;
    m_at = kSegmentHeaderBytes;
    return {};
}

Result<void> SegmentWriter::append(Bytes frame)
{
    auto written = m_file.writeAt(m_at, frame);
    if (written)
        written = m_file.sync();
    if (!written) {
        // The caller hears of the first error; when this fails too, the next open sorts it out.
        [[maybe_unused]] const auto cut =
            m_file.resize(m_at).and_then([this] { return m_file.sync(); });
        return written;
    }
    m_at += frame.size();
    return {};
}

Result<void> SegmentWriter::replaceTail(Bytes frame)
{
    // Written over the torn bytes before they are cut, so that no crash can lose the note and leave
    // the cut.
    if (auto written = m_file.writeAt(m_at, frame); !written)
        return written;
    if (auto synced = m_file.sync(); !synced)
        return synced;
    if (auto cut = m_file.resize(m_at + frame.size()); !cut)
        return cut;
    if (auto synced = m_file.sync(); !synced)
        return synced;
    m_at += frame.size();
    return {};
}

} // namespace audit
