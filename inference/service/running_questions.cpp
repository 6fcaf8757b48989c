// SPDX-License-Identifier: Apache-2.0
#include "inference/service/running_questions.h"

#include "inference/api/json.h"
#include "inference/api/sse.h"
#include "inference/api/types.h"

#include <algorithm>

namespace service {

namespace {

std::string failureEvent(const api::Error& error)
{
    return api::encodeEvent("error", api::encode(api::Failed{.error = error, .turn = {}}));
}

} // namespace

RunningQuestions::Entry::Entry(std::string session, std::string user,
                               std::shared_ptr<EventSink> sink, std::stop_source stop)
    : m_session(std::move(session))
    , m_user(std::move(user))
    , m_sink(std::move(sink))
    , m_stop(std::move(stop))
{
}

void RunningQuestions::Entry::send(std::string bytes)
{
    const std::scoped_lock lock(m_mutex);
    m_begun = true;
    if (m_sink)
        m_sink->send(std::move(bytes));
}

void RunningQuestions::Entry::last(std::string bytes)
{
    const std::scoped_lock lock(m_mutex);
    m_last = std::move(bytes);
}

void RunningQuestions::Entry::respond(Response response)
{
    const std::scoped_lock lock(m_mutex);
    m_response = std::move(response);
}

void RunningQuestions::Entry::fail(const api::Error& error)
{
    const std::scoped_lock lock(m_mutex);
    if (m_last || m_response)
        return; // the answer had its end already
    if (m_begun)
        m_last = failureEvent(error);
    else
        m_response = errorResponse(error);
}

void RunningQuestions::Entry::finish()
{
    const std::scoped_lock lock(m_mutex);
    if (!m_sink)
        return;
    const std::shared_ptr<EventSink> sink = std::exchange(m_sink, nullptr);
    if (m_response)
        return sink->respond(std::move(*m_response));
    if (m_last)
        sink->send(std::move(*m_last));
    sink->finish();
}

void RunningQuestions::Entry::closeAsLocked(std::chrono::steady_clock::time_point now)
{
    const std::scoped_lock lock(m_mutex);
    if (!m_lockedAt)
        m_lockedAt = now;
    if (!m_sink)
        return;
    const std::shared_ptr<EventSink> sink = std::exchange(m_sink, nullptr);
    sink->send(failureEvent(api::makeError(api::Errc::Locked, "the session has ended")));
    sink->finish();
}

RunningQuestions::RunningQuestions(const Clock& clock)
    : m_clock(clock)
{
}

std::shared_ptr<RunningQuestions::Entry> RunningQuestions::begin(const std::string& session,
                                                                 const std::string& user,
                                                                 std::shared_ptr<EventSink> sink,
                                                                 std::stop_source stop)
{
    const std::scoped_lock lock(m_mutex);
    const auto ofUser =
        static_cast<std::uint32_t>(std::ranges::count(m_entries, user, &Entry::m_user));
    if (m_entries.size() >= kMost || ofUser >= kMostOfUser)
        return nullptr;
    if (m_stopping)
        stop.request_stop();
    return m_entries.emplace_back(
        std::make_shared<Entry>(session, user, std::move(sink), std::move(stop)));
}

void RunningQuestions::end(const std::shared_ptr<Entry>& entry)
{
    const std::scoped_lock lock(m_mutex);
    m_entries.remove(entry);
}

std::uint32_t RunningQuestions::count() const
{
    const std::scoped_lock lock(m_mutex);
    return static_cast<std::uint32_t>(m_entries.size());
}

void RunningQuestions::sessionEnded(std::string_view session)
{
    const std::scoped_lock lock(m_mutex);
    for (const auto& entry : m_entries) {
        if (entry->m_session == session)
            entry->closeAsLocked(m_clock.steady());
    }
}

void RunningQuestions::sweep()
{
    const std::scoped_lock lock(m_mutex);
    const auto now = m_clock.steady();
    for (const auto& entry : m_entries) {
        const std::scoped_lock entryLock(entry->m_mutex);
        if (entry->m_lockedAt && now - *entry->m_lockedAt >= kAfterLock)
            entry->m_stop.request_stop();
    }
}

void RunningQuestions::stopAll()
{
    const std::scoped_lock lock(m_mutex);
    m_stopping = true;
    for (const auto& entry : m_entries)
        entry->m_stop.request_stop();
}

void RunningQuestions::turnBegins(const std::string& turn)
{
    const std::scoped_lock lock(m_mutex);
    m_turns.insert(turn);
}

void RunningQuestions::turnEnds(const std::string& turn)
{
    const std::scoped_lock lock(m_mutex);
    m_turns.erase(turn);
}

bool RunningQuestions::isRunning(const std::string& turn) const
{
    const std::scoped_lock lock(m_mutex);
    return m_turns.contains(turn);
}

} // namespace service
