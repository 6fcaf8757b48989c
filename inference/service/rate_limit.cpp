// SPDX-License-Identifier: Apache-2.0
#include "inference/service/rate_limit.h"

#include "inference/api/limits.h"

#include <algorithm>

namespace service {

RateLimit::RateLimit(const Clock& clock)
    : m_clock(clock)
{
}

bool RateLimit::connected(std::uint32_t uid)
{
    const auto [entry, isNew] = m_buckets.try_emplace(uid);
    Bucket& bucket = entry->second;
    if (isNew) {
        bucket.tokens = api::kRequestBurst;
        bucket.filled = m_clock.steady();
    }
    if (bucket.connections >= api::kMaxConnectionsOfUid || m_connections >= api::kMaxConnections)
        return false;
    ++bucket.connections;
    ++m_connections;
    return true;
}

void RateLimit::disconnected(std::uint32_t uid)
{
    --m_buckets.at(uid).connections;
    --m_connections;
}

bool RateLimit::request(std::uint32_t uid)
{
    Bucket& bucket = m_buckets.at(uid);
    const auto now = m_clock.steady();
    const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.filled = now;
    bucket.tokens =
        std::min<double>(api::kRequestBurst, bucket.tokens + seconds * api::kRequestsPerSecond);
    if (bucket.tokens < 1)
        return false;
    bucket.tokens -= 1;
    return true;
}

} // namespace service
