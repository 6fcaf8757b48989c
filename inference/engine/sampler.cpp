// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/sampler.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace engine {
namespace {

/// Numbers that are none count as the least.
float orderable(float logit)
{
    return std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit;
}

std::int32_t mostLikely(std::span<const float> logits)
{
    std::size_t best = 0;
    for (std::size_t i = 1; i < logits.size(); ++i)
        if (orderable(logits[i]) > orderable(logits[best]))
            best = i;
    return static_cast<std::int32_t>(best);
}

} // namespace

/// Fills m_choices with the topK most likely, the first the most likely, weights relative to it.
void Sampler::keepMostLikely(std::span<const float> logits)
{
    m_choices.clear();
    for (std::size_t i = 0; i < logits.size(); ++i)
        m_choices.push_back({static_cast<std::int32_t>(i), orderable(logits[i]), 0.0});
    const auto moreLikely = [](const Choice& a, const Choice& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
    };
    const std::size_t kept = m_settings.topK == 0
                                 ? m_choices.size()
                                 : std::min<std::size_t>(m_settings.topK, m_choices.size());
    std::partial_sort(m_choices.begin(), m_choices.begin() + static_cast<std::ptrdiff_t>(kept),
                      m_choices.end(), moreLikely);
    m_choices.resize(kept);

    const double best = m_choices.front().logit;
    for (Choice& choice : m_choices)
        choice.weight = std::exp((choice.logit - best) / m_settings.temperature);
}

std::int32_t Sampler::choose(std::span<const float> logits)
{
    assert(!logits.empty());
    if (m_settings.temperature <= 0.0F)
        return mostLikely(logits);
    keepMostLikely(logits);

    double total = 0.0;
    for (const Choice& choice : m_choices)
        total += choice.weight;
    if (!std::isfinite(total)) // infinite logits: no distribution to draw from
        return m_choices.front().token;

    // The fewest of the most likely tokens that together hold topP.
    double held = 0.0;
    std::size_t kept = 0;
    while (kept < m_choices.size() && (kept == 0 || held < m_settings.topP * total))
        held += m_choices[kept++].weight;

    constexpr double kUnit = 1.0 / 9007199254740992.0; // 2^-53: a double's own precision
    double left = static_cast<double>(m_random() >> 11U) * kUnit * held;
    for (std::size_t i = 0; i < kept; ++i) {
        left -= m_choices[i].weight;
        if (left < 0.0)
            return m_choices[i].token;
    }
    return m_choices[kept - 1].token; // rounding
}

} // namespace engine
