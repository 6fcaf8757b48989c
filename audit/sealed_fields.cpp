// SPDX-License-Identifier: Apache-2.0
#include "audit/sealed_fields.h"

#include "audit/bytes.h"
#include "audit/segments.h"

#include <algorithm>

namespace audit {

namespace {

// length | number of the entry | state | sealed bytes
constexpr std::size_t kHeadBytes = 17;
constexpr std::byte kPresent{1};
constexpr std::byte kErased{0};

std::optional<SealedField> readField(Bytes bytes, std::uint64_t at)
{
    const Bytes rest = bytes.subspan(at);
    if (rest.size() < kHeadBytes)
        return std::nullopt;
    const std::uint64_t length = littleEndian(rest);
    const std::byte state = rest[16];
    if (length > rest.size() - kHeadBytes || (state != kPresent && state != kErased))
        return std::nullopt;
    return SealedField{littleEndian(rest.subspan(8)), rest.subspan(kHeadBytes, length),
                       state == kErased, at};
}

Result<std::uint64_t> walk(Bytes bytes, std::uint64_t first, const SealedVisitor& visit)
{
    const auto header = segmentHeader(kSealedMagic, first);
    if (bytes.size() < header.size() || !std::ranges::equal(bytes.first(header.size()), header))
        return std::unexpected(Error{Errc::Corrupt, "a file of sealed fields has a wrong head"});
    std::uint64_t at = header.size();
    while (const auto field = readField(bytes, at)) {
        if (const auto visited = visit(*field); !visited)
            return std::unexpected(visited.error());
        at += kHeadBytes + field->sealed.size();
    }
    return at;
}

Result<bool> exists(Files& files, const std::filesystem::path& path)
{
    const auto names = files.list(path.parent_path());
    if (!names)
        return std::unexpected(ioError("list", "the log's folder", names.error()));
    return std::ranges::contains(*names, path.filename().string());
}

} // namespace

Result<SealedFields> SealedFields::open(Files& files, const std::filesystem::path& folder,
                                        std::uint64_t first, std::uint64_t size)
{
    SealedFields table;
    table.m_files = &files;
    table.m_path = folder / segmentName(first, kSealedEnding);
    table.m_first = first;
    const auto there = exists(files, table.m_path);
    if (!there)
        return std::unexpected(there.error());
    if (!*there)
        return table;

    auto file = File::open(files, table.m_path, Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(file.error());
    const auto bytes = file->readAll();
    if (!bytes)
        return std::unexpected(bytes.error());
    std::optional<std::uint64_t> surplus;
    const auto end = walk(*bytes, first, [&](const SealedField& field) -> Result<void> {
        if (field.index >= size && !surplus)
            surplus = field.at;
        return {};
    });
    if (!end)
        return std::unexpected(end.error());
    table.m_at = surplus.value_or(*end);
    table.m_before = table.m_at;
    if (table.m_at < bytes->size()) {
        if (const auto cut = file->resize(table.m_at); !cut)
            return std::unexpected(cut.error());
    }
    table.m_file = std::move(*file);
    return table;
}

Result<void> SealedFields::append(std::uint64_t index, Bytes sealed)
{
    if (!m_file.isOpen()) {
        if (auto made = replaceFile(*m_files, m_path, segmentHeader(kSealedMagic, m_first)); !made)
            return made;
        auto file = File::open(*m_files, m_path, Files::Mode::ReadWrite);
        if (!file)
            return std::unexpected(file.error());
        m_file = std::move(*file);
        m_at = kSegmentHeaderBytes;
    }
    m_before = m_at;
    std::vector<std::byte> bytes;
    bytes.reserve(kHeadBytes + sealed.size());
    putLittleEndian(bytes, sealed.size());
    putLittleEndian(bytes, index);
    bytes.push_back(kPresent);
    bytes.insert(bytes.end(), sealed.begin(), sealed.end());
    if (auto written = m_file.writeAt(m_at, bytes); !written)
        return written;
    if (auto synced = m_file.sync(); !synced)
        return synced;
    m_at += bytes.size();
    return {};
}

Result<void> SealedFields::takeBack()
{
    m_at = m_before;
    return m_file.isOpen() ? m_file.resize(m_at) : Result<void>{};
}

Result<void> readSealed(Files& files, const std::filesystem::path& folder, std::uint64_t first,
                        const SealedVisitor& visit)
{
    const auto path = folder / segmentName(first, kSealedEnding);
    const auto there = exists(files, path);
    if (!there || !*there)
        return there ? Result<void>{} : std::unexpected(there.error());
    const auto file = File::open(files, path, Files::Mode::Read);
    if (!file)
        return std::unexpected(file.error());
    const auto bytes = file->readAll();
    if (!bytes)
        return std::unexpected(bytes.error());
    const auto end = walk(*bytes, first, visit);
    return end ? Result<void>{} : std::unexpected(end.error());
}

Result<void> eraseSealed(Files& files, const std::filesystem::path& folder, std::uint64_t first,
                         std::uint64_t index)
{
    std::optional<std::pair<std::uint64_t, std::size_t>> place;
    const auto found =
        readSealed(files, folder, first, [&](const SealedField& field) -> Result<void> {
            if (field.index == index)
                place.emplace(field.at, field.sealed.size());
            return {};
        });
    if (!found)
        return found;
    if (!place)
        return std::unexpected(Error{Errc::Invalid, "nothing is sealed under that number"});
    auto file =
        File::open(files, folder / segmentName(first, kSealedEnding), Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(file.error());
    std::vector<std::byte> blank(1 + place->second);
    blank[0] = kErased;
    if (auto written = file->writeAt(place->first + kHeadBytes - 1, blank); !written)
        return written;
    return file->sync();
}

} // namespace audit
