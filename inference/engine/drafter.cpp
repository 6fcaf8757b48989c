// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/drafter.h"

#include "inference/engine/odds.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>

namespace engine {

namespace {

using Clock = std::chrono::steady_clock;

// Chunks are whole numbers of these: the prompt's kernels work on so many rows at a time.
constexpr std::size_t kRows = 64;
// An answer's own guesses count for as long as its subject stays the same.
constexpr double kKeepOfAnswer = 0.9;
// A new measurement's weight, as for steps.
constexpr double kNew = 0.15;
// Pages given back at once.
constexpr std::size_t kEvictedAtOnce = 8;

double since(Clock::time_point begin)
{
    const auto time = std::chrono::duration<double, std::micro>(Clock::now() - begin);
    return std::max(1.0, time.count());
}

/// What a softmax gives @p token, an index of @p logits.
double probabilityOf(std::span<const float> logits, std::int32_t token)
{
    const float best = logits[largestOf(logits)];
    const double share = std::exp(static_cast<double>(logits[static_cast<std::size_t>(token)]) -
                                  static_cast<double>(best)) /
                         sumOfWeights(logits, best);
    return std::isfinite(share) ? share : 0.0; // infinite logits, or none that is a number
}

} // namespace

/// An answer with what was drafted of it.
struct Drafter::Path {
    Wish* wish;
    Generation::Ahead ahead;
    std::vector<std::int32_t> next; // to be computed
    double reached = 1.0;           // the chance that all drafted ones are right
};

model::Result<std::unique_ptr<Drafter>> Drafter::create(model::Model& network, std::uint32_t pages,
                                                        std::uint32_t tokens)
{
    auto pool = network.makePool(pages);
    if (!pool)
        return std::unexpected(pool.error());
    std::unique_ptr<Drafter> drafter(new Drafter(network, *std::move(pool), tokens));
    if (const auto measured = drafter->measure(); !measured)
        return std::unexpected(measured.error());
    return drafter;
}

Drafter::Drafter(model::Model& network, std::unique_ptr<model::KvPool> pool, std::uint32_t tokens)
    : m_network(network)
    , m_pool(std::move(pool))
    , m_tokens(std::min(tokens, network.config().vocabularySize))
    , m_logits(network.config().vocabularySize)
{
}

/// Each once before it is measured: weights are fetched, threads woken.
model::Result<void> Drafter::measure()
{
    const std::size_t room = std::min<std::size_t>(m_pool->pages() * kernels::kPageTokens,
                                                   m_network.config().contextLength);
    const std::vector<std::int32_t> tokens(std::min(kRows, room), 0);
    model::KvSequence sequence(*m_pool);
    for (int time = 0; time < 2; ++time) {
        sequence.truncate(0);
        const Clock::time_point begin = Clock::now();
        const auto read = m_network.read(
            {.sequence = &sequence, .tokens = tokens, .wanted = model::Logits::None, .logits = {}},
            {});
        if (!read)
            return read;
        m_readPerToken = since(begin) / static_cast<double>(tokens.size());
    }
    for (int time = 0; time < 2; ++time) {
        sequence.truncate(sequence.length() - 1);
        const model::Part part{.sequence = &sequence,
                               .tokens = std::span(tokens).first(1),
                               .wanted = model::Logits::Last,
                               .logits = m_logits};
        const Clock::time_point begin = Clock::now();
        const auto computed = m_network.generate(std::span(&part, 1), {});
        if (!computed)
            return computed;
        if (time > 0)
            m_costs.measured(1, since(begin));
    }
    return {};
}

Drafter::Draft Drafter::begin(Scope scope, const Generation& answer)
{
    m_record.drift();
    Draft draft{model::KvSequence(*m_pool), m_record.expectation()};
    const auto known = m_prefixes.find(scope, answer.tokens().first(answer.promptTokens() - 1));
    if (!known.empty()) [[maybe_unused]]
        const bool added = draft.sequence.append(known); // or it reads them
    return draft;
}

std::size_t Drafter::unread(const Draft& draft, const Generation& answer)
{
    const std::size_t wanted = answer.tokens().size() - 1;
    return wanted - std::min<std::size_t>(wanted, draft.sequence.length());
}

model::Result<void> Drafter::read(Draft& draft, const Generation& answer,
                                  std::chrono::microseconds time, const std::stop_token& stop)
{
    constexpr std::size_t kMostBlocks = model::Model::kMostRows / kRows;
    const double blocks = static_cast<double>(time.count()) / readingTime(kRows);
    const auto most =
        static_cast<std::size_t>(std::clamp(blocks, 1.0, static_cast<double>(kMostBlocks)));
    const std::size_t count = std::min(unread(draft, answer), most * kRows);
    if (count == 0)
        return {};
    const model::Part part{.sequence = &draft.sequence,
                           .tokens = answer.tokens().subspan(draft.sequence.length(), count),
                           .wanted = model::Logits::None,
                           .logits = {}};
    const Clock::time_point begin = Clock::now();
    auto read = m_network.read(part, stop);
    while (!read && read.error().code == model::Errc::OutOfPages &&
           m_prefixes.evict(kEvictedAtOnce) > 0)
        read = m_network.read(part, stop);
    if (read) {
        const double now = since(begin) / static_cast<double>(count);
        m_readPerToken += kNew * (std::min(now, 2 * m_readPerToken) - m_readPerToken);
    }
    return read;
}

model::Result<void> Drafter::draft(std::span<Wish> wishes, std::size_t most, const Worth& worth)
{
    std::vector<Path> paths;
    paths.reserve(wishes.size());
    for (Wish& wish : wishes) {
        const std::span<const std::int32_t> tokens = wish.answer->tokens();
        model::KvSequence& sequence = wish.draft->sequence;
        // The last token is computed again where it was: its logits are wanted.
        sequence.truncate(static_cast<std::uint32_t>(
            std::min<std::size_t>(sequence.length(), tokens.size() - 1)));
        const auto unread = tokens.subspan(sequence.length());
        assert(unread.size() <= kFew + 1);
        paths.push_back(
            {.wish = &wish, .ahead = wish.answer->ahead(), .next = {unread.begin(), unread.end()}});
    }
    std::vector<Path*> active;
    active.reserve(paths.size());
    for (Path& path : paths)
        active.push_back(&path);
    std::size_t drafted = 0;
    while (!active.empty()) {
        if (const auto computed = pass(active); !computed)
            return computed;
        std::span<const float> logits = m_logits;
        std::vector<Path*> further;
        for (Path* path : active) {
            const bool chosen = choose(*path, logits.first(m_tokens));
            logits = logits.subspan(m_network.config().vocabularySize);
            if (!chosen)
                continue;
            ++drafted;
            if (path->wish->tokens.size() < std::min(most, path->wish->answer->guessable()))
                further.push_back(path);
        }
        const double verifying =
            worth.costs.of(worth.rows + drafted + 1) - worth.costs.of(worth.rows + drafted);
        const double drafting =
            further.empty() ? 0.0
                            : m_costs.of(further.size()) / static_cast<double>(further.size());
        std::erase_if(further, [&](const Path* path) {
            const double gain = path->reached * path->wish->draft->agreement.chance();
            return gain < worth.rate * (verifying + drafting);
        });
        active = std::move(further);
    }
    return {};
}

/// One pass of the draft model over what is next in each; logits in order. Of @p paths those are
/// taken out that there is no memory for.
model::Result<void> Drafter::pass(std::vector<Path*>& paths)
{
    makeRoom(paths);
    if (paths.empty())
        return {};
    const std::size_t vocabulary = m_network.config().vocabularySize;
    m_logits.resize(std::max(m_logits.size(), paths.size() * vocabulary));
    std::span<float> logits = m_logits;
    std::vector<model::Part> parts;
    std::size_t rows = 0;
    for (Path* path : paths) {
        parts.push_back({.sequence = &path->wish->draft->sequence,
                         .tokens = path->next,
                         .wanted = model::Logits::Last,
                         .logits = logits.first(vocabulary)});
        logits = logits.subspan(vocabulary);
        rows += path->next.size();
    }
    const Clock::time_point begin = Clock::now();
    const auto computed = m_network.generate(parts, {});
    if (computed)
        m_costs.measured(rows, since(begin));
    return computed;
}

/// Takes the pages for what is next in each, if need be those of what is kept for later. Where that
/// is not enough the answers that came last go without, so that the others can go on.
void Drafter::makeRoom(std::vector<Path*>& paths)
{
    const auto wantOf = [](const Path* path) {
        return model::KvSequence::Want{.sequence = &path->wish->draft->sequence,
                                       .tokens = static_cast<std::uint32_t>(path->next.size())};
    };
    const auto wantsPages = [&](const Path* path) {
        const auto [sequence, tokens] = wantOf(path);
        for (std::size_t group = 0; group < m_pool->groups(); ++group)
            if (sequence->pagesWanted(group, tokens) > 0)
                return true;
        return false;
    };
    const auto reserved = [&] {
        std::vector<model::KvSequence::Want> wants;
        std::ranges::transform(paths, std::back_inserter(wants), wantOf);
        return model::KvSequence::reserve(wants).has_value();
    };
    while (!reserved()) {
        if (m_prefixes.evict(kEvictedAtOnce) > 0)
            continue;
        const auto last = std::ranges::find_if(paths.rbegin(), paths.rend(), wantsPages);
        assert(last != paths.rend()); // or nothing was wanted
        Wish& without = *(*last)->wish;
        paths.erase(std::next(last).base());
        if (!without.tokens.empty())
            continue; // what it has may be verified
        without.outOfMemory = true;
        without.draft->sequence.truncate(0);
    }
}

/// False where the answer would end.
bool Drafter::choose(Path& path, std::span<const float> logits)
{
    Wish& wish = *path.wish;
    const auto token = wish.answer->foresee(path.ahead, logits);
    if (!token)
        return false;
    const double probability = probabilityOf(logits, *token);
    const double chance = m_record.chance(probability);
    wish.tokens.push_back(*token);
    wish.probabilities.push_back(probability);
    wish.chances.push_back(chance);
    path.reached *= chance;
    path.next.assign(1, *token);
    return true;
}

void Drafter::verified(Draft& draft, std::span<const double> probabilities, std::size_t held)
{
    if (probabilities.empty())
        return;
    m_record.seen(probabilities, held);
    draft.agreement.seen(probabilities.size(), held, kKeepOfAnswer);
}

} // namespace engine
