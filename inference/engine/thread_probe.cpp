// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/thread_probe.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <format>

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kTurns = 3;
constexpr double kClearly = 1.03; // times as fast

/// Of one time. What it reads of a model that does not fit a cache is many caches' worth.
constexpr Seconds kOneTime{0.04};
constexpr std::size_t kMostPasses = 8; // of a small model in one time
constexpr Seconds kLongest{1.0};       // for one kind of rows, once they are warm
constexpr Seconds kLongWarmUp{0.5};    // of what may come from a disk
constexpr std::uint32_t kPromptTokens = 128;

/// Of the processor time of all cores. The rest is waits that were longer than threads spin.
constexpr double kUndisturbed = 0.8;

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// As many layers as one time takes; of a small model all, several times over.
class Rehearsal {
public:
    Rehearsal(model::Model& network, model::KvPool& pool, model::Phase phase, std::size_t rows)
        : m_network(network)
        , m_sequence(pool)
        , m_phase(phase)
        , m_tokens(rows)
    {
        if (phase == model::Phase::Generation)
            m_logits.resize(network.config().vocabularySize);
        const std::uint32_t vocabulary = network.config().vocabularySize;
        for (std::size_t i = 0; i < rows; ++i)
            m_tokens[i] = static_cast<std::int32_t>(i % vocabulary);
    }

    /// Decides how much one time is, with all threads. False without memory.
    bool prepare()
    {
        const std::size_t all = m_network.config().layers;
        auto took = warmUp();
        if (!took)
            return false;
        m_layers = std::clamp<std::size_t>(
            std::min(timesIn(kOneTime, took->again), timesIn(kLongWarmUp, took->first)), 1, all);
        if (m_layers > 1)
            took = warmUp();
        if (!took)
            return false;
        if (m_layers == all)
            m_passes = std::clamp<std::size_t>(timesIn(kOneTime, took->again), 1, kMostPasses);
        m_end = Clock::now() + std::chrono::duration_cast<Clock::duration>(kLongest);
        return true;
    }

    std::optional<double> time(unsigned threads)
    {
        m_network.useThreads({.decode = threads, .prefill = threads});
        if (Clock::now() > m_end || !run(1, 1) || Clock::now() > m_end) // the threads wake up
            return std::nullopt;
        const std::clock_t processorBegin = std::clock();
        const Clock::time_point begin = Clock::now();
        if (!run(m_layers, m_passes))
            return std::nullopt;
        const double seconds = Seconds(Clock::now() - begin).count();
        if (threads == m_all) {
            m_processorSeconds +=
                static_cast<double>(std::clock() - processorBegin) / CLOCKS_PER_SEC;
            m_seconds += seconds;
        }
        return seconds;
    }

    /// With all threads. Also where a single layer takes all the time there is: nothing can be
    /// compared then, today or tomorrow.
    [[nodiscard]] bool undisturbed() const
    {
        return !m_failed &&
               (m_seconds == 0 || wereUndisturbed(m_all, m_processorSeconds, m_seconds));
    }

private:
    static std::size_t timesIn(Seconds whole, double seconds)
    {
        return static_cast<std::size_t>(std::min(whole.count() / std::max(seconds, 1e-9), 1e6));
    }

    bool run(std::size_t layers, std::size_t passes)
    {
        const bool logits = !m_logits.empty();
        for (std::size_t i = 0; i < passes && !m_failed; ++i)
            if (!m_network.rehearse({.sequence = &m_sequence,
                                     .tokens = m_tokens,
                                     .wanted = logits ? model::Logits::Last : model::Logits::None,
                                     .logits = m_logits},
                                    m_phase, layers))
                m_failed = true;
        return !m_failed;
    }

    /// What it takes at first, when pages may come from the disk, and afterwards.
    struct WarmUp {
        double first = 0;
        double again = 0;
    };
    /// Not again where the first took long already.
    std::optional<WarmUp> warmUp()
    {
        WarmUp took;
        for (double* const seconds : {&took.first, &took.again}) {
            const Clock::time_point begin = Clock::now();
            if (!run(m_layers, 1))
                return std::nullopt;
            *seconds = Seconds(Clock::now() - begin).count();
            if (took.first > kLongWarmUp.count())
                return WarmUp{took.first, took.first};
        }
        return took;
    }

    model::Model& m_network;
    model::KvSequence m_sequence;
    model::Phase m_phase;
    std::vector<std::int32_t> m_tokens;
    std::vector<float> m_logits; // none of a prompt: its rows are what takes time
    std::size_t m_layers = 1;
    std::size_t m_passes = 1;
    Clock::time_point m_end;
    unsigned m_all = m_network.threads().decode;
    double m_processorSeconds = 0;
    double m_seconds = 0;
    bool m_failed = false; // for want of memory
};

/// Nothing when that can't be found out now.
std::optional<unsigned> search(model::Model& network, model::KvPool& pool, model::Phase phase,
                               std::size_t rows)
{
    const model::ThreadCounts all = network.threads();
    Rehearsal rehearsal(network, pool, phase, rows);
    std::optional<unsigned> found;
    if (rehearsal.prepare())
        found = searchThreads(all.decode, [&](unsigned count) { return rehearsal.time(count); });
    network.useThreads(all);
    return rehearsal.undisturbed() ? found : std::nullopt;
}

} // namespace

unsigned bestOf(std::span<const ThreadTrial> trials)
{
    double fastest = HUGE_VAL;
    for (const ThreadTrial& trial : trials)
        if (!trial.seconds.empty())
            fastest = std::min(fastest, median(trial.seconds));
    unsigned best = 1;
    for (const ThreadTrial& trial : trials)
        if (!trial.seconds.empty() && median(trial.seconds) <= fastest * kClearly)
            best = std::max(best, trial.threads);
    return best;
}

std::vector<unsigned> countsToTry(unsigned best)
{
    std::vector<unsigned> counts;
    for (const unsigned count : {best, best * 3 / 4, best / 2})
        if (count > 0 && (counts.empty() || count < counts.back()))
            counts.push_back(count);
    return counts;
}

unsigned searchThreads(unsigned most, const TimeWork& work)
{
    unsigned best = most;
    while (best > 1) {
        std::vector<ThreadTrial> trials;
        for (const unsigned count : countsToTry(best))
            trials.push_back({count, {}});
        for (int turn = 0; turn < kTurns; ++turn) {
            for (ThreadTrial& trial : trials) {
                const auto seconds = work(trial.threads);
                if (!seconds)
                    return best;
                trial.seconds.push_back(*seconds);
            }
        }
        const unsigned least = trials.back().threads;
        best = bestOf(trials);
        if (best != least) // more and fewer have been seen
            break;
    }
    return best;
}

bool wereUndisturbed(unsigned threads, double processorSeconds, double seconds)
{
    return seconds > 0 && processorSeconds >= kUndisturbed * threads * seconds;
}

ProbedThreads probeThreads(model::Model& network)
{
    const model::ThreadCounts all = network.threads();
    if (all.decode == 1)
        return {.counts = all, .measured = true};
    const std::uint32_t rows = std::min(kPromptTokens, network.config().contextLength);
    // Gone with what stood in it when the counts are known.
    const auto pool = network.makePool(model::pagesFor(rows));
    if (!pool)
        return {.counts = all};
    const auto decode = search(network, **pool, model::Phase::Generation, 1);
    const auto prefill =
        decode ? search(network, **pool, model::Phase::Prompt, rows) : std::nullopt;
    const ProbedThreads found = {
        .counts = {.decode = decode.value_or(all.decode), .prefill = prefill.value_or(all.prefill)},
        .measured = prefill.has_value()};
    network.useThreads(found.counts);
    return found;
}

std::string classOfModel(std::string_view weightType, std::uint64_t weightBytes)
{
    const double bytes = static_cast<double>(std::max<std::uint64_t>(weightBytes, 1));
    return std::format("{} 2^{} bytes", weightType, std::lround(std::log2(bytes)));
}

} // namespace engine
