// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/clock.h"
#include "inference/service/exchange.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

namespace service {

/// Questions that were let in, until their answers are stored: each has a thread of its own, so
/// that none waits unseen for another. When a session ends its streams close at once with `locked`,
/// but the answers are finished and stored, for at most kAfterLock. Threads: any.
class RunningQuestions {
public:
    static constexpr std::chrono::seconds kAfterLock{120};
    static constexpr std::uint32_t kMost = 16; // each is a thread; the engine queues them anyway
    static constexpr std::uint32_t kMostOfUser = 4; // one for each session: several windows

    class Entry {
    public:
        Entry(std::string session, std::string user, std::shared_ptr<EventSink> sink,
              std::stop_source stop);
        /// To the client, unless its session has ended.
        void send(std::string bytes);
        /// The end of the answer, as the stream's last event or as an ordinary response. It goes
        /// out with finish(), when the question counts as ended: whoever has read it may ask again.
        void last(std::string bytes);
        void respond(Response response);
        /// As an ordinary answer where nothing was sent yet, else as the stream's last event.
        void fail(const api::Error& error);
        void finish();
        [[nodiscard]] std::stop_token stopToken() const { return m_stop.get_token(); }

    private:
        friend class RunningQuestions;
        void closeAsLocked(std::chrono::steady_clock::time_point now);

        const std::string m_session;
        const std::string m_user;          // its id
        std::mutex m_mutex;                // orders the last event of answer and lock
        std::shared_ptr<EventSink> m_sink; // the connection's; null once closed
        bool m_begun = false;              // something was sent
        std::optional<std::string> m_last;
        std::optional<Response> m_response;
        std::stop_source m_stop;
        std::optional<std::chrono::steady_clock::time_point> m_lockedAt;
    };

    explicit RunningQuestions(const Clock& clock);

    /// Before the question waits for anything. Null when kMost were let in, or kMostOfUser of
    /// @p user, and have not ended. After stopAll() a question is stopped as it begins.
    std::shared_ptr<Entry> begin(const std::string& session, const std::string& user,
                                 std::shared_ptr<EventSink> sink, std::stop_source stop);
    void end(const std::shared_ptr<Entry>& entry);
    [[nodiscard]] std::uint32_t count() const;

    void sessionEnded(std::string_view session);
    /// Stops answers that have outlived their session for too long.
    void sweep();
    /// The daemon ends: stops what runs and what was accepted before and begins later.
    void stopAll();

    void turnBegins(const std::string& turn);
    void turnEnds(const std::string& turn);
    [[nodiscard]] bool isRunning(const std::string& turn) const;

private:
    const Clock& m_clock;
    mutable std::mutex m_mutex;
    std::list<std::shared_ptr<Entry>> m_entries;
    std::set<std::string> m_turns;
    bool m_stopping = false;
};

} // namespace service
