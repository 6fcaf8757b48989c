// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/scheduler.h"

#include <cstdint>
#include <random>
#include <vector>

/// Letters at random, as single tokens of support::tinyModel(): the same for the same @p seed.
inline std::vector<std::int32_t> madeText(std::size_t count, unsigned seed)
{
    std::mt19937 random(seed);
    std::vector<std::int32_t> tokens;
    for (std::size_t i = 0; i < count; ++i)
        tokens.push_back(static_cast<std::int32_t>('a' + random() % 26));
    return tokens;
}

/// A request of nobody's with a prompt of @p tokens such letters, each number's another one.
inline engine::Work madeWork(engine::RequestId id, std::size_t tokens, std::uint32_t maxTokens)
{
    engine::Work wanted{.id = id, .request = {}, .scope = {}, .sharedTokens = 0, .stop = {}};
    wanted.request.prompt = madeText(tokens, static_cast<unsigned>(id * 1000 + tokens));
    wanted.request.maxTokens = maxTokens;
    return wanted;
}
