// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/service/clock.h"
#include "inference/service/shared_records.h"
#include "storage/inbox.h"
#include "storage/key_store.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace service {

/// What an import leaves in the inbox before it is sealed: the normalised record and the original
/// bytes. Bytes: version 1 (1), length of the normalised record (8, little endian), it, the
/// original.
[[nodiscard]] std::vector<std::byte> packImport(std::string_view normalised,
                                                std::span<const std::byte> original);

/// Merges sealed imports into the records in the background, one transaction each, while the
/// records key is in memory; it begins again where it was when the key went. A document that cannot
/// be merged is refused with a code and shown in `status`; one that the disk or the audit log
/// refused waits. Threads: any; the work is done on a thread of its own.
class Merger {
public:
    Merger(storage::Inbox& inbox, storage::KeyStore& keys, SharedRecords& records, audit::Log& log,
           const Clock& clock);
    ~Merger();

    /// Looks again: something was put into the inbox, or the key came into memory.
    void wake();
    /// Waits until nothing is left to do, at most @p longest: so that the list of patients right
    /// after a sign-in is whole.
    void waitIdle(std::chrono::milliseconds longest);
    [[nodiscard]] std::uint64_t merged() const { return m_merged; }

private:
    enum class Step { Done, Refused, Later };

    void run(const std::stop_token& stop);
    void mergeWaiting(const std::stop_token& stop);
    Step mergeOne(records::RecordStore& store, const storage::Secret& key,
                  const std::string& ticket);
    /// Nothing when the log cannot take it.
    std::optional<audit::Receipt> append(const audit::Event& event);
    Step refuseUnread(const std::string& ticket, std::string_view reason);
    Step refuse(const std::string& ticket, std::string_view reason);

    storage::Inbox& m_inbox;
    storage::KeyStore& m_keys;
    SharedRecords& m_records;
    audit::Log& m_log;
    const Clock& m_clock;
    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    bool m_wanted = false;
    bool m_working = false;
    std::atomic<std::uint64_t> m_merged{0};
    std::jthread m_thread; // last: it uses all of the above
};

} // namespace service
