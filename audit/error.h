// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace audit {

enum class Errc {
    Io,       // the disk refused; nothing was recorded
    Corrupt,  // the log does not verify; do not append
    TooLarge, // the entry exceeds kMaxEntryBytes
    Key,      // a key is missing, damaged or of the wrong kind
    Covered,  // a torn tail that a checkpoint covers: records are missing, the log refuses to open
    Invalid,  // the event breaks the format's rules
    Busy,     // another process has this log open
};

struct Error {
    Errc code;
    std::string detail; // for the log file; never patient text, never shown to a user
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace audit
