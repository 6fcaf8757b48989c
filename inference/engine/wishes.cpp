// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/wishes.h"

#include <algorithm>

namespace engine {

SamplerSettings settingsOf(const wire::Sampling& sampling)
{
    SamplerSettings settings{.temperature = sampling.temperature,
                             .topK = sampling.topK,
                             .topP = sampling.topP,
                             .minP = sampling.minP,
                             .seed = sampling.seed,
                             .repetitionPenalty = sampling.repetitionPenalty,
                             .frequencyPenalty = sampling.frequencyPenalty,
                             .presencePenalty = sampling.presencePenalty,
                             .penaltyWindow = sampling.penaltyWindow,
                             .bias = {},
                             .logprobs = sampling.logprobs,
                             .topLogprobs = sampling.topLogprobs};
    for (const auto& [token, bias] : sampling.bias)
        settings.bias.push_back({token, bias});
    return settings;
}

bool makesSense(const wire::Generate& request)
{
    constexpr std::size_t kMostStops = 16;
    return !request.turns.empty() && request.sharedTurns <= request.turns.size() &&
           request.maxTokens > 0 && makesSense(settingsOf(request.sampling)) &&
           request.stops.size() <= kMostStops &&
           std::ranges::none_of(request.stops, &std::string::empty);
}

std::vector<wire::TokenOdds> oddsOf(std::span<const Likelihood> odds,
                                    const model::Tokenizer* tokenizer)
{
    std::vector<wire::TokenOdds> named;
    for (const auto& [token, logprob] : odds) {
        const bool known = tokenizer != nullptr && tokenizer->vocabulary().contains(token);
        named.push_back(
            {token, logprob, known ? std::string(tokenizer->vocabulary().bytes(token)) : ""});
    }
    return named;
}

} // namespace engine
