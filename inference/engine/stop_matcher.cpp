// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace engine {

/// Source: Knuth, Morris, Pratt, "Fast Pattern Matching in Strings", 1977.
StopMatcher::StopMatcher(const std::vector<std::string>& stops)
{
    for (const std::string& text : stops) {
        if (text.empty())
            continue;
        Stop stop{.text = text, .shorter = std::vector<std::size_t>(text.size() + 1)};
        for (std::size_t n = 1; n < text.size(); ++n)
            stop.shorter[n + 1] = matchedAfter(stop, stop.shorter[n], text[n]);
        m_stops.push_back(std::move(stop));
    }
}

std::size_t StopMatcher::matchedAfter(const Stop& stop, std::size_t matched, char next)
{
    while (matched > 0 && stop.text[matched] != next)
        matched = stop.shorter[matched];
    return stop.text[matched] == next ? matched + 1 : 0;
}

std::string StopMatcher::push(std::string_view piece)
{
    if (m_stopped)
        return {};
    std::size_t longest = 0; // beginning of a stop text at the end of the answer
    for (const char next : piece) {
        m_held += next;
        longest = 0;
        std::size_t complete = 0;
        for (Stop& stop : m_stops) {
            stop.matched = matchedAfter(stop, stop.matched, next);
            longest = std::max(longest, stop.matched);
            if (stop.matched == stop.text.size())
                complete = std::max(complete, stop.matched);
        }
        if (complete > 0) {
            m_stopped = true;
            m_held.resize(m_held.size() - complete);
            return std::exchange(m_held, {});
        }
    }
    return piece.empty() ? std::string() : release(longest);
}

std::string StopMatcher::finish()
{
    return std::exchange(m_held, {});
}

/// All but the last @p kept bytes.
std::string StopMatcher::release(std::size_t kept)
{
    std::string shown = m_held.substr(0, m_held.size() - kept);
    m_held.erase(0, shown.size());
    return shown;
}

} // namespace engine
