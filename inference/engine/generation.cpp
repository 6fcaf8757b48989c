// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/generation.h"

#include <algorithm>
#include <cassert>
#include <format>

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;

/// Adds the time that passes in its scope.
class Stopwatch {
public:
    explicit Stopwatch(std::chrono::microseconds& sum)
        : m_sum(sum)
    {
    }
    ~Stopwatch()
    {
        m_sum += std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - m_begin);
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

private:
    std::chrono::microseconds& m_sum;
    Clock::time_point m_begin = Clock::now();
};

} // namespace

model::Result<std::unique_ptr<Generation>>
Generation::start(model::Model& network, const model::Tokenizer* tokenizer, Request request)
{
    assert(!request.prompt.empty() && request.maxTokens > 0);
    const std::uint64_t context = network.config().contextLength;
    const std::uint64_t wanted = request.prompt.size() + std::uint64_t{request.maxTokens};
    if (wanted > context)
        return std::unexpected(model::Error{
            model::Errc::ContextTooLong,
            std::format("{} prompt tokens and up to {} of the answer are {}, the context holds {}",
                        request.prompt.size(), request.maxTokens, wanted, context)});
    auto cache = network.makeCache(static_cast<std::uint32_t>(wanted));
    if (!cache)
        return std::unexpected(cache.error());
    return std::unique_ptr<Generation>(
        new Generation(network, tokenizer, std::move(request), *std::move(cache)));
}

Generation::Generation(model::Model& network, const model::Tokenizer* tokenizer, Request request,
                       model::KvCache cache)
    : m_network(network)
    , m_tokenizer(tokenizer)
    , m_request(std::move(request))
    , m_cache(std::move(cache))
    , m_sampler(m_request.sampling)
    , m_stops(m_request.stops)
    , m_logits(network.config().vocabularySize)
{
    if (m_request.constraint)
        m_state = m_request.constraint->begin();
}

model::Result<Step> Generation::step(const std::stop_token& stop)
{
    return m_read < promptTokens() ? read(stop) : generate(stop);
}

model::Result<Step> Generation::read(const std::stop_token& stop)
{
    const Stopwatch watch(m_prefillTime);
    const std::uint32_t count = std::min(kChunkTokens, promptTokens() - m_read);
    const bool last = m_read + count == promptTokens();
    const auto done =
        m_network.forward(std::span(m_request.prompt).subspan(m_read, count), m_cache,
                          model::Phase::Prompt, last ? model::Logits::Last : model::Logits::None,
                          last ? std::span(m_logits) : std::span<float>(), stop);
    if (!done)
        return std::unexpected(done.error());
    m_read += count;
    return Step{.kind = Step::Kind::Reading};
}

model::Result<Step> Generation::generate(const std::stop_token& stop)
{
    const Stopwatch watch(m_decodeTime);
    if (m_stops.stopped())
        return Step{.kind = Step::Kind::StopText};
    if (m_generated == m_request.maxTokens)
        return Step{.kind = Step::Kind::MaxTokens, .text = rest()};
    if (m_last) {
        const auto done =
            m_network.forward(std::span(&*m_last, 1), m_cache, model::Phase::Generation,
                              model::Logits::Last, m_logits, stop);
        if (!done)
            return std::unexpected(done.error());
        m_last.reset();
    }
    return take();
}

Step Generation::take()
{
    auto& constraint = m_request.constraint;
    Choice choice = m_sampler.choose({.logits = m_logits,
                                      .answer = m_answer,
                                      .mask = constraint ? &constraint->mask(m_state) : nullptr});
    const std::int32_t token = choice.token;
    if (constraint)
        m_state = constraint->advance(m_state, token);
    m_last = token;
    m_answer.push_back(token);
    const model::Vocabulary* vocabulary = m_tokenizer ? &m_tokenizer->vocabulary() : nullptr;
    if (vocabulary != nullptr && vocabulary->contains(token) && vocabulary->endsTurn(token))
        return {.kind = Step::Kind::EndOfTurn, .token = token, .text = rest()};
    ++m_generated;
    std::string text;
    // Special tokens say something to the program, not to the reader.
    if (vocabulary != nullptr && vocabulary->contains(token) && !vocabulary->isSpecial(token))
        text = m_stops.push(m_characters.push(vocabulary->bytes(token)));
    Step step{.kind = Step::Kind::Token, .token = token, .text = std::move(text)};
    if (m_request.sampling.logprobs) {
        step.odds = std::move(choice.top);
        step.odds.insert(step.odds.begin(), {token, choice.logprob});
    }
    return step;
}

/// What was held back: the beginning of a character, or of a stop text.
std::string Generation::rest()
{
    std::string text = m_stops.push(m_characters.finish());
    return text += m_stops.finish();
}

} // namespace engine
