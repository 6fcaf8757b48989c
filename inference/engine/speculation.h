// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
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
    [[nodiscard]] bool known() const { return m_known; } // a step was measured

private:
    std::array<double, kMostRows + 1> m_mean{}; // 0: never measured
    bool m_known = false;
};

/// How often guesses held, older ones counting less.
struct HeldRate {
    double held = 0.0;
    double tried = 0.0;

    [[nodiscard]] double chance() const { return held / tried; }
    /// Of @p guessed tokens, at least one, the first @p right were right. @p keep: what all earlier
    /// ones count from now on.
    void seen(std::size_t guessed, std::size_t right, double keep);
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

    // What is assumed before anything was seen: little where only two tokens agree.
    std::array<HeldRate, kClasses> m_rates{{{0.4, 2}, {0.8, 2}, {1.2, 2}, {1.5, 2}, {1.7, 2}}};
};

/// How often the tokens of a draft model held, by how sure it was of them: over all answers, for
/// how well the two models agree is a matter of the models first.
/// Threads: one at a time.
class DraftRecord {
public:
    /// The chance that a token is right which the draft model gives @p probability.
    [[nodiscard]] double chance(double probability) const;
    /// What a new answer expects, to be changed soon by what it sees itself.
    [[nodiscard]] HeldRate expectation() const;
    /// Of the tokens that the draft model gave @p probabilities the first @p held were right.
    void seen(std::span<const double> probabilities, std::size_t held);
    /// A new answer begins: a draft model that seemed useless is tried again some day.
    void drift();

private:
    static constexpr std::size_t kClasses = 5;
    static std::size_t classOf(double probability);
    static constexpr HeldRate kAssumed = {1.2, 2};

    HeldRate m_all = kAssumed;
    std::array<HeldRate, kClasses> m_rates{{{0.4, 2}, {0.8, 2}, {1.2, 2}, {1.6, 2}, {1.9, 2}}};
};

/// How many guessed tokens of each answer to verify in the next step.
struct GuessPlan {
    std::vector<std::size_t> lengths; // [answers]
    double expected = 0.0;            // tokens
    double cost = 0.0;                // as StepCosts has it

    [[nodiscard]] double rate() const { return expected / cost; }
};

/// So that the expected number of tokens per time is greatest. @p rows: what the step computes
/// anyway, one for each answer. None where verifying does not pay, or would make the step cost more
/// than @p most.
/// Shapes: chances [answers][guessed tokens]: that a token is right, given that those before it
/// are.
GuessPlan planGuesses(std::span<const std::vector<double>> chances, std::size_t rows,
                      const StepCosts& costs,
                      double most = std::numeric_limits<double>::infinity());

/// What a step gives and computes without the tokens that are to be drafted.
struct Undrafted {
    double expected = 0.0; // tokens
    std::size_t rows = 0;
};
/// For answers whose drafted tokens are right with @p chances: the greatest expected number of
/// tokens per time when each drafts the same number of tokens, from one to @p most, one pass of the
/// draft model for each, and all are verified.
double draftedRate(const Undrafted& otherwise, std::span<const double> chances, std::size_t most,
                   const StepCosts& costs, const StepCosts& draftCosts);

} // namespace engine
