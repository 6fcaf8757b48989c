// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/token_mask.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace engine {

/// What is added to the logit of a token. OpenAI's logit_bias: -100 all but bans it.
struct LogitBias {
    std::int32_t token = 0;
    float bias = 0.0F;
};

/// The neutral value of each field changes nothing.
///
/// They act in this order on the logits of one position: bias; penalties; the mask; the most likely
/// token if temperature is 0; else topK; temperature; topP; minP; a draw among what is left.
struct SamplerSettings {
    float temperature = 0.0F; // logits are divided by it; 0: always the most likely token
    std::uint32_t topK = 0;   // only the topK most likely; 0: all
    float topP = 1.0F;        // (0, 1]: only the fewest most likely that together hold topP
    float minP = 0.0F;        // [0, 1]: only those at least minP times as likely as the likeliest
    std::uint64_t seed = 0;

    // Penalties look at the last penaltyWindow tokens of the answer (0: the whole answer; never the
    // prompt), as llama.cpp names and computes them; the latter two are OpenAI's too.
    float repetitionPenalty = 1.0F; // > 0: a positive logit is divided by it, another multiplied
    float frequencyPenalty = 0.0F;  // subtracted for each time the token stands there
    float presencePenalty = 0.0F;   // subtracted once if it does
    std::uint32_t penaltyWindow = 0;

    std::vector<LogitBias> bias;

    bool logprobs = false;         // Choice::logprob is wanted
    std::uint32_t topLogprobs = 0; // and so many of the most likely beside it
};

/// Every number is finite and within the bounds above, and no more than 20 tokens are wanted beside
/// the chosen one.
[[nodiscard]] bool makesSense(const SamplerSettings& settings);

/// The natural logarithm of what the model itself gives a token: the softmax of its logits before
/// bias, penalties, mask and temperature. -9999 at least, as OpenAI has it.
struct Likelihood {
    std::int32_t token = 0;
    float logprob = 0.0F;
};

struct Choice {
    std::int32_t token = 0;
    float logprob = 0.0F;        // 0 when not wanted
    std::vector<Likelihood> top; // the most likely first; the chosen one need not be among them
};

/// What one position of an answer is chosen from.
struct Position {
    std::span<const float> logits; // [vocabulary], not empty
    /// All tokens of the answer before this one; their number keys the random number.
    std::span<const std::int32_t> answer;
    const TokenMask* mask = nullptr; // null: all tokens. Else it allows at least one
};

/// Chooses tokens. Nothing is remembered: settings and position alone decide, so the same position
/// gives the same token whenever, and however often, it is asked for.
/// Threads: one at a time (it keeps its buffers).
class Sampler {
public:
    explicit Sampler(SamplerSettings settings)
        : m_settings(std::move(settings))
    {
    }

    /// Of equal logits the lowest id counts as the more likely. A logit that is not a number is
    /// never chosen unless all are.
    [[nodiscard]] Choice choose(const Position& position);
    /// The token alone: what choose() would choose.
    [[nodiscard]] std::int32_t tokenAt(const Position& position);

private:
    void prepare(const Position& position);
    void penalise(std::span<const std::int32_t> answer);
    void applyMask(const TokenMask& mask);
    [[nodiscard]] std::int32_t chooseToken(std::uint64_t position);
    [[nodiscard]] std::size_t draw(double uniform) const;
    void report(std::span<const float> logits, Choice& choice);

    SamplerSettings m_settings;
    std::vector<float> m_odds;            // logits, then weights, of the tokens still possible
    std::vector<float> m_groups;          // of odds.h
    std::vector<std::uint32_t> m_places;  // of m_odds, if not all of the vocabulary
    std::vector<std::uint32_t> m_counts;  // by token, zero between calls
    std::vector<std::uint32_t> m_scratch; // of odds.h
};

} // namespace engine
