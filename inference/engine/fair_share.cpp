// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/fair_share.h"

#include <algorithm>
#include <cassert>

namespace engine {

void FairShare::enter(User user)
{
    const auto [found, isNew] = m_present.try_emplace(user);
    if (isNew) {
        double least = m_present.size() > 1 ? 1e300 : m_level;
        for (const auto& [other, present] : m_present)
            if (other != user)
                least = std::min(least, present.served);
        m_level = std::max(m_level, least);
        found->second.served = m_level;
    }
    ++found->second.requests;
}

void FairShare::leave(User user)
{
    const auto found = m_present.find(user);
    assert(found != m_present.end());
    if (--found->second.requests > 0)
        return;
    // Alone, he leaves his account as the level: who comes back at once does not gain by it.
    if (m_present.size() == 1)
        m_level = std::max(m_level, found->second.served);
    m_present.erase(found);
}

void FairShare::charge(User user, double microseconds)
{
    const auto found = m_present.find(user);
    assert(found != m_present.end());
    found->second.served += microseconds;
}

double FairShare::served(User user) const
{
    const auto found = m_present.find(user);
    return found == m_present.end() ? m_level : found->second.served;
}

} // namespace engine
