// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/service/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>

namespace service {

/// What happens whether or not it can be recorded at once: locking and wiping never wait for the
/// log. Kept in order, recorded as soon as the log takes it. One that the log will never take (its
/// format forbids it) is left out and does not hold up the rest; of events that close no intent no
/// more than kMostWaiting wait. What is left out is logged and counted. Threads: any.
class LateEvents {
public:
    /// Between two attempts to reopen the log, which read all of it: 1 s, then 2, 4, … to this.
    static constexpr std::chrono::seconds kLongestPause{60};
    /// More sessions than this never end while the log is broken: it lets none begin.
    static constexpr std::size_t kMostWaiting = 4096;

    LateEvents(audit::Log& log, const Clock& clock);

    /// Records @p event now or later. How an act ended is always kept: there are no more of those
    /// than acts that were let in before the list was full.
    void add(audit::Event event);
    /// As many wait as may: no act may begin whose end would have to wait behind them.
    [[nodiscard]] bool isFull() const;
    /// Events that will never be recorded, since the service started.
    [[nodiscard]] std::uint64_t lost() const;
    /// Tries again what waits; reopens a log that an I/O error closed. To be called every second.
    void flush();

private:
    bool reopenLocked();
    void flushLocked();
    void loseLocked(const audit::Event& event, std::string_view why);

    audit::Log& m_log;
    const Clock& m_clock;
    mutable std::mutex m_mutex;
    std::uint64_t m_lost = 0;
    std::deque<audit::Event> m_waiting;
    std::chrono::seconds m_pause{0}; // behind the last attempt
    std::chrono::steady_clock::time_point m_nextAttempt;
};

} // namespace service
