// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler_parts.h"

#include <algorithm>
#include <limits>

namespace engine {

namespace {

using Clock = std::chrono::steady_clock;

// Tokens that are replayed in a step, of one answer and of all: a step must not take much longer
// than usual.
constexpr std::size_t kReplayed = 16;
constexpr std::size_t kReplayedInAll = 64;

std::chrono::microseconds since(Clock::time_point begin)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
}

} // namespace

/// One pass over the answers that are being written.
void Scheduler::write(const Emit& emit)
{
    const Clock::time_point begin = Clock::now();
    std::vector<Row> rows = rowsToWrite();
    if (rows.empty())
        return;
    Clock::time_point computing = Clock::now();
    auto computed = compute(rows);
    while (!computed && computed.error().code == model::Errc::OutOfPages && freeSome()) {
        // One of them may have lost its place; what was guessed for the others stands.
        std::erase_if(rows, [](const Row& row) { return !row.request->sequence; });
        if (rows.empty())
            return;
        computing = Clock::now();
        computed = compute(rows);
    }
    if (!computed) {
        for (const Row& row : rows)
            fail(*row.request, computed.error(), emit);
        return;
    }
    m_lastWrite = since(begin); // what was drafted included: it is waited for
    m_usualWrite = m_usualWrite.count() == 0 ? m_lastWrite : (7 * m_usualWrite + m_lastWrite) / 8;
    const auto time = static_cast<double>(std::max<std::int64_t>(1, since(computing).count()));
    std::size_t total = 0;
    for (const Row& row : rows)
        total += row.tokens.size();
    m_costs.measured(total, time);
    std::span<const float> logits = m_logits;
    for (const Row& row : rows) {
        row.request->account.decode += m_lastWrite;
        m_share.charge(row.request->scope.user,
                       time * static_cast<double>(row.tokens.size()) / static_cast<double>(total));
        if (!row.catchesUp)
            continue;
        const std::size_t count = (1 + row.guess.tokens.size()) * m_network.config().vocabularySize;
        take(row, logits.first(count), emit);
        logits = logits.subspan(count);
    }
}

std::vector<Scheduler::Row> Scheduler::rowsToWrite()
{
    std::vector<Row> rows;
    std::size_t replayed = 0;
    for (const auto& request : m_running) {
        if (request->reads())
            continue;
        const std::span<const std::int32_t> pending = request->pending();
        const std::size_t most = replayed < kReplayedInAll ? kReplayed : 1;
        const std::size_t count = std::min(pending.size(), most);
        replayed += count - 1;
        rows.push_back(
            {.request = request.get(),
             .tokens = {pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(count)},
             .catchesUp = count == pending.size()});
    }
    if (m_options.speculate && !rows.empty())
        addGuesses(rows);
    return rows;
}

void Scheduler::addGuesses(std::vector<Row>& rows)
{
    // Who waits for a prompt waits for every guess as well.
    const bool prompts = nextToRead() != nullptr;
    const double mostWriting = prompts ? static_cast<double>(m_options.gap.count()) * kMostWriting
                                       : std::numeric_limits<double>::infinity();
    std::vector<Guess> guesses(rows.size());
    std::size_t total = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        total += rows[i].tokens.size();
        if (rows[i].tokens.size() > 1 || !rows[i].catchesUp)
            continue; // replays what it had
        const Generation& generation = rows[i].request->generation;
        const Lookup::Guess found = generation.guess(kMostGuesses);
        guesses[i].tokens = {found.tokens.begin(), found.tokens.end()};
        guesses[i].chances.assign(found.tokens.size(), generation.chance(found));
        guesses[i].matched = found.matched;
    }
    const auto planned = [&] {
        std::vector<std::vector<double>> chances;
        chances.reserve(guesses.size());
        for (const Guess& guess : guesses)
            chances.push_back(guess.chances);
        return planGuesses(chances, total, m_costs, mostWriting);
    };
    GuessPlan plan = planned();
    if (m_drafter && !prompts && draft(rows, guesses, plan))
        plan = planned();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Guess& guess = rows[i].guess = std::move(guesses[i]);
        const std::size_t wanted =
            guess.probabilities.empty() ? m_options.guessLength : m_options.draftLength;
        const std::size_t length =
            wanted > 0 ? std::min(wanted, guess.tokens.size()) : plan.lengths[i];
        guess.tokens.resize(length);
        guess.probabilities.resize(std::min(guess.probabilities.size(), length));
        rows[i].tokens.insert(rows[i].tokens.end(), guess.tokens.begin(), guess.tokens.end());
    }
}

model::Result<void> Scheduler::compute(std::vector<Row>& rows)
{
    const std::size_t vocabulary = m_network.config().vocabularySize;
    std::size_t wanted = 0;
    for (const Row& row : rows)
        wanted += row.catchesUp ? 1 + row.guess.tokens.size() : 0;
    m_logits.resize(std::max(m_logits.size(), wanted * vocabulary));
    std::span<float> logits = m_logits;
    std::vector<model::Part> parts;
    for (Row& row : rows) {
        model::Part part{.sequence = &*row.request->sequence,
                         .tokens = row.tokens,
                         .wanted = model::Logits::None,
                         .logits = {}};
        if (row.catchesUp) {
            const bool all = !row.guess.tokens.empty();
            const std::size_t count = (1 + row.guess.tokens.size()) * vocabulary;
            part.wanted = all ? model::Logits::All : model::Logits::Last;
            part.logits = logits.first(count);
            logits = logits.subspan(count);
        }
        parts.push_back(part);
    }
    return m_network.generate(parts, {});
}

void Scheduler::take(const Row& row, std::span<const float> logits, const Emit& emit)
{
    Running& request = *row.request;
    const std::span<const std::int32_t> guesses = row.guess.tokens;
    const std::size_t before = request.generation.tokens().size();
    std::vector<Step> steps = request.generation.take(logits, guesses);
    const auto taken = request.generation.tokens().subspan(before);
    const auto held =
        static_cast<std::size_t>(std::ranges::mismatch(taken, guesses).in1 - taken.begin());
    if (row.guess.probabilities.empty())
        request.generation.verified(row.guess.matched, guesses.size(), held);
    if (request.draft)
        takeDraft(request, row.guess, held);
    for (Step& step : steps)
        emit({request.id, std::move(step)});
    if (request.generation.ended())
        return drop(request);
    // The keys and values of what was not chosen.
    request.sequence->truncate(static_cast<std::uint32_t>(request.generation.tokens().size() - 1));
}

} // namespace engine
