// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/clock.h"

#include <cstddef>
#include <cstdint>
#include <map>

namespace service {

/// A bucket of requests for each uid, and its open connections. Threads: one.
class RateLimit {
public:
    explicit RateLimit(const Clock& clock);

    /// False: too many connections of this uid, or in all. Else counted until disconnected().
    bool connected(std::uint32_t uid);
    void disconnected(std::uint32_t uid);
    /// False: this uid sends too many requests.
    bool request(std::uint32_t uid);

private:
    struct Bucket {
        std::size_t connections = 0;
        double tokens = 0;
        std::chrono::steady_clock::time_point filled;
    };

    const Clock& m_clock;
    std::size_t m_connections = 0;
    std::map<std::uint32_t, Bucket> m_buckets; // one for each uid of the machine that ever came
};

} // namespace service
