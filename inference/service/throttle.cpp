// SPDX-License-Identifier: Apache-2.0
#include "inference/service/throttle.h"

#include "inference/service/random.h"

#include <algorithm>

namespace service {

namespace {

/// Hashed, because people type passphrases into the wrong field.
std::string keyOf(std::uint32_t uid, std::string_view user)
{
    return std::to_string(uid) + ' ' + hex(sha256(user));
}

std::string keyOf(std::uint32_t uid)
{
    return std::to_string(uid);
}

/// A quiet hour forgives everything.
constexpr std::chrono::hours kForget{1};

} // namespace

SignInThrottle::SignInThrottle(const Clock& clock)
    : m_clock(clock)
{
}

std::chrono::seconds SignInThrottle::wait(std::uint32_t uid, std::string_view user) const
{
    const std::scoped_lock lock(m_mutex);
    const auto now = m_clock.steady();
    std::chrono::seconds longest{0};
    for (const std::string& key : {keyOf(uid, user), keyOf(uid)}) {
        const auto found = m_entries.find(key);
        if (found != m_entries.end() && found->second.next > now)
            longest = std::max(longest,
                               std::chrono::ceil<std::chrono::seconds>(found->second.next - now));
    }
    return longest;
}

void SignInThrottle::failed(std::uint32_t uid, std::string_view user)
{
    const std::scoped_lock lock(m_mutex);
    const auto now = m_clock.steady();
    std::erase_if(m_entries,
                  [now](const auto& entry) { return now - entry.second.last > kForget; });
    // When the table is full the oldest goes: the uid's own entry still slows the attacker down.
    if (m_entries.size() >= kMaxEntries)
        m_entries.erase(std::ranges::min_element(
            m_entries, {}, [](const auto& entry) { return entry.second.last; }));
    count(keyOf(uid, user), kFree);
    count(keyOf(uid), kFreeOfUid);
}

void SignInThrottle::succeeded(std::uint32_t uid, std::string_view user)
{
    const std::scoped_lock lock(m_mutex);
    m_entries.erase(keyOf(uid, user));
}

void SignInThrottle::count(const std::string& key, unsigned free)
{
    Entry& entry = m_entries[key];
    entry.last = m_clock.steady();
    if (++entry.failures < free)
        return;
    const unsigned doublings = std::min(entry.failures - free, 6U);
    entry.next = entry.last + std::min(kLongest, std::chrono::seconds(1U << doublings));
}

} // namespace service
