// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/event.h"
#include "audit/receipt.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace audit {

/// The machine's append-only log. Format: docs/formats/audit-log.md.
///
/// Threads: append() takes a lock and may be called from any thread; the order of the indices is
/// the order of the file.
class Log {
public:
    struct Options {
        std::filesystem::path folder;      // segments, checkpoint, side table
        std::filesystem::path signingKey;  // Ed25519 + ML-DSA-44, mode 0600; made when absent
        std::string origin;                // first line of checkpoints: "cloister/<install id>"
        /// Seals the side table's entries to the compliance key. Until it is set (before init) the
        /// salts and plaintexts of events are dropped.
        std::function<std::vector<std::byte>(std::span<const std::byte>)> seal;
    };

    /// Opens or creates the log and checks the tail against the last checkpoint.
    /// Errors: Io; Corrupt; Covered; Key. The files are then untouched, except that a torn last
    /// record which no checkpoint covers is cut, and the cut recorded.
    static Result<std::unique_ptr<Log>> open(Options options);
    ~Log();

    /// Records @p event; returns once it is on disk (fdatasync). Errors: Io, TooLarge, Invalid; the
    /// log is then unchanged, and after Io every further append is refused until reopened().
    Result<Receipt> append(const Event& event);

    /// Replaces the function that seals the side table (init makes the key after the log is open).
    void setSeal(std::function<std::vector<std::byte>(std::span<const std::byte>)> seal);

    /// Signs the current size and root, writes it to disk and returns the note's text. Also done by
    /// itself every 256 records, every second with new records, and on destruction.
    Result<std::string> checkpoint();

    /// The public key line that cloister-verify and clients take ("--public-key").
    [[nodiscard]] std::string publicKey() const;
    [[nodiscard]] std::uint64_t size() const;

    /// RFC 6962 consistency proof between two sizes, for a client that kept a checkpoint.
    Result<std::vector<std::byte>> consistencyProof(std::uint64_t from, std::uint64_t to) const;

    /// Intents (QuestionIntent, ChatIntent) that no outcome closes: found at open.
    struct Orphan {
        std::uint64_t index;
        Kind kind;
        std::string actor;
        std::map<std::string, std::string> plain;
    };
    [[nodiscard]] std::vector<Orphan> orphans() const;

    /// Copies everything a verifier needs into @p file: docs/formats/audit-export.md.
    /// @p receipt is of an AuditExport event.
    Result<void> exportTo(const std::filesystem::path& file, const Receipt& receipt) const;

private:
    struct State;
    explicit Log(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace audit
