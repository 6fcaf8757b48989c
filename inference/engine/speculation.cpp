// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/speculation.h"

#include <algorithm>
#include <cassert>

namespace engine {
namespace {

// Before anything is known: a further row for a twelfth of the first. Too low is better than too
// high: what is tried is measured, what is never tried stays unknown.
constexpr double kFurtherRow = 1.0 / 12;
// A new measurement's weight. Steps grow slowly with the text, and another program's interference
// passes.
constexpr double kNew = 0.15;
// Older guesses count less: the answer has moved on to another part of the record.
constexpr double kKeep = 0.8;
// How well two models agree changes with the subject only.
constexpr double kKeepOfModels = 0.98;
// What a new answer takes over of the others' experience counts as so many tokens.
constexpr double kExpectation = 4.0;
// Of the difference to what is assumed without experience, for each answer.
constexpr double kDrift = 0.05;

} // namespace

void StepCosts::measured(std::size_t rows, double microseconds)
{
    assert(rows > 0 && microseconds > 0);
    m_known = true;
    double& mean = m_mean[std::min(rows, kMostRows)];
    if (mean == 0.0)
        mean = microseconds;
    else // a step during which the system ran something else says nothing about rows
        mean += kNew * (std::min(microseconds, 2 * mean) - mean);
}

double StepCosts::of(std::size_t rows) const
{
    assert(rows > 0);
    const std::size_t wanted = std::min(rows, kMostRows);
    std::size_t below = wanted;
    while (below > 0 && m_mean[below] == 0.0)
        --below;
    std::size_t above = wanted;
    while (above <= kMostRows && m_mean[above] == 0.0)
        ++above;
    if (below == 0 && above > kMostRows)
        return 1.0 + kFurtherRow * static_cast<double>(wanted - 1);
    if (below == 0) // fewer rows than ever measured
        return m_mean[above] * (1.0 + kFurtherRow * static_cast<double>(wanted - 1)) /
               (1.0 + kFurtherRow * static_cast<double>(above - 1));
    if (above > kMostRows)
        return m_mean[below] * (1.0 + kFurtherRow * static_cast<double>(wanted - 1)) /
               (1.0 + kFurtherRow * static_cast<double>(below - 1));
    if (above == below)
        return m_mean[wanted];
    const double part = static_cast<double>(wanted - below) / static_cast<double>(above - below);
    return m_mean[below] + part * (m_mean[above] - m_mean[below]);
}

void HeldRate::seen(std::size_t guessed, std::size_t right, double keep)
{
    assert(right <= guessed && guessed > 0);
    // What follows the first wrong one was not tried: it continued a text that is not there.
    const auto looked = static_cast<double>(right < guessed ? right + 1 : right);
    // Never quite forgotten, so that one more guess is made now and then.
    held = std::max(held * keep, 0.05) + static_cast<double>(right);
    tried = std::max(tried * keep, 1.0) + looked;
}

std::size_t GuessRecord::classOf(std::size_t matched)
{
    constexpr std::array<std::size_t, kClasses - 1> kUpTo = {2, 3, 5, 8};
    return static_cast<std::size_t>(std::ranges::lower_bound(kUpTo, matched) - kUpTo.begin());
}

double GuessRecord::chance(std::size_t matched) const
{
    return m_rates[classOf(matched)].chance();
}

void GuessRecord::seen(std::size_t matched, std::size_t guessed, std::size_t held)
{
    if (guessed > 0)
        m_rates[classOf(matched)].seen(guessed, held, kKeep);
}

std::size_t DraftRecord::classOf(double probability)
{
    constexpr std::array<double, kClasses - 1> kUpTo = {0.3, 0.5, 0.7, 0.9};
    return static_cast<std::size_t>(std::ranges::lower_bound(kUpTo, probability) - kUpTo.begin());
}

double DraftRecord::chance(double probability) const
{
    return m_rates[classOf(probability)].chance();
}

HeldRate DraftRecord::expectation() const
{
    return {.held = m_all.chance() * kExpectation, .tried = kExpectation};
}

void DraftRecord::seen(std::span<const double> probabilities, std::size_t held)
{
    if (probabilities.empty())
        return;
    m_all.seen(probabilities.size(), held, kKeepOfModels);
    for (std::size_t i = 0; i < std::min(held + 1, probabilities.size()); ++i)
        m_rates[classOf(probabilities[i])].seen(1, i < held ? 1 : 0, kKeepOfModels);
}

void DraftRecord::drift()
{
    m_all.held += kDrift * (kAssumed.chance() - m_all.chance()) * m_all.tried;
}

GuessPlan planGuesses(std::span<const std::vector<double>> chances, std::size_t rows,
                      const StepCosts& costs, double most)
{
    std::vector<std::size_t> lengths(chances.size(), 0);
    std::vector<double> gains; // of one token more
    for (const std::vector<double>& ofAnswer : chances)
        gains.push_back(ofAnswer.empty() ? 0.0 : ofAnswer.front());

    auto expected = static_cast<double>(rows);
    GuessPlan best{.lengths = lengths, .expected = expected, .cost = costs.of(rows)};
    // The curve may jump and flatten again, so every total is looked at, not only the next.
    for (std::size_t total = rows + 1; total <= StepCosts::kMostRows; ++total) {
        const auto likely = std::ranges::max_element(gains);
        if (likely == gains.end() || *likely <= 0.0)
            break;
        const auto which = static_cast<std::size_t>(likely - gains.begin());
        expected += *likely;
        ++lengths[which];
        const std::vector<double>& ofAnswer = chances[which];
        *likely = lengths[which] < ofAnswer.size() ? *likely * ofAnswer[lengths[which]] : 0.0;
        const double cost = costs.of(total);
        if (cost <= most && expected / cost > best.rate())
            best = {.lengths = lengths, .expected = expected, .cost = cost};
    }
    return best;
}

double draftedRate(const Undrafted& otherwise, std::span<const double> chances, std::size_t most,
                   const StepCosts& costs, const StepCosts& draftCosts)
{
    assert(!chances.empty());
    std::vector<double> gains(chances.size(), 1.0);
    double expected = otherwise.expected;
    std::size_t rows = otherwise.rows;
    double drafting = 0.0;
    double best = 0.0;
    for (std::size_t depth = 1; depth <= most; ++depth) {
        for (std::size_t i = 0; i < chances.size(); ++i) {
            gains[i] *= chances[i];
            expected += gains[i];
        }
        rows += chances.size();
        drafting += draftCosts.of(chances.size());
        if (rows > StepCosts::kMostRows)
            break;
        best = std::max(best, expected / (costs.of(rows) + drafting));
    }
    return best;
}

} // namespace engine
