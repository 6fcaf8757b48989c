// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/clock.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace service {

/// Slows down guessing. Failures are counted for each pair of uid and typed user name and for each
/// uid alone; a name alone is not, so that nobody can lock another person out. After kFree failures
/// the next attempt must wait 1 s, then 2, 4, … up to kLongest. A success, or a quiet hour of the
/// name, forgives the pair's failures and as many of the uid's: on a shared account the typos of a
/// day must not add up, and one's own passphrase must not pay for guesses at somebody else's.
/// Threads: any.
class SignInThrottle {
public:
    static constexpr unsigned kFree = 5;       // of one user name
    static constexpr unsigned kFreeOfUid = 20; // over all names: a shared account has many people
    static constexpr std::chrono::seconds kLongest{64};
    static constexpr std::size_t kMaxEntries = 4096;

    explicit SignInThrottle(const Clock& clock);

    /// How long the next attempt must wait; zero: now.
    [[nodiscard]] std::chrono::seconds wait(std::uint32_t uid, std::string_view user) const;
    void failed(std::uint32_t uid, std::string_view user);
    void succeeded(std::uint32_t uid, std::string_view user);

private:
    struct Entry {
        std::uint32_t uid = 0;
        unsigned failures = 0;
        std::chrono::steady_clock::time_point next;
        std::chrono::steady_clock::time_point last;
    };

    using Names = std::map<std::string, Entry>; // by uid and name

    void count(Entry& entry, unsigned free) const;
    Names::iterator forgive(Names::iterator pair);
    void forgetTheQuiet();

    const Clock& m_clock;
    mutable std::mutex m_mutex;
    Names m_names;
    std::map<std::uint32_t, Entry> m_uids;
};

} // namespace service
