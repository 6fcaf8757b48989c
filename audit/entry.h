// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/event.h"
#include "audit/hash.h"
#include "audit/log_format.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace audit {

using Id = std::array<std::byte, 16>;
using Salt = std::array<std::byte, kSaltBytes>;

/// One record of the log, as it is written. Its bytes: docs/formats/audit-log.md.
struct Entry {
    std::uint64_t index = 0;
    Id eventId{};                    // UUIDv7
    std::uint64_t wallTime = 0;      // microseconds since 1970-01-01 UTC
    std::uint64_t monotonicTime = 0; // microseconds since boot, suspended time included
    Id bootId{};
    std::uint16_t kind = 0;
    std::uint8_t outcome = 0;
    std::string reason;
    std::string actor;
    std::string session;
    std::uint32_t peerUid = 0;
    std::uint32_t peerPid = 0;
    std::optional<std::uint64_t> closes;
    std::map<std::string, std::string> plain;
    std::map<std::string, Hash> commitments;
    std::uint64_t checkpointed = 0; // size of the last checkpoint when this was written
};

/// The canonical bytes of @p entry. Errors: TooLarge.
Result<std::vector<std::byte>> encode(const Entry& entry);

/// Reads bytes that encode() wrote. Errors: Corrupt for anything else, also for other encodings of
/// the same values.
Result<Entry> decode(Bytes record);

/// Checks @p event against the rules of the format. Errors: Invalid, TooLarge.
Result<void> check(const Event& event);

/// What the side table keeps of one entry, sealed: the salts and plaintexts behind its commitments.
struct Disclosure {
    struct Field {
        Salt salt{};
        std::string value;
    };

    std::uint64_t index = 0;
    Id eventId{};
    std::map<std::string, Field> fields;
};

std::vector<std::byte> encode(const Disclosure& disclosure);
Result<Disclosure> decodeDisclosure(Bytes bytes); // Errors: Corrupt

/// Whether @p disclosure opens commitments of @p entry, each of them rightly.
bool opens(const Disclosure& disclosure, const Entry& entry);

/// An entry as it stands in a segment and in an export: length, record, leaf hash.
struct Frame {
    Bytes record;
    Hash leaf{};
    std::size_t size = 0; // of the whole frame
};

std::vector<std::byte> frame(Bytes record);

/// The frame at the front of @p bytes, with the hash that is written there, not yet compared.
/// Nothing when the length is impossible or the bytes end before it.
std::optional<Frame> readFrame(Bytes bytes);

} // namespace audit
