// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/sampler.h"

#include "inference/engine/keyed_random.h"
#include "inference/engine/odds.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>

namespace engine {
namespace {

constexpr float kLeast = std::numeric_limits<float>::lowest();
constexpr float kExcluded = -std::numeric_limits<float>::infinity(); // below kLeast: never chosen
constexpr std::uint32_t kMostTopLogprobs = 20;                       // OpenAI's limit
constexpr float kLeastLogprob = -9999.0F;

/// Numbers that are none count as the least.
float orderable(float logit)
{
    return logit > kLeast ? logit : kLeast;
}

} // namespace

bool makesSense(const SamplerSettings& settings)
{
    const auto within = [](float value, float least, float most) {
        return value >= least && value <= most; // false for NaN
    };
    constexpr float kMost = std::numeric_limits<float>::max();
    return within(settings.temperature, 0.0F, kMost) && settings.topP > 0.0F &&
           within(settings.topP, 0.0F, 1.0F) && within(settings.minP, 0.0F, 1.0F) &&
           settings.repetitionPenalty > 0.0F && within(settings.repetitionPenalty, 0.0F, kMost) &&
           within(settings.frequencyPenalty, kLeast, kMost) &&
           within(settings.presencePenalty, kLeast, kMost) &&
           settings.topLogprobs <= kMostTopLogprobs &&
           std::ranges::all_of(settings.bias, [&](const LogitBias& entry) {
               return within(entry.bias, kLeast, kMost);
           });
}

Choice Sampler::choose(const Position& position)
{
    Choice choice;
    choice.token = tokenAt(position);
    if (m_settings.logprobs)
        report(position.logits, choice);
    return choice;
}

std::int32_t Sampler::tokenAt(const Position& position)
{
    assert(!position.logits.empty());
    prepare(position);
    return chooseToken(position.answer.size());
}

/// Fills m_odds with the logits as bias, penalties and mask leave them, none of them NaN.
void Sampler::prepare(const Position& position)
{
    m_odds.resize(position.logits.size());
    raise(position.logits, kLeast, m_odds);
    for (const LogitBias& entry : m_settings.bias) {
        const auto token = static_cast<std::uint32_t>(entry.token);
        if (token < m_odds.size())
            m_odds[token] = orderable(m_odds[token] + entry.bias);
    }
    penalise(position.answer);
    if (position.mask != nullptr)
        applyMask(*position.mask);
}

void Sampler::penalise(std::span<const std::int32_t> answer)
{
    if (m_settings.repetitionPenalty == 1.0F && m_settings.frequencyPenalty == 0.0F &&
        m_settings.presencePenalty == 0.0F)
        return;
    if (m_settings.penaltyWindow != 0 && m_settings.penaltyWindow < answer.size())
        answer = answer.last(m_settings.penaltyWindow);
    m_counts.resize(m_odds.size());
    for (const std::int32_t token : answer)
        if (static_cast<std::uint32_t>(token) < m_counts.size())
            ++m_counts[static_cast<std::uint32_t>(token)];
    for (const std::int32_t token : answer) {
        const auto index = static_cast<std::uint32_t>(token);
        if (index >= m_counts.size() || m_counts[index] == 0)
            continue; // not in the vocabulary, or done
        float& logit = m_odds[index];
        logit = logit > 0.0F ? logit / m_settings.repetitionPenalty
                             : logit * m_settings.repetitionPenalty;
        logit =
            orderable(logit - static_cast<float>(m_counts[index]) * m_settings.frequencyPenalty -
                      m_settings.presencePenalty);
        m_counts[index] = 0;
    }
}

void Sampler::applyMask(const TokenMask& mask)
{
    const std::span<const std::uint64_t> words = mask.words();
    for (std::size_t begin = 0; begin < m_odds.size(); begin += 64) {
        const std::size_t count = std::min<std::size_t>(64, m_odds.size() - begin);
        const std::uint64_t word = begin / 64 < words.size() ? words[begin / 64] : 0;
        if (word == ~std::uint64_t{0})
            continue;
        for (std::size_t i = 0; i < count; ++i)
            if ((word >> i & 1U) == 0)
                m_odds[begin + i] = kExcluded;
    }
}

std::int32_t Sampler::chooseToken(std::uint64_t position)
{
    const std::size_t likeliest = largestOf(m_odds);
    const float best = m_odds[likeliest];
    // Infinite logits, or none that is a number: no distribution to draw from.
    if (m_settings.temperature <= 0.0F || best == kLeast || std::isinf(best))
        return static_cast<std::int32_t>(likeliest);

    const bool cut = m_settings.topK != 0 && m_settings.topK < m_odds.size();
    if (cut) {
        placesOfLargest(m_odds, m_settings.topK, m_places);
        for (std::size_t i = 0; i < m_places.size(); ++i)
            m_odds[i] = m_odds[m_places[i]]; // m_places ascends: nothing is overwritten unread
        m_odds.resize(m_places.size());
    }
    constexpr float kMost = std::numeric_limits<float>::max(); // 0 * infinity is no number
    const Weights weights{m_odds, m_groups};
    weigh(weights, best, std::min(1.0F / m_settings.temperature, kMost));
    if (m_settings.topP < 1.0F)
        keepNucleus(weights, m_settings.topP, m_scratch);
    dropBelow(m_odds, m_settings.minP); // the likeliest weighs 1
    const std::size_t drawn = draw(uniformAt(m_settings.seed, position));
    return static_cast<std::int32_t>(cut ? m_places[drawn] : drawn);
}

/// One of m_odds, each as likely as it weighs: where their running sum passes the drawn share.
std::size_t Sampler::draw(double uniform) const
{
    double left = uniform * sumOf(m_odds);
    // Whole blocks are stepped over, so that most weights are only added up.
    constexpr std::size_t kBlock = 1024;
    std::size_t last = 0;
    const std::span<const float> odds(m_odds);
    for (std::size_t begin = 0; begin < odds.size(); begin += kBlock) {
        const auto block = odds.subspan(begin, std::min(kBlock, odds.size() - begin));
        const double held = sumOf(block);
        if (held <= 0.0)
            continue;
        if (left >= held && begin + kBlock < odds.size()) {
            left -= held;
            last = begin + largestOf(block);
            continue;
        }
        for (std::size_t i = 0; i < block.size(); ++i) {
            if (block[i] <= 0.0F)
                continue;
            last = begin + i;
            left -= block[i];
            if (left < 0.0)
                return last;
        }
    }
    return last; // rounding
}

/// Adds what the model itself thinks of the tokens.
void Sampler::report(std::span<const float> logits, Choice& choice)
{
    m_odds.resize(logits.size());
    raise(logits, kLeast, m_odds);
    const float best = m_odds[largestOf(m_odds)];
    const double logOfSum = std::log(sumOfWeights(m_odds, best));
    const auto logprobOf = [&](std::size_t token) {
        const float logit = m_odds[token];
        if (logit == best && std::isinf(best))
            return 0.0F; // infinitely likelier than all others
        const double logprob = static_cast<double>(logit) - best - logOfSum;
        return std::max(kLeastLogprob, static_cast<float>(logprob)); // the former if NaN
    };
    choice.logprob = logprobOf(static_cast<std::size_t>(choice.token));
    const std::size_t count = std::min<std::size_t>(m_settings.topLogprobs, m_odds.size());
    if (count == 0)
        return;
    placesOfLargest(m_odds, count, m_places);
    std::ranges::stable_sort(m_places, std::ranges::greater(),
                             [this](std::uint32_t place) { return m_odds[place]; });
    for (const std::uint32_t place : m_places)
        choice.top.push_back({static_cast<std::int32_t>(place), logprobOf(place)});
}

} // namespace engine
