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
/// the next attempt must wait 1 s, then 2, 4, … up to kLongest. Threads: any.
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
        unsigned failures = 0;
        std::chrono::steady_clock::time_point next;
        std::chrono::steady_clock::time_point last;
    };

    void count(const std::string& key, unsigned free);

    const Clock& m_clock;
    mutable std::mutex m_mutex;
    std::map<std::string, Entry> m_entries;
};

} // namespace service
