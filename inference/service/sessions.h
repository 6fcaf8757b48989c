// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"
#include "inference/api/limits.h"
#include "inference/api/peer.h"
#include "inference/service/clock.h"
#include "inference/service/shared_records.h"
#include "inference/service/user_keys.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// Who makes a request: a session and the peer that used it.
struct Caller {
    std::string session;
    storage::User user;
    api::Peer peer;
    bool holdsRecords = false;      // admitted, and the records key is in memory for this session
    std::shared_ptr<UserKeys> keys; // shared: wiped at lock, though a request may still refer to it
};

enum class SessionEnd { Lock, SignOut, Silent, Idle, Shutdown };

/// Who is signed in. A session ends by itself when its client falls silent or nobody types; the
/// user's keys are wiped with the user's last session, the records key with the last of all.
/// Threads: any.
class Sessions {
public:
    struct Options {
        std::chrono::seconds silent = api::kSilent;
        std::chrono::seconds idle = api::kIdle;
    };

    struct Opened {
        std::string token; // 64 hex digits; only its SHA-256 is kept
        Caller caller;
    };

    struct Ended {
        Caller caller;
        SessionEnd why = SessionEnd::Lock;
        bool lastOfUser = false; // no other session of the user is open
    };

    Sessions(Options options, const Clock& clock, SharedRecords& records);
    ~Sessions(); // wipes

    /// Begins a session with the keys of the user's other sessions, or with @p fresh where there is
    /// none. Chosen under the table's lock: keys that are found before it may be wiped after, when
    /// the other session was the last and ends meanwhile.
    Opened open(const storage::User& user, const api::Peer& peer, std::shared_ptr<UserKeys> fresh,
                bool holdsRecords);

    /// The session of @p token, used by @p peer; counts as a sign of life. Errors: Locked for a
    /// session that has ended within the last minutes, Unauthorized for all else (also a token of
    /// another uid).
    api::Result<Caller> find(std::string_view token, const api::Peer& peer);

    /// Whether @p session, which find() gave, has not ended since.
    [[nodiscard]] bool isOpen(const std::string& session) const;

    /// Notes that somebody typed. @p session is the caller's own.
    void input(const std::string& session);
    /// An open stream keeps a session from falling silent, not from becoming idle.
    void streamOpened(const std::string& session);
    void streamClosed(const std::string& session);
    /// Says whether a question may begin (one at a time for each session).
    [[nodiscard]] bool beginQuestion(const std::string& session);
    void endQuestion(const std::string& session);

    /// The session's user was admitted meanwhile and the records are held for it from now on.
    void nowHoldsRecords(const std::string& session);

    std::optional<Ended> end(const std::string& session, SessionEnd why);
    /// Ends what has expired.
    std::vector<Ended> sweep();
    std::vector<Ended> endAll();

    [[nodiscard]] std::size_t count() const;
    [[nodiscard]] std::chrono::seconds silentAfter() const { return m_options.silent; }
    [[nodiscard]] std::chrono::seconds idleAfter() const { return m_options.idle; }

private:
    using Digest = std::array<std::byte, 32>;
    using Time = std::chrono::steady_clock::time_point;

    struct Session {
        Digest token;
        Caller caller;
        Time lastSign, lastInput;
        unsigned streams = 0;
        bool asking = false;
    };

    /// Why @p session ends now, if it does.
    [[nodiscard]] std::optional<SessionEnd> expiry(const Session& session, Time now) const;
    /// Takes a session out of the table; what it unlocked is not wiped yet.
    std::optional<Ended> remove(const std::string& session, SessionEnd why);
    void wipe(const Ended& ended);

    const Options m_options;
    const Clock& m_clock;
    SharedRecords& m_records;
    mutable std::mutex m_mutex;
    std::map<std::string, Session, std::less<>> m_sessions; // by id
    std::map<Digest, std::string> m_byToken;
    std::map<Digest, Time> m_endedTokens; // so that a locked client is told so
};

} // namespace service
