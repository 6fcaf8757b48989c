// SPDX-License-Identifier: Apache-2.0
#include "inference/service/sessions.h"

#include "inference/service/random.h"
#include "storage/digest.h"

#include <algorithm>

namespace service {

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kSessionIdBytes = 16;
/// How long a client that was locked out hears "locked" instead of "unauthorized".
constexpr std::chrono::minutes kRememberEnded{10};

} // namespace

Sessions::Sessions(Options options, const Clock& clock, SharedRecords& records)
    : m_options(options)
    , m_clock(clock)
    , m_records(records)
{
}

Sessions::~Sessions()
{
    endAll();
}

Sessions::Opened Sessions::open(const storage::User& user, const api::Peer& peer,
                                std::shared_ptr<UserKeys> fresh, bool holdsRecords)
{
    Opened opened{.token = randomHex(kTokenBytes),
                  .caller = {.session = randomHex(kSessionIdBytes),
                             .user = user,
                             .peer = peer,
                             .holdsRecords = holdsRecords,
                             .keys = std::move(fresh)}};
    const std::scoped_lock lock(m_mutex);
    const auto other = std::ranges::find_if(
        m_sessions, [&user](const auto& one) { return one.second.caller.user.id == user.id; });
    if (other != m_sessions.end())
        opened.caller.keys = other->second.caller.keys;
    const Time now = m_clock.steady();
    const Digest digest = storage::sha256(opened.token);
    m_byToken.emplace(digest, opened.caller.session);
    m_sessions.emplace(
        opened.caller.session,
        Session{.token = digest, .caller = opened.caller, .lastSign = now, .lastInput = now});
    return opened;
}

api::Result<Caller> Sessions::find(std::string_view token, const api::Peer& peer)
{
    const Digest digest = storage::sha256(token);
    const std::scoped_lock lock(m_mutex);
    const auto id = m_byToken.find(digest);
    if (id == m_byToken.end()) {
        if (m_endedTokens.contains(digest))
            return std::unexpected(api::makeError(api::Errc::Locked, "the session has ended"));
        return std::unexpected(api::makeError(api::Errc::Unauthorized, "sign in first"));
    }
    Session& session = m_sessions.at(id->second);
    if (session.caller.peer.uid != peer.uid)
        return std::unexpected(api::makeError(api::Errc::Unauthorized, "sign in first"));
    const Time now = m_clock.steady();
    if (expiry(session, now)) // the sweep may be late: an expired session is never served
        return std::unexpected(api::makeError(api::Errc::Locked, "the session has ended"));
    session.lastSign = now;
    Caller caller = session.caller;
    caller.peer = peer;
    return caller;
}

bool Sessions::isOpen(const std::string& session) const
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_sessions.find(session);
    return found != m_sessions.end() && !expiry(found->second, m_clock.steady());
}

void Sessions::input(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto found = m_sessions.find(session); found != m_sessions.end())
        found->second.lastInput = m_clock.steady();
}

void Sessions::streamOpened(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto found = m_sessions.find(session); found != m_sessions.end())
        ++found->second.streams;
}

void Sessions::streamClosed(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end() || found->second.streams == 0)
        return;
    --found->second.streams;
    found->second.lastSign = m_clock.steady();
}

bool Sessions::beginQuestion(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_sessions.find(session);
    return found != m_sessions.end() && !std::exchange(found->second.asking, true);
}

void Sessions::endQuestion(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto found = m_sessions.find(session); found != m_sessions.end())
        found->second.asking = false;
}

void Sessions::nowHoldsRecords(const std::string& session)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end() || found->second.caller.holdsRecords) {
        m_records.release(); // the session ended, or another request was quicker
        return;
    }
    found->second.caller.holdsRecords = true;
    found->second.caller.user.admitted = true;
}

std::optional<Sessions::Ended> Sessions::end(const std::string& session, SessionEnd why)
{
    std::unique_lock lock(m_mutex);
    std::optional<Ended> ended = remove(session, why);
    lock.unlock();
    if (ended)
        wipe(*ended);
    return ended;
}

std::vector<Sessions::Ended> Sessions::sweep()
{
    std::vector<Ended> ended;
    std::unique_lock lock(m_mutex);
    const Time now = m_clock.steady();
    std::vector<std::pair<std::string, SessionEnd>> expired;
    for (const auto& [id, session] : m_sessions) {
        if (const std::optional<SessionEnd> why = expiry(session, now))
            expired.emplace_back(id, *why);
    }
    ended.reserve(expired.size());
    for (const auto& [id, why] : expired)
        ended.push_back(*remove(id, why));
    std::erase_if(m_endedTokens,
                  [now](const auto& token) { return now - token.second > kRememberEnded; });
    lock.unlock();

    for (const Ended& one : ended)
        wipe(one);
    return ended;
}

std::vector<Sessions::Ended> Sessions::endAll()
{
    std::vector<Ended> ended;
    std::unique_lock lock(m_mutex);
    while (!m_sessions.empty())
        ended.push_back(*remove(std::string(m_sessions.begin()->first), SessionEnd::Shutdown));
    lock.unlock();

    for (const Ended& one : ended)
        wipe(one);
    return ended;
}

std::size_t Sessions::count() const
{
    const std::scoped_lock lock(m_mutex);
    return m_sessions.size();
}

std::optional<SessionEnd> Sessions::expiry(const Session& session, Time now) const
{
    if (now - session.lastInput >= m_options.idle)
        return SessionEnd::Idle;
    if (session.streams == 0 && now - session.lastSign >= m_options.silent)
        return SessionEnd::Silent;
    return std::nullopt;
}

std::optional<Sessions::Ended> Sessions::remove(const std::string& session, SessionEnd why)
{
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end())
        return std::nullopt;
    Ended ended{.caller = std::move(found->second.caller), .why = why};
    m_byToken.erase(found->second.token);
    m_endedTokens.emplace(found->second.token, m_clock.steady());
    m_sessions.erase(found);
    ended.lastOfUser = std::ranges::none_of(m_sessions, [&ended](const auto& other) {
        return other.second.caller.user.id == ended.caller.user.id;
    });
    return ended;
}

/// Without the table's lock: wiping waits for a vault operation under way, the table must not.
void Sessions::wipe(const Ended& ended)
{
    if (ended.lastOfUser)
        ended.caller.keys->wipe();
    if (ended.caller.holdsRecords)
        m_records.release();
}

} // namespace service
