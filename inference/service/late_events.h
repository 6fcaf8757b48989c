// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"

#include <deque>
#include <mutex>

namespace service {

/// What happens whether or not it can be recorded at once: locking and wiping never wait for the
/// log. Kept in order, recorded as soon as the log takes it. Threads: any.
class LateEvents {
public:
    explicit LateEvents(audit::Log& log);

    /// Records @p event now or later.
    void add(audit::Event event);
    /// Tries again what waits; reopens a log that an I/O error closed.
    void flush();

private:
    bool flushLocked();

    audit::Log& m_log;
    std::mutex m_mutex;
    std::deque<audit::Event> m_waiting;
};

} // namespace service
