// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// Constants of docs/formats/audit-log.md, audit-export.md and checkpoint.md.
namespace audit {

inline constexpr std::uint64_t kEntryVersion = 1;

/// The longest record. A record of a question is about 400 bytes; the limit keeps a damaged length
/// from being taken for a long record.
inline constexpr std::size_t kMaxEntryBytes = 16384;

/// What stands around a record: its length (8 bytes, little-endian) and its leaf hash.
inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kFrameBytes = kLengthBytes + kHashBytes;

/// Longest plaintext of one committed field: a question is at most 16 KiB.
inline constexpr std::size_t kMaxCommittedBytes = 65536;
inline constexpr std::size_t kMaxFields = 32;
inline constexpr std::size_t kSaltBytes = 32;

/// A segment is closed when the next entry would make it longer than this.
inline constexpr std::uint64_t kSegmentBytes = 4ULL << 20;

/// A checkpoint is signed when this many records or this much time has no checkpoint yet. The same
/// number of records separates the checkpoints that are kept for ever.
inline constexpr std::uint64_t kCheckpointRecords = 256;
inline constexpr std::chrono::milliseconds kCheckpointInterval{1000};

/// The last byte of each magic is the version of the file's layout.
using Magic = std::array<char, 8>;
inline constexpr Magic kSegmentMagic{'C', 'L', 'O', 'A', 'U', 'D', 'S', 1};
inline constexpr Magic kSealedMagic{'C', 'L', 'O', 'A', 'U', 'D', 'P', 1};
inline constexpr Magic kCheckpointsMagic{'C', 'L', 'O', 'A', 'U', 'D', 'C', 1};
inline constexpr Magic kExportMagic{'C', 'L', 'O', 'A', 'U', 'D', 'X', 1};
inline constexpr Magic kKeyMagic{'C', 'L', 'O', 'A', 'U', 'D', 'K', 1};

/// Magic and number of the first entry: the head of a segment and of its sealed file.
inline constexpr std::size_t kSegmentHeaderBytes = 16;

/// Plain field of a Recovered entry: the intent that it is about.
inline constexpr const char* kIntentField = "intent";

} // namespace audit
