// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/kept_checkpoints.h"
#include "audit/log.h"
#include "audit/merkle.h"
#include "audit/sealed_fields.h"
#include "audit/segments.h"
#include "audit/signing_key.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace audit {

/// Everything that open() reads from the disk, so that reopen() can replace it as a whole.
struct OpenLog {
    std::optional<SigningKey> key; // always there once it is read
    MerkleTree tree;
    SegmentWriter writer;
    SealedFields sealed;
    KeptCheckpoints kept;
    std::string note;               // the last checkpoint; empty before the first
    std::uint64_t checkpointed = 0; // its size
    std::vector<Log::Orphan> orphans;
    std::optional<TornTail> torn; // to be noted and cut
};

/// Reads the log in options.folder. Errors: those of Log::open but Busy.
Result<OpenLog> readLog(Files& files, const Log::Options& options);

/// The record of @p event, with its commitments; @p salts receives what opens them.
/// Errors: Io when the system gives no random bytes.
Result<Entry> makeEntry(const Event& event, std::uint64_t index, std::uint64_t checkpointed,
                        Disclosure& salts);

struct Log::State {
    explicit State(Options given);

    // All with the lock held.
    Result<void> load();
    Result<Receipt> append(const Event& event);
    Result<void> write(const Entry& entry, const Disclosure& disclosure);
    Result<std::string> checkpoint();
    Result<void> putCheckpoint(const std::string& text);
    [[nodiscard]] bool isDirty() const { return !refusing && open.tree.size() > open.checkpointed; }

    /// The timer's thread: signs what the last interval brought.
    void signNowAndThen(const std::stop_token& stop);

    Options options;
    Files& files;
    File lock; // held for as long as the log is open
    OpenLog open;
    bool refusing = false;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::jthread timer; // last: it uses everything above
};

inline constexpr std::string_view kCheckpointName = "checkpoint";
inline constexpr std::string_view kLockName = "lock";

} // namespace audit
