// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace engine {

struct SamplerSettings {
    float temperature = 0.0F; // 0: always the most likely token
    std::uint32_t topK = 0;   // 0: all
    float topP = 1.0F;        // (0, 1]
    std::uint64_t seed = 0;
};

/// Chooses tokens. The same settings and logits give the same tokens: the generator is fixed by its
/// standard (mt19937_64), and no library distribution, whose numbers differ, is used.
/// Threads: one at a time.
class Sampler {
public:
    explicit Sampler(const SamplerSettings& settings)
        : m_settings(settings)
        , m_random(settings.seed)
    {
    }

    /// @p logits [vocabulary], not empty. Of equal ones the lowest id counts as the more likely. A
    /// logit that is not a number is never chosen unless all are.
    [[nodiscard]] std::int32_t choose(std::span<const float> logits);

private:
    struct Choice {
        std::int32_t token;
        float logit;
        double weight;
    };
    void keepMostLikely(std::span<const float> logits);

    SamplerSettings m_settings;
    std::mt19937_64 m_random;
    std::vector<Choice> m_choices; // kept to spare an allocation per token
};

} // namespace engine
