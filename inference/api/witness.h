// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// What a client keeps of the audit log, so that it notices when entries it could have seen are
/// gone: docs/formats/client-checkpoint.md.
struct KeptCheckpoint {
    std::string key;  // public key line that signed it
    std::string note; // the checkpoint as it came
};

/// Reads and writes the kept file's text. Reading refuses anything that is not exactly that form.
[[nodiscard]] std::optional<KeptCheckpoint> parseKept(std::string_view text);
[[nodiscard]] std::string formatKept(const KeptCheckpoint& kept);

/// Entries that @p kept covers: SignInRequest::knownCheckpoint. Nothing where it does not verify.
[[nodiscard]] std::optional<std::uint64_t> sizeOf(const KeptCheckpoint& kept);

enum class Witness : std::uint8_t {
    Consistent,     // the log still holds all that was kept
    FirstSeen,      // nothing was kept
    BadSignature,   // the daemon's checkpoint does not verify with the key it names
    KeyChanged,     // another key than the kept or the pinned one
    HistoryChanged, // the log no longer holds what was kept
};

/// Compares what the daemon sent at sign-in with what was kept. @p pinnedKey: the key that IT laid
/// down on this machine, empty where there is none.
[[nodiscard]] Witness judge(const std::optional<KeptCheckpoint>& kept, const AuditState& now,
                            std::string_view pinnedKey);

} // namespace api
