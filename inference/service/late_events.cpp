// SPDX-License-Identifier: Apache-2.0
#include "inference/service/late_events.h"

#include "inference/service/logging.h"

#include <algorithm>
#include <format>

namespace service {

LateEvents::LateEvents(audit::Log& log, const Clock& clock)
    : m_log(log)
    , m_clock(clock)
{
}

void LateEvents::add(audit::Event event)
{
    const std::scoped_lock lock(m_mutex);
    if (event.closes || m_waiting.size() < kMostWaiting)
        m_waiting.push_back(std::move(event));
    else
        loseLocked(event, "too many wait for the log");
    flushLocked();
}

bool LateEvents::isFull() const
{
    const std::scoped_lock lock(m_mutex);
    return m_waiting.size() >= kMostWaiting;
}

std::uint64_t LateEvents::lost() const
{
    const std::scoped_lock lock(m_mutex);
    return m_lost;
}

void LateEvents::flush()
{
    const std::scoped_lock lock(m_mutex);
    if (!m_log.isRefusing()) {
        if (m_clock.steady() >= m_nextAttempt)
            m_pause = std::chrono::seconds(0); // it has held for as long as the last pause was
    } else if (!reopenLocked()) {
        return;
    }
    flushLocked();
}

/// The first attempt is made at once. One that succeeds counts as well: a full disk is read without
/// trouble and refuses the next entry.
bool LateEvents::reopenLocked()
{
    const auto now = m_clock.steady();
    if (now < m_nextAttempt)
        return false;
    m_pause = std::clamp(2 * m_pause, std::chrono::seconds(1), kLongestPause);
    m_nextAttempt = now + m_pause;
    if (const audit::Result<void> opened = m_log.reopen(); !opened)
        return false;
    logInfo("the audit log takes entries again");
    return true;
}

void LateEvents::flushLocked()
{
    while (!m_waiting.empty()) {
        const auto recorded = m_log.append(m_waiting.front());
        if (!recorded) {
            const audit::Error& error = recorded.error();
            // Only these two are the event's own fault.
            if (error.code != audit::Errc::Invalid && error.code != audit::Errc::TooLarge) {
                logError("audit", error.detail);
                return;
            }
            loseLocked(m_waiting.front(), error.detail);
        }
        m_waiting.pop_front();
    }
}

void LateEvents::loseLocked(const audit::Event& event, std::string_view why)
{
    ++m_lost;
    logError("audit", std::format("an event of kind {} is lost, {} since the start: {}",
                                  static_cast<unsigned>(event.kind), m_lost, why));
}

} // namespace service
