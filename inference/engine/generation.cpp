// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/generation.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace engine {

Generation::Generation(const model::Tokenizer* tokenizer, Request request)
    : m_tokenizer(tokenizer)
    , m_request(std::move(request))
    , m_promptTokens(static_cast<std::uint32_t>(m_request.prompt.size()))
    , m_sampler(m_request.sampling)
    , m_stops(m_request.stops)
{
    assert(!m_request.prompt.empty() && m_request.maxTokens > 0);
    m_text.append(m_request.prompt);
    m_request.prompt = {};
    if (m_request.constraint)
        m_state = m_request.constraint->begin();
}

Lookup::Guess Generation::guess(std::size_t most) const
{
    return guessable() > 0 ? m_text.next(std::min(most, guessable())) : Lookup::Guess{};
}

Generation::Ahead Generation::ahead() const
{
    const std::span<const std::int32_t> answer = tokens().subspan(m_promptTokens);
    return {.answer = {answer.begin(), answer.end()}, .state = m_state};
}

std::optional<std::int32_t> Generation::foresee(Ahead& ahead, std::span<const float> logits)
{
    std::optional<Constraint>& constraint = m_request.constraint;
    const TokenMask* mask = constraint ? &constraint->mask(ahead.state) : nullptr;
    const std::int32_t token =
        m_sampler.tokenAt({.logits = logits, .answer = ahead.answer, .mask = mask});
    const model::Vocabulary* vocabulary = m_tokenizer ? &m_tokenizer->vocabulary() : nullptr;
    if ((mask != nullptr && !mask->allows(token)) ||
        (vocabulary != nullptr && vocabulary->contains(token) && vocabulary->endsTurn(token)))
        return std::nullopt;
    if (constraint)
        ahead.state = constraint->advance(ahead.state, token);
    ahead.answer.push_back(token);
    return token;
}

std::vector<Step> Generation::take(std::span<const float> logits,
                                   std::span<const std::int32_t> guesses)
{
    assert(!m_ended && logits.size() % (guesses.size() + 1) == 0);
    const std::size_t vocabulary = logits.size() / (guesses.size() + 1);
    std::vector<Step> steps;
    for (std::size_t row = 0; row <= guesses.size() && !m_ended; ++row) {
        Step step = choose(logits.subspan(row * vocabulary, vocabulary));
        const bool isToken = step.kind == Step::Kind::Token;
        const std::int32_t token = step.token;
        steps.push_back(std::move(step));
        if (isToken && m_stops.stopped())
            steps.push_back(end(Step::Kind::StopText));
        else if (isToken && m_generated == m_request.maxTokens)
            steps.push_back(end(Step::Kind::MaxTokens));
        if (row < guesses.size() && token != guesses[row])
            break;
    }
    return steps;
}

Step Generation::choose(std::span<const float> logits)
{
    std::optional<Constraint>& constraint = m_request.constraint;
    Choice choice = m_sampler.choose({.logits = logits,
                                      .answer = tokens().subspan(m_promptTokens),
                                      .mask = constraint ? &constraint->mask(m_state) : nullptr});
    const std::int32_t token = choice.token;
    if (constraint)
        m_state = constraint->advance(m_state, token);
    const model::Vocabulary* vocabulary = m_tokenizer ? &m_tokenizer->vocabulary() : nullptr;
    const bool known = vocabulary != nullptr && vocabulary->contains(token);
    if (known && vocabulary->endsTurn(token))
        return end(Step::Kind::EndOfTurn);
    m_text.append(token);
    ++m_generated;
    std::string text;
    // Special tokens say something to the program, not to the reader.
    if (known && !vocabulary->isSpecial(token))
        text = m_stops.push(m_characters.push(vocabulary->bytes(token)));
    Step step{.kind = Step::Kind::Token, .token = token, .text = std::move(text), .odds = {}};
    if (m_request.sampling.logprobs) {
        step.odds = std::move(choice.top);
        step.odds.insert(step.odds.begin(), {token, choice.logprob});
    }
    return step;
}

Step Generation::end(Step::Kind kind)
{
    m_ended = true;
    std::string rest;
    if (kind != Step::Kind::StopText) {
        rest = m_stops.push(m_characters.finish());
        rest += m_stops.finish();
    }
    return {.kind = kind, .token = 0, .text = std::move(rest), .odds = {}};
}

} // namespace engine
