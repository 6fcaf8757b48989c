// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace engine {

/// What a step over so many rows costs, learnt from the steps that ran. Several rows share one read
/// of the weights, so the second costs less than the first: how much less depends on the machine.
/// Threads: one at a time.
class StepCosts {
public:
    /// Rows up to this many are told apart.
    static constexpr std::size_t kMostRows = 64;

    /// @p rows 1.., @p microseconds > 0
    void measured(std::size_t rows, double microseconds);
    /// Microseconds that a step over @p rows rows is expected to take; only ratios mean something
    /// before the first measurement.
    [[nodiscard]] double of(std::size_t rows) const;

private:
    std::array<double, kMostRows + 1> m_mean{}; // 0: never measured
};

/// How often guesses held, by how much of the text agreed with the place they were taken from.
/// Threads: one at a time.
class GuessRecord {
public:
    /// The chance that a guessed token is right when the one before it was.
    [[nodiscard]] double chance(std::size_t matched) const;
    /// Of @p guessed tokens the first @p held were right.
    void seen(std::size_t matched, std::size_t guessed, std::size_t held);

private:
    static constexpr std::size_t kClasses = 5;
    static std::size_t classOf(std::size_t matched);

    struct Counts {
        double held;
        double tried;
    };
    // What is assumed before anything was seen: little where only two tokens agree.
    std::array<Counts, kClasses> m_counts{{{0.4, 2}, {0.8, 2}, {1.2, 2}, {1.5, 2}, {1.7, 2}}};
};

/// One answer's guess for the next step.
struct Guessed {
    double chance = 0.0;       // that a token is right, given that those before it are
    std::size_t available = 0; // tokens
};

/// How many guessed tokens of each answer to verify in the next step, so that the expected number
/// of tokens per time is greatest. @p rows: what the step computes anyway, one for each answer.
/// Shapes: result [guesses]. None when verifying does not pay.
std::vector<std::size_t> planGuesses(std::span<const Guessed> guesses, std::size_t rows,
                                     const StepCosts& costs);

} // namespace engine
