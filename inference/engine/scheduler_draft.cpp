// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler_parts.h"

#include <algorithm>

namespace engine {

namespace {

using Clock = std::chrono::steady_clock;

// How long an answer is expected to go on, where it may: what reading its prompt has to pay within.
constexpr double kFurtherTokens = 128.0;

std::chrono::microseconds since(Clock::time_point begin)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
}

/// Tokens that @p length guesses with these chances are expected to give.
double expectedOf(std::span<const double> chances, std::size_t length)
{
    double reached = 1.0;
    double sum = 0.0;
    for (const double chance : chances.first(length)) {
        reached *= chance;
        sum += reached;
    }
    return sum;
}

} // namespace

/// Lets the draft model read on of one text, where that is expected to pay. In a step of its own
/// share of the time that prompts have: nobody's next token waits longer for it.
void Scheduler::readDraft()
{
    m_lastDraft = {};
    if (!m_drafter || (!m_costs.known() && m_options.draftLength == 0))
        return;
    Running* next = nullptr;
    for (const auto& request : m_running)
        if (wantsDraft(*request) && (next == nullptr || goesBefore(*request, *next)))
            next = request.get();
    if (next == nullptr)
        return;
    const std::uint32_t before = next->draft->sequence.length();
    const Clock::time_point begin = Clock::now();
    const auto read =
        m_drafter->read(*next->draft, next->generation, readingTime() / 2, next->stop);
    m_lastDraft = since(begin);
    next->account.decode += m_lastDraft;
    m_share.charge(next->scope.user, static_cast<double>(m_lastDraft.count()));
    if (!read)
        return giveUpDraft(*next);
    if (before < next->promptTokens() && next->draft->sequence.length() >= next->promptTokens())
        keepPrefix(m_drafter->prefixes(), next->draft->sequence, *next);
}

/// It has read too little to draft, and drafting is expected to gain more time than reading takes.
bool Scheduler::wantsDraft(Running& request)
{
    if (request.reads() || request.withoutDraft || request.pending().size() != 1)
        return false;
    if (!request.draft)
        request.draft = m_drafter->begin(request.scope, request.generation);
    const std::size_t unread = Drafter::unread(*request.draft, request.generation);
    if (unread <= Drafter::kFew)
        return false;
    if (request.generation.tokens().size() + mostDrafted() > m_drafter->contextTokens())
        return false;
    if (m_options.draftLength > 0)
        return true;
    const double chance = request.draft->agreement.chance();
    const double drafted = draftedRate({.expected = 1.0, .rows = 1}, std::span(&chance, 1),
                                       kMostGuesses, m_costs, m_drafter->costs());
    const double gain = m_costs.of(1) - 1.0 / drafted; // of a token
    const double further =
        std::min(static_cast<double>(request.generation.guessable()), kFurtherTokens);
    return m_drafter->readingTime(unread) < gain * further;
}

void Scheduler::giveUpDraft(Running& request)
{
    request.draft.reset();
    request.withoutDraft = true;
}

/// Lets the draft model guess where that is expected to give more tokens per time than @p plan,
/// that of the guesses so far; true when some guesses are others now.
bool Scheduler::draft(const std::vector<Row>& rows, std::vector<Guess>& guesses,
                      const GuessPlan& plan)
{
    std::vector<Drafter::Wish> wishes;
    std::vector<std::size_t> places; // in rows
    std::vector<double> chances;
    Undrafted otherwise;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        otherwise.expected += static_cast<double>(rows[i].tokens.size());
        otherwise.rows += rows[i].tokens.size();
        Running& request = *rows[i].request;
        const std::size_t length = plan.lengths[i];
        // What stands in the text goes first, unless it is a pair of words that are in every text.
        if (!canDraft(rows[i]) ||
            (m_options.draftLength == 0 && length > 0 &&
             guesses[i].chances.front() >= request.draft->agreement.chance())) {
            otherwise.expected += expectedOf(guesses[i].chances, length);
            otherwise.rows += length;
            continue;
        }
        wishes.push_back({.answer = &request.generation, .draft = &*request.draft});
        places.push_back(i);
        chances.push_back(request.draft->agreement.chance());
    }
    if (wishes.empty())
        return false;
    double rate = 0.0; // whatever it costs
    if (m_options.draftLength == 0) {
        rate = draftedRate(otherwise, chances, mostDrafted(), m_costs, m_drafter->costs());
        if (!m_costs.known() || rate <= plan.rate())
            return false;
    }
    const Clock::time_point begin = Clock::now();
    const auto drafted = m_drafter->draft(wishes, mostDrafted(),
                                          {.rate = rate, .rows = otherwise.rows, .costs = m_costs});
    const double share =
        static_cast<double>(since(begin).count()) / static_cast<double>(wishes.size());
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        Running& request = *rows[places[i]].request;
        m_share.charge(request.scope.user, share);
        if (!drafted || wishes[i].outOfMemory)
            giveUpDraft(request);
        else if (!wishes[i].tokens.empty())
            guesses[places[i]] = {.tokens = std::move(wishes[i].tokens),
                                  .chances = std::move(wishes[i].chances),
                                  .probabilities = std::move(wishes[i].probabilities)};
    }
    return drafted.has_value();
}

bool Scheduler::canDraft(const Row& row) const
{
    const Running& request = *row.request;
    const Generation& answer = request.generation;
    return row.catchesUp && row.tokens.size() == 1 && request.draft && answer.guessable() > 0 &&
           Drafter::unread(*request.draft, answer) <= Drafter::kFew &&
           answer.tokens().size() + mostDrafted() <= m_drafter->contextTokens();
}

std::size_t Scheduler::mostDrafted() const
{
    return m_options.draftLength > 0 ? m_options.draftLength : kMostGuesses;
}

/// What became of the drafted tokens among @p guess: the first @p held are in the answer.
void Scheduler::takeDraft(Running& request, const Guess& guess, std::size_t held)
{
    const auto first = request.draft->sequence.length();
    if (!guess.probabilities.empty()) {
        m_drafter->verified(*request.draft, guess.probabilities, held);
        request.account.draftedTokens += static_cast<std::uint32_t>(guess.probabilities.size());
        request.account.heldTokens += static_cast<std::uint32_t>(held);
    }
    // Of the others it holds keys and values.
    request.draft->sequence.truncate(
        std::min(first, static_cast<std::uint32_t>(request.generation.tokens().size() - 1)));
}

} // namespace engine
