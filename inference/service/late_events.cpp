// SPDX-License-Identifier: Apache-2.0
#include "inference/service/late_events.h"

#include "inference/service/logging.h"

namespace service {

namespace {

/// Each is a session's end; more than this are never open at once.
constexpr std::size_t kMostWaiting = 4096;

} // namespace

LateEvents::LateEvents(audit::Log& log)
    : m_log(log)
{
}

void LateEvents::add(audit::Event event)
{
    const std::scoped_lock lock(m_mutex);
    if (m_waiting.size() < kMostWaiting)
        m_waiting.push_back(std::move(event));
    flushLocked();
}

void LateEvents::flush()
{
    const std::scoped_lock lock(m_mutex);
    if (m_log.isRefusing()) {
        if (const audit::Result<void> opened = m_log.reopen(); !opened)
            return;
        logInfo("the audit log takes entries again");
    }
    flushLocked();
}

bool LateEvents::flushLocked()
{
    while (!m_waiting.empty()) {
        if (const auto recorded = m_log.append(m_waiting.front()); !recorded) {
            logError("audit", recorded.error().detail);
            return false;
        }
        m_waiting.pop_front();
    }
    return true;
}

} // namespace service
