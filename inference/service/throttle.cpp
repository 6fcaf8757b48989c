// SPDX-License-Identifier: Apache-2.0
#include "inference/service/throttle.h"

#include "storage/digest.h"

#include <algorithm>

namespace service {

namespace {

/// Hashed, because people type passphrases into the wrong field.
std::string keyOf(std::uint32_t uid, std::string_view user)
{
    return std::to_string(uid) + ' ' + storage::hexOf(storage::sha256(user));
}

/// A quiet hour forgives.
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
    const auto left = [now](const auto& entries, const auto& key) {
        const auto found = entries.find(key);
        return found == entries.end() || found->second.next <= now
                   ? std::chrono::seconds(0)
                   : std::chrono::ceil<std::chrono::seconds>(found->second.next - now);
    };
    return std::max(left(m_names, keyOf(uid, user)), left(m_uids, uid));
}

void SignInThrottle::failed(std::uint32_t uid, std::string_view user)
{
    const std::scoped_lock lock(m_mutex);
    forgetTheQuiet();
    // When the table is full the oldest goes: the uid's own entry still slows the attacker down.
    if (m_names.size() >= kMaxEntries)
        m_names.erase(std::ranges::min_element(
            m_names, {}, [](const auto& entry) { return entry.second.last; }));
    Entry& pair = m_names[keyOf(uid, user)];
    pair.uid = uid;
    count(pair, kFree);
    count(m_uids[uid], kFreeOfUid);
}

void SignInThrottle::succeeded(std::uint32_t uid, std::string_view user)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto pair = m_names.find(keyOf(uid, user)); pair != m_names.end())
        forgive(pair);
}

SignInThrottle::Names::iterator SignInThrottle::forgive(Names::iterator pair)
{
    if (const auto whole = m_uids.find(pair->second.uid); whole != m_uids.end()) {
        Entry& entry = whole->second;
        entry.failures -= std::min(entry.failures, pair->second.failures);
        if (entry.failures < kFreeOfUid)
            entry.next = {};
    }
    return m_names.erase(pair);
}

void SignInThrottle::forgetTheQuiet()
{
    const auto now = m_clock.steady();
    for (auto pair = m_names.begin(); pair != m_names.end();)
        pair = now - pair->second.last > kForget ? forgive(pair) : std::next(pair);
    std::erase_if(m_uids, [now](const auto& entry) { return now - entry.second.last > kForget; });
}

void SignInThrottle::count(Entry& entry, unsigned free) const
{
    entry.last = m_clock.steady();
    if (++entry.failures < free)
        return;
    const unsigned doublings = std::min(entry.failures - free, 6U);
    entry.next = entry.last + std::min(kLongest, std::chrono::seconds(1U << doublings));
}

} // namespace service
