// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/hash.h"
#include "audit/note.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace audit {

/// What is wrong with an export. Their names in JSON: nameOf().
enum class Wrong {
    File,       // the file's own structure; entries could not be judged
    Checkpoint, // a checkpoint in it is not signed by the key
    Fork,       // two signed checkpoints contradict each other: the log was rewritten by its owner
    Damaged,    // the entry's bytes do not fit the hash beside them, or are no entry
    Misplaced,  // another entry stands there: one was removed, swapped or inserted
    Altered,    // the entry fits the hash beside it, but that hash is not the signed one
    Missing,    // the log ends before it, and it is signed for
    Unsigned,   // an entry behind the newest checkpoint
    Range,      // entry and hashes were recomputed: the wrong one lies between two checkpoints
    HashList,   // all entries are right, but the list of hashes was changed at this entry
    Disclosure, // the entry is right, but what is disclosed of it is not
};

std::string_view nameOf(Wrong wrong);

/// The first wrong thing.
struct Finding {
    Wrong wrong = Wrong::File;
    std::optional<std::uint64_t> entry; // the first entry known to be wrong
    /// Set when entries before `entry`, or instead of it, cannot be proven right: [first, last].
    std::optional<std::pair<std::uint64_t, std::uint64_t>> range;
    std::string detail; // never a field of an entry
};

/// What is proven of a right export.
struct Verified {
    std::string origin;
    std::uint64_t entries = 0;
    std::uint64_t olderSize = 0;       // entries that the kept checkpoint vouches for
    std::uint64_t committedFields = 0; // fields of which the log holds commitments only
    std::uint64_t disclosedFields =
        0; // of those, the ones whose plaintext the export shows, rightly
};

using Verdict = std::expected<Verified, Finding>;

/// Checks exports against a checkpoint that somebody else kept. Needs no secret, network or
/// service. Format: docs/formats/audit-export.md. Threads: const calls from any.
class Verifier {
public:
    /// @p older: text of the kept checkpoint. @p publicKey: the log's key line.
    /// Errors: Key when the line cannot be read; Corrupt when @p older is not signed by it.
    static Result<Verifier> create(std::string_view older, std::string_view publicKey);

    [[nodiscard]] Verdict verify(Bytes file) const;

private:
    Verifier(PublicKeys keys, std::string note, TreeHead head);

    PublicKeys m_keys;
    std::string m_olderNote;
    TreeHead m_older;
};

} // namespace audit
