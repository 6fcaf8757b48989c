// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/entry.h"
#include "audit/files.h"

#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace audit {

/// What stands behind the last whole entry and is none: an append that a power loss cut short.
struct TornTail {
    std::uint64_t bytes = 0;
    Hash digest{}; // SHA-256 of them
};

/// Where the next entry goes.
struct SegmentEnd {
    std::uint64_t entries = 0;   // in all segments
    bool exists = false;         // whether there is a segment at all
    std::uint64_t first = 0;     // number of the first entry of the last segment
    std::uint64_t at = 0;        // offset of the next entry in it
    std::vector<std::byte> last; // the frame of its last entry
    std::optional<TornTail> torn;
};

using EntryVisitor = std::function<Result<void>(const Entry&, const Frame&)>;

/// Reads the entries of all segments in order, at most @p limit, checking each: framing, encoding,
/// leaf hash, number. Stops with @p visit's error when it returns one.
/// Errors: Io; Corrupt when something is wrong that is not a torn tail.
/// Threads: may run while a SegmentWriter appends, when @p limit is what was already appended.
Result<SegmentEnd> readSegments(Files& files, const std::filesystem::path& folder,
                                const EntryVisitor& visit,
                                std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

/// Appends frames to the last segment and starts a new one when it is full.
class SegmentWriter {
public:
    /// Puts the last entry and the segment's name on disk: an append whose sync failed may have
    /// left both in the system's memory only, and no checkpoint may cover what a power cut takes.
    static Result<SegmentWriter> open(Files& files, const std::filesystem::path& folder,
                                      const SegmentEnd& end, std::uint64_t segmentBytes);

    /// Starts a new segment beginning with entry @p index when a frame of @p bytes does not fit the
    /// last one. Errors: Io; nothing was appended.
    Result<void> makeRoom(std::uint64_t index, std::size_t bytes);

    /// Returns once @p frame is on disk. Errors: Io; what was written of it is taken back when the
    /// disk still lets us, else the next open meets it as a torn tail or as an entry without
    /// receipt.
    Result<void> append(Bytes frame);

    /// Like append(), but cuts what stands behind the frame: the note of a torn tail takes its
    /// place.
    Result<void> replaceTail(Bytes frame);

    [[nodiscard]] std::uint64_t first() const { return m_first; }

private:
    Result<void> settle(const SegmentEnd& end);

    Files* m_files = nullptr;
    std::filesystem::path m_folder;
    std::uint64_t m_segmentBytes = 0;
    File m_file;
    std::uint64_t m_first = 0;
    std::uint64_t m_at = 0;
};

/// The numbers of the first entries of all segments, in order. Errors: Io; Corrupt.
Result<std::vector<std::uint64_t>> segmentStarts(Files& files, const std::filesystem::path& folder);

/// The first entry's number of the segment that holds entry @p index. Errors: Io; Corrupt; Invalid.
Result<std::uint64_t> segmentOf(Files& files, const std::filesystem::path& folder,
                                std::uint64_t index);

/// "00000000000000004096" + @p ending: names sort as numbers do.
std::string segmentName(std::uint64_t first, std::string_view ending);

/// Magic and number of the first entry.
std::vector<std::byte> segmentHeader(const Magic& magic, std::uint64_t first);

inline constexpr std::string_view kSegmentEnding = ".entries";
inline constexpr std::string_view kSealedEnding = ".sealed";

} // namespace audit
