// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/service/clock.h"

#include <chrono>
#include <deque>
#include <mutex>

namespace service {

/// What happens whether or not it can be recorded at once: locking and wiping never wait for the
/// log. Kept in order, recorded as soon as the log takes it; one that the log will never take (its
/// format forbids it) is left out and does not hold up the rest. Threads: any.
class LateEvents {
public:
    /// Between two attempts to reopen the log, which read all of it: 1 s, then 2, 4, … to this.
    static constexpr std::chrono::seconds kLongestPause{60};

    LateEvents(audit::Log& log, const Clock& clock);

    /// Records @p event now or later.
    void add(audit::Event event);
    /// Tries again what waits; reopens a log that an I/O error closed. To be called every second.
    void flush();

private:
    bool reopenLocked();
    void flushLocked();

    audit::Log& m_log;
    const Clock& m_clock;
    std::mutex m_mutex;
    std::deque<audit::Event> m_waiting;
    std::chrono::seconds m_pause{0}; // behind the last attempt
    std::chrono::steady_clock::time_point m_nextAttempt;
};

} // namespace service
