// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/sampler.h"
#include "inference/model/tokenizer.h"
#include "inference/wire/messages.h"

#include <span>
#include <vector>

/// What the service wishes of an answer, in the words of the parts that do it.
namespace engine {

/// The same settings; whether they make sense is for makesSense() to say.
[[nodiscard]] SamplerSettings settingsOf(const wire::Sampling& sampling);

/// There is something to answer, tokens are wanted, the sampling is within its bounds, and of the
/// stop texts there are not too many and none that would end the answer before it begins.
[[nodiscard]] bool makesSense(const wire::Generate& request);

/// With the bytes that @p tokenizer, which may be null, has for each.
[[nodiscard]] std::vector<wire::TokenOdds> oddsOf(std::span<const Likelihood> odds,
                                                  const model::Tokenizer* tokenizer);

} // namespace engine
