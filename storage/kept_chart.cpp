// SPDX-License-Identifier: Apache-2.0
#include "storage/kept_chart.h"

#include "storage/byte_codec.h"
#include "storage/digest.h"
#include "storage/file.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>
#include <vector>

namespace storage {
namespace {

// docs/formats/kept-chart.md
constexpr std::string_view kMagic = "CLKC";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kModelDigits = 64;
constexpr std::size_t kBoundBytes = 4 + 1 + kModelDigits; // what the key's box is bound to
constexpr std::size_t kKeyBoxBytes = 81;
constexpr std::size_t kHeadBytes = kBoundBytes + kKeyBoxBytes;
/// More than any frame of the engine's holds; a longer one is not ours.
constexpr std::uint32_t kMostPieceBytes = 17U << 20;
constexpr const char* kFolder = "charts";
constexpr const char* kExtension = ".kept";

std::unexpected<Error> corrupt()
{
    return std::unexpected(Error{Errc::Corrupt, "a kept chart does not open"});
}

/// Where a chart lies, and the key that opens the keys of this user's charts. The name says nothing
/// to who has not the VaultKey: not even whether a patient's chart is there.
struct Place {
    std::filesystem::path file;
    std::string owner;
    Secret key;
};

Result<Place> placeOf(const std::filesystem::path& vaults, const Secret& vaultKey,
                      const KeptChartOf& of)
{
    const auto named = derive(vaultKey, std::string("kept-chart-name/").append(of.patient));
    if (!named)
        return std::unexpected(named.error());
    auto key = derive(vaultKey, "kept-charts");
    if (!key)
        return std::unexpected(key.error());
    const std::string name = hexOf(named->bytes().first(16));
    return Place{.file = vaults / of.user / kFolder / (name + kExtension),
                 .owner = std::string(of.user) + "/" + name,
                 .key = std::move(*key)};
}

Bytes boundOf(std::string_view model)
{
    ByteWriter writer;
    writer.raw(std::as_bytes(std::span(kMagic))).u8(kVersion);
    writer.raw(std::as_bytes(std::span(model)));
    return writer.written();
}

Binding pieceBinding(std::string_view owner)
{
    return {.purpose = Purpose::KeptChartPiece, .owner = owner};
}

/// Which piece of which writing: none can stand in another's place, nor the end be cut off.
Bytes contextOf(std::uint64_t made, std::uint32_t index, bool last)
{
    ByteWriter writer;
    writer.u64(made).u32(index).u8(last ? 1 : 0);
    return writer.written();
}

/// Reads exactly so many bytes.
bool fill(std::ifstream& file, std::span<std::byte> bytes)
{
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file.gcount() == static_cast<std::streamsize>(bytes.size());
}

} // namespace

Result<KeptChartSlot> KeptChartSlot::make(const std::filesystem::path& vaults,
                                          const Secret& vaultKey, const KeptChartOf& of)
{
    if (of.model.size() != kModelDigits)
        return std::unexpected(Error{Errc::Invalid, "the model's hash is not known"});
    auto place = placeOf(vaults, vaultKey, of);
    if (!place)
        return std::unexpected(place.error());
    auto key = Secret::random();
    if (!key)
        return std::unexpected(key.error());
    Bytes head = boundOf(of.model);
    const auto box =
        wrap(place->key, *key, {.purpose = Purpose::KeptChartKey, .owner = place->owner}, head);
    if (!box)
        return std::unexpected(box.error());
    head.insert(head.end(), box->begin(), box->end());
    return KeptChartSlot(std::move(*key), std::move(place->file), std::move(place->owner),
                         std::string(of.model), std::move(head));
}

Result<void> KeptChartSlot::write(WallTime made,
                                  const std::function<Result<std::span<const std::byte>>()>& next)
{
    if (m_head.empty())
        return std::unexpected(Error{Errc::Invalid, "written already"});
    if (const auto folder = ensureFolder(m_file.parent_path()); !folder)
        return folder;
    const auto seconds = static_cast<std::uint64_t>(made.time_since_epoch().count());
    ByteWriter begin;
    begin.raw(std::exchange(m_head, {})).u64(seconds);
    Bytes part;
    bool begun = false;
    bool ended = false;
    std::uint32_t index = 0;
    return writeAtomically(m_file, [&]() -> Result<std::span<const std::byte>> {
        if (!std::exchange(begun, true))
            return begin.written();
        if (ended)
            return std::span<const std::byte>();
        const auto piece = next();
        if (!piece)
            return std::unexpected(piece.error());
        ended = piece->empty();
        const auto box =
            sealUnder(m_key, *piece, pieceBinding(m_owner), contextOf(seconds, index++, ended));
        if (!box)
            return std::unexpected(box.error());
        ByteWriter writer;
        writer.bytes(*box);
        part = writer.written();
        return part;
    });
}

Result<KeptChartReader> KeptChartReader::open(const audit::Receipt&,
                                              const std::filesystem::path& vaults,
                                              const Secret& vaultKey, const KeptChartOf& of,
                                              WallTime oldest)
{
    const auto place = placeOf(vaults, vaultKey, of);
    if (!place)
        return std::unexpected(place.error());
    std::ifstream file(place->file, std::ios::binary);
    if (!file)
        return std::unexpected(Error{Errc::NotFound, "no kept chart"});
    std::array<std::byte, kHeadBytes + 8> head{};
    if (!fill(file, head))
        return corrupt();
    const auto bound = std::span(head).first(kBoundBytes);
    if (!std::ranges::equal(bound, boundOf(of.model))) {
        const bool ours =
            std::ranges::equal(bound.first(kMagic.size()), std::as_bytes(std::span(kMagic)));
        return std::unexpected(Error{ours ? Errc::Invalid : Errc::Corrupt,
                                     "a kept chart of another model or version"});
    }
    auto key = unwrap(place->key, std::span(head).subspan(kBoundBytes, kKeyBoxBytes),
                      {.purpose = Purpose::KeptChartKey, .owner = place->owner}, bound);
    if (!key)
        return std::unexpected(key.error());
    const std::uint64_t made = ByteReader(std::span(head).last(8)).u64();
    // Authenticated with every piece.
    if (made < static_cast<std::uint64_t>(oldest.time_since_epoch().count()))
        return std::unexpected(Error{Errc::Invalid, "a kept chart is too old"});
    return KeptChartReader(std::move(*key), place->owner, made, std::move(file));
}

Result<Bytes> KeptChartReader::next()
{
    std::array<std::byte, 4> length{};
    if (!fill(m_file, length))
        return corrupt();
    const std::uint32_t size = ByteReader(length).u32();
    if (size > kMostPieceBytes)
        return corrupt();
    Bytes box(size);
    if (!fill(m_file, box))
        return corrupt();
    constexpr std::size_t kEmptyBox = 49;
    const bool last = size == kEmptyBox;
    auto piece = openUnder(m_key, box, pieceBinding(m_owner), contextOf(m_made, m_index++, last));
    if (piece && last && m_file.peek() != std::ifstream::traits_type::eof())
        return corrupt();
    return piece;
}

void KeptChartReader::remove(const std::filesystem::path& vaults, const Secret& vaultKey,
                             const KeptChartOf& of)
{
    std::error_code ignored;
    if (const auto place = placeOf(vaults, vaultKey, of))
        std::filesystem::remove(place->file, ignored);
}

namespace {

struct Found {
    std::filesystem::path file;
    std::filesystem::file_time_type written;
    std::uint64_t bytes = 0;
};

/// In one user's folder; what is no finished chart is removed.
std::vector<Found> chartsIn(const std::filesystem::path& folder)
{
    std::vector<Found> found;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    // Not the range's ++, which throws.
    for (const std::filesystem::directory_iterator end; !error && entry != end;
         entry.increment(error)) {
        std::error_code gone;
        Found one{.file = entry->path(), .written = entry->last_write_time(gone)};
        one.bytes = gone ? 0 : entry->file_size(gone);
        if (one.file.extension() == kExtension && !gone)
            found.push_back(std::move(one));
        else
            std::filesystem::remove(one.file, gone);
    }
    return found;
}

} // namespace

void sweepKeptCharts(const std::filesystem::path& vaults, std::filesystem::file_time_type oldest,
                     std::uint64_t mostBytes)
{
    std::error_code error;
    std::filesystem::directory_iterator user(vaults, error);
    for (const std::filesystem::directory_iterator end; !error && user != end;
         user.increment(error)) {
        std::vector<Found> charts = chartsIn(user->path() / kFolder);
        std::ranges::sort(charts, std::greater(), &Found::written);
        std::uint64_t bytes = 0;
        for (const Found& chart : charts) {
            bytes += chart.bytes;
            std::error_code gone;
            if (chart.written < oldest || bytes > mostBytes)
                std::filesystem::remove(chart.file, gone);
        }
    }
}

} // namespace storage
