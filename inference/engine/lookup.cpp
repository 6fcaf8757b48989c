// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/lookup.h"

#include <algorithm>

namespace engine {
namespace {

// A pair such as ", " stands in a record thousands of times; the latest places are the likeliest.
constexpr int kPlaces = 64;

std::uint64_t pairOf(std::int32_t first, std::int32_t second)
{
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(first)) << 32U |
           static_cast<std::uint32_t>(second);
}

} // namespace

void Lookup::append(std::int32_t token)
{
    const auto place = static_cast<std::uint32_t>(m_tokens.size());
    m_tokens.push_back(token);
    m_before.push_back(kNone);
    if (place == 0)
        return;
    const auto [found, isNew] = m_ends.try_emplace(pairOf(m_tokens[place - 1], token), place);
    if (!isNew) {
        m_before[place] = found->second;
        found->second = place;
    }
}

void Lookup::append(std::span<const std::int32_t> tokens)
{
    for (const std::int32_t token : tokens)
        append(token);
}

Lookup::Guess Lookup::next(std::size_t most) const
{
    if (m_tokens.size() < kLeast)
        return {};
    const std::size_t end = m_tokens.size();
    std::size_t longest = 0;
    std::size_t after = 0;
    std::uint32_t place = m_before.back();
    for (int tried = 0; place != kNone && tried < kPlaces; ++tried, place = m_before[place]) {
        std::size_t same = kLeast;
        while (same < kMost && same <= place && m_tokens[place - same] == m_tokens[end - 1 - same])
            ++same;
        if (same > longest) {
            longest = same;
            after = place + 1;
        }
        if (longest == kMost)
            break;
    }
    if (longest == 0)
        return {};
    return {longest, std::span(m_tokens).subspan(after, std::min(most, end - after))};
}

} // namespace engine
