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
constexpr double kForget = 0.8;

} // namespace

void StepCosts::measured(std::size_t rows, double microseconds)
{
    assert(rows > 0 && microseconds > 0);
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

std::size_t GuessRecord::classOf(std::size_t matched)
{
    constexpr std::array<std::size_t, kClasses - 1> kUpTo = {2, 3, 5, 8};
    return static_cast<std::size_t>(std::ranges::lower_bound(kUpTo, matched) - kUpTo.begin());
}

double GuessRecord::chance(std::size_t matched) const
{
    const Counts& counts = m_counts[classOf(matched)];
    return counts.held / counts.tried;
}

void GuessRecord::seen(std::size_t matched, std::size_t guessed, std::size_t held)
{
    assert(held <= guessed);
    if (guessed == 0)
        return;
    Counts& counts = m_counts[classOf(matched)];
    // What follows the first wrong one was not tried: it continued a text that is not there.
    const auto tried = static_cast<double>(held < guessed ? held + 1 : held);
    // Never quite forgotten, so that one more guess is made now and then.
    counts.held = std::max(counts.held * kForget, 0.05) + static_cast<double>(held);
    counts.tried = std::max(counts.tried * kForget, 1.0) + tried;
}

std::vector<std::size_t> planGuesses(std::span<const Guessed> guesses, std::size_t rows,
                                     const StepCosts& costs)
{
    std::vector<std::size_t> lengths(guesses.size(), 0);
    std::vector<std::size_t> best = lengths;
    std::vector<double> gains;
    for (const Guessed& guess : guesses)
        gains.push_back(guess.available > 0 ? guess.chance : 0.0);

    auto expected = static_cast<double>(rows);
    double bestRate = expected / costs.of(rows);
    // The curve may jump and flatten again, so every total is looked at, not only the next.
    for (std::size_t total = rows + 1; total <= StepCosts::kMostRows; ++total) {
        const auto most = std::ranges::max_element(gains);
        if (most == gains.end() || *most <= 0.0)
            break;
        const auto which = static_cast<std::size_t>(most - gains.begin());
        expected += *most;
        ++lengths[which];
        *most = lengths[which] < guesses[which].available ? *most * guesses[which].chance : 0.0;
        const double rate = expected / costs.of(total);
        if (rate > bestRate) {
            bestRate = rate;
            best = lengths;
        }
    }
    return best;
}

} // namespace engine
