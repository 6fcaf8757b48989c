// SPDX-License-Identifier: Apache-2.0
#include "inference/model/pack_file.h"

#include "inference/kernels/checksum.h"
#include "inference/model/gguf.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace model {

namespace {

constexpr std::size_t kTable = sizeof(PackSeal) + sizeof(PackHeader);

std::unexpected<Error> bad(std::string_view what)
{
    return std::unexpected(Error{Errc::BadPack, "pack file: " + std::string(what)});
}

template <typename T>
T structAt(std::span<const std::byte> bytes, std::size_t at)
{
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// Of all bytes but the last four, which hold the CRC.
std::uint32_t crcOf(const PackHeader& header)
{
    return kernels::crc32c(
        std::as_bytes(std::span(&header, 1)).first(sizeof header - sizeof header.crc));
}

bool allZero(const auto& values)
{
    return std::ranges::all_of(values, [](auto value) { return value == 0; });
}

std::string_view nameOf(const PackEntry& entry)
{
    const auto end = std::ranges::find(entry.name, '\0');
    return {entry.name.data(), static_cast<std::size_t>(end - entry.name.begin())};
}

bool isWellNamed(const PackEntry& entry)
{
    const std::size_t length = nameOf(entry).size();
    return length > 0 && length < entry.name.size() &&
           std::all_of(
               entry.name.begin() + static_cast<std::ptrdiff_t>(length), entry.name.end(),
               [](char c) { return c == '\0'; });
}

} // namespace

Result<PackFile> PackFile::open(int file, const ModelHash& model)
{
    auto mapping = MappedFile::map(file);
    if (!mapping)
        return std::unexpected(mapping.error());
    PackFile pack;
    pack.m_mapping = *std::move(mapping);
    if (const auto read = pack.read(pack.m_mapping->bytes(), model); !read)
        return std::unexpected(read.error());
    return pack;
}

Result<PackFile> PackFile::parse(std::span<const std::byte> bytes, const ModelHash& model)
{
    PackFile pack;
    if (const auto read = pack.read(bytes, model); !read)
        return std::unexpected(read.error());
    return pack;
}

Result<void> PackFile::read(std::span<const std::byte> bytes, const ModelHash& model)
{
    m_bytes = bytes;
    if (bytes.size() < kTable)
        return bad("ends in its header");
    const auto seal = structAt<PackSeal>(bytes, 0);
    if (seal.magic != kPackSealMagic)
        return bad("not sealed");
    if (seal.version != kPackVersion || seal.zero != 0 || !allZero(seal.zeros))
        return bad("another version");
    if (seal.model != model)
        return bad("of another model");

    const auto header = structAt<PackHeader>(bytes, sizeof(PackSeal));
    if (header.magic != kPackHeaderMagic)
        return bad("no header");
    if (header.tensors == 0 || header.tensors > kPackMostTensors ||
        header.tensors > (bytes.size() - kTable) / sizeof(PackEntry))
        return bad("ends in its table");
    const auto table = bytes.subspan(kTable, header.tensors * sizeof(PackEntry));
    if (header.crc != kernels::crc32c(table, crcOf(header)))
        return bad("damaged header");
    if (header.version != kPackVersion || !allZero(header.zeros))
        return bad("another version");
    if (header.layout != kernels::stripLayoutMark() || header.tier != 0)
        return bad("another layout of strips");
    if (header.fileBytes != bytes.size())
        return bad("another length than written");
    return readEntries(header.tensors);
}

Result<void> PackFile::readEntries(std::uint32_t count)
{
    const std::size_t behindTable = kTable + count * sizeof(PackEntry);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto entry = structAt<PackEntry>(m_bytes, kTable + i * sizeof(PackEntry));
        if (!isWellNamed(entry) || !allZero(entry.zeros) || entry.type >= kernels::kWeightTypes)
            return bad("entry " + std::to_string(i));
        if (entry.offset % kPackAlignment != 0 || entry.offset < behindTable ||
            entry.offset > m_bytes.size() || entry.bytes > m_bytes.size() - entry.offset)
            return bad("strips of entry " + std::to_string(i) + " lie outside the file");
        m_entries.push_back(entry);
    }
    std::ranges::sort(m_entries, {}, [](const PackEntry& entry) { return nameOf(entry); });
    const auto twice = std::ranges::adjacent_find(
        m_entries, {}, [](const PackEntry& entry) { return nameOf(entry); });
    if (twice != m_entries.end())
        return bad("two entries of one name");
    return {};
}

std::span<const std::byte> PackFile::stripsOf(const PackEntry& entry) const
{
    return m_bytes.subspan(entry.offset, entry.bytes);
}

Result<void> PackFile::verify(kernels::ThreadPool& pool) const
{
    // In the order of the file, as the disk reads it.
    std::vector<const PackEntry*> entries;
    entries.reserve(m_entries.size());
    for (const PackEntry& entry : m_entries)
        entries.push_back(&entry);
    std::ranges::sort(entries, {}, [](const PackEntry* entry) { return entry->offset; });
    for (const PackEntry* entry : entries)
        if (kernels::pieceSum(stripsOf(*entry), pool) != entry->sum)
            return bad("damaged strips of " + quoted(nameOf(*entry)));
    return {};
}

Result<kernels::PackedMatrix> PackFile::matrix(std::string_view name, kernels::WeightType type,
                                               std::size_t rows, std::size_t columns) const
{
    const auto found = std::ranges::lower_bound(
        m_entries, name, {}, [](const PackEntry& entry) { return nameOf(entry); });
    if (found == m_entries.end() || nameOf(*found) != name)
        return bad("no tensor " + quoted(name));
    if (found->type != static_cast<std::uint32_t>(type) || found->rows != rows ||
        found->columns != columns)
        return bad("another shape of tensor " + quoted(name));
    auto matrix = kernels::PackedMatrix::view(type, rows, columns, stripsOf(*found));
    if (!matrix)
        return bad("another size of tensor " + quoted(name));
    return std::move(*matrix);
}

PackSeal packSeal(const ModelHash& model)
{
    return {
        .magic = kPackSealMagic, .version = kPackVersion, .zero = 0, .model = model, .zeros = {}};
}

PackWriter::PackWriter(PackOutput& output, std::size_t tensors)
    : m_output(output)
    , m_room(tensors)
{
    // Zeros, until the rest stands: a file that is cut off here is not taken for whole.
    fill((kTable + tensors * sizeof(PackEntry) + kPackAlignment - 1) / kPackAlignment *
         kPackAlignment);
}

void PackWriter::write(std::span<const std::byte> bytes)
{
    m_good = m_good && m_output.append(bytes);
    m_at += bytes.size();
}

void PackWriter::fill(std::size_t end)
{
    static constexpr std::array<std::byte, kPackAlignment> kZeros = {};
    while (m_good && m_at < end)
        write(std::span(kZeros).first(std::min(kZeros.size(), end - m_at)));
}

void PackWriter::add(std::string_view name, const kernels::PackedMatrix& matrix,
                     kernels::ThreadPool& pool)
{
    PackEntry entry = {};
    if (name.size() >= entry.name.size() || m_entries.size() == m_room)
        m_good = false;
    if (!m_good)
        return;
    std::ranges::copy(name, entry.name.begin());
    entry.type = static_cast<std::uint32_t>(matrix.type());
    entry.sum = kernels::pieceSum(matrix.bytes(), pool);
    entry.rows = matrix.rows();
    entry.columns = matrix.columns();
    entry.offset = m_at;
    entry.bytes = matrix.bytes().size();
    m_entries.push_back(entry);
    write(matrix.bytes());
    fill((m_at + kPackAlignment - 1) / kPackAlignment * kPackAlignment);
}

bool PackWriter::finish()
{
    if (!m_good || m_entries.empty())
        return false;
    const auto table = std::as_bytes(std::span(m_entries));
    PackHeader header = {.magic = kPackHeaderMagic,
                         .version = kPackVersion,
                         .layout = kernels::stripLayoutMark(),
                         .tier = 0,
                         .tensors = static_cast<std::uint32_t>(m_entries.size()),
                         .fileBytes = m_at,
                         .zeros = {},
                         .crc = 0};
    header.crc = kernels::crc32c(table, crcOf(header));
    return m_output.overwrite(kTable, table) &&
           m_output.overwrite(sizeof(PackSeal), std::as_bytes(std::span(&header, 1)));
}

} // namespace model
