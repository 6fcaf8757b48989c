// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/event.h"
#include "audit/log_format.h"
#include "audit/receipt.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace audit {

class File;
class Files;

/// The machine's append-only log. Format: docs/formats/audit-log.md.
///
/// Threads: append() takes a lock and may be called from any thread; the order of the indices is
/// the order of the file.
class Log {
public:
    /// Bytes in, sealed bytes out; empty when it cannot. Called with the log's lock held.
    using Seal = std::function<std::vector<std::byte>(std::span<const std::byte>)>;
    /// The other way, by who holds the compliance key; nothing when the bytes are of another key.
    using Unseal = std::function<std::optional<std::vector<std::byte>>(std::span<const std::byte>)>;

    struct Options {
        std::filesystem::path folder;     // segments, checkpoint, side table
        std::filesystem::path signingKey; // Ed25519 + ML-DSA-44, mode 0600; made when absent
        std::string origin;               // first line of checkpoints: "cloister/<install id>"
        /// Seals the side table's entries to the compliance key. Until it is set (before init) the
        /// salts and plaintexts of events are dropped.
        Seal seal;

        // The rest stays as it is outside tests.
        Files* files = nullptr; // the calls to the disk; null: those of this machine
        std::uint64_t segmentBytes = kSegmentBytes;
        std::chrono::milliseconds checkpointInterval = kCheckpointInterval;
    };

    /// Opens or creates the log, checks every entry and the last checkpoint.
    /// Errors: Io; Corrupt; Covered; Busy; Key, also when the log is there and its key is not. The
    /// files are then untouched, except that a torn last record which no checkpoint covers is cut,
    /// and the cut recorded.
    static Result<std::unique_ptr<Log>> open(Options options);
    ~Log();

    /// Records @p event; returns once it is on disk (fdatasync). Errors: Io, TooLarge, Invalid; Key
    /// when the committed fields cannot be sealed. The log is then unchanged, and after Io every
    /// further append is refused until reopen(). (An entry that a failing disk neither confirmed
    /// nor took back may be found then; nobody holds a receipt of it.)
    Result<Receipt> append(const Event& event);

    /// Reads the log again after an I/O error, as open() does, and takes entries again when that
    /// went well. Errors: those of open(); the log then goes on refusing.
    Result<void> reopen();

    /// Whether an I/O error made the log refuse entries.
    [[nodiscard]] bool isRefusing() const;

    /// Replaces the function that seals the side table (init makes the key after the log is open).
    void setSeal(Seal seal);

    /// Erases salts and plaintexts of entry @p index from the side table; every proof stays valid.
    /// @p receipt is of an Erasure event. Errors: Io; Invalid when nothing is kept of that entry.
    Result<void> erasePlaintext(std::uint64_t index, const Receipt& receipt);

    /// Signs the current size and root, writes it to disk and returns the note's text. Also done by
    /// itself every 256 records, every second with new records, and on destruction.
    Result<std::string> checkpoint();

    /// The public key line that cloister-verify and clients take ("--public-key").
    [[nodiscard]] std::string publicKey() const;
    [[nodiscard]] std::uint64_t size() const;

    /// RFC 6962 consistency proof between two sizes, for a client that kept a checkpoint.
    Result<std::vector<std::byte>> consistencyProof(std::uint64_t from, std::uint64_t to) const;

    /// Intents (what was recorded as Pending) that no entry closes, and questions that only an
    /// Interrupted closes and no Recovered names: found at open.
    struct Orphan {
        std::uint64_t index;
        Kind kind;
        std::string actor;
        std::map<std::string, std::string> plain;
        bool interrupted = false; // an earlier start has recorded that
    };
    [[nodiscard]] std::vector<Orphan> orphans() const;

    /// Copies everything a verifier needs into @p file: docs/formats/audit-export.md.
    /// Appends may go on meanwhile; they are not in the export.
    /// @p receipt is of an AuditExport event. @p unseal: discloses what it can open; without it the
    /// export holds commitments only. Errors: Io, Corrupt, Key; Invalid for another receipt.
    Result<void> exportTo(const std::filesystem::path& file, const Receipt& receipt,
                          const Unseal& unseal = {}) const;
    /// The same into an empty open file, which may live in memory: what is disclosed then never
    /// touches a disk.
    Result<void> exportTo(File& out, const Receipt& receipt, const Unseal& unseal = {}) const;

private:
    struct State;
    explicit Log(std::unique_ptr<State> state);
    [[nodiscard]] static bool proves(const Receipt& receipt, Kind kind, std::uint64_t size);

    std::unique_ptr<State> m_state;
};

} // namespace audit
