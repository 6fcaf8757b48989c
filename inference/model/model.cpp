// SPDX-License-Identifier: Apache-2.0
#include "inference/model/model.h"

#include "inference/kernels/multiplier.h"
#include "inference/kernels/thread_pool.h"
#include "inference/model/blocks.h"
#include "inference/model/gguf.h"
#include "inference/model/llama.h"
#include "inference/model/qwen2.h"
#include "inference/model/weights.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <string>

namespace model {

namespace {

using LayerFunction = void (*)(Blocks&, const LayerWeights&, std::size_t);

LayerFunction layerOf(Family family)
{
    switch (family) {
    case Family::Llama:
        return llamaLayer;
    case Family::Qwen2:
        return qwen2Layer;
    }
    return llamaLayer;
}

class LoadedModel final : public Model {
public:
    LoadedModel(Config config, const Options& options)
        : m_config(std::move(config))
        , m_precision(options.exact ? KvPrecision::Single : KvPrecision::Half)
        , m_pool(std::max(1U, options.threads))
        , m_multiplier(m_pool, {.exact = options.exact})
        , m_layer(layerOf(m_config.family))
    {
    }

    Result<void> load(const GgufFile& file)
    {
        auto weights = loadWeights(file, m_config, m_pool);
        if (!weights)
            return std::unexpected(weights.error());
        m_weights = std::move(*weights);
        const std::size_t queries = std::size_t{m_config.heads} * m_config.headLength;
        const std::array<std::size_t, 3> lengths = {m_config.embeddingLength, queries,
                                                    m_config.feedForwardLength};
        for (const std::size_t columns : lengths) {
            if (auto ready = m_multiplier.prepare(columns); !ready) {
                const bool memory = ready.error().code == kernels::Errc::OutOfMemory;
                return std::unexpected(
                    Error{memory ? Errc::OutOfMemory : Errc::Unsupported, ready.error().detail});
            }
        }
        m_blocks.emplace(m_config, m_weights, m_multiplier, m_pool);
        return {};
    }

    [[nodiscard]] const Config& config() const override { return m_config; }

    [[nodiscard]] Result<KvCache> makeCache(std::uint32_t capacity) const override
    {
        if (capacity > m_config.contextLength) {
            return std::unexpected(
                Error{Errc::ContextTooLong, std::to_string(capacity) +
                                                " tokens asked for, the context holds " +
                                                std::to_string(m_config.contextLength)});
        }
        return KvCache::create(m_config, std::max(1U, capacity), m_precision);
    }

    Result<void> forward(std::span<const std::int32_t> tokens, KvCache& cache, Phase phase,
                         Logits wanted, std::span<float> logits,
                         const std::stop_token& stop) override
    {
        assert(!tokens.empty());
        if (auto ok = check(tokens, cache); !ok)
            return ok;
        const std::size_t vocabulary = m_config.vocabularySize;
        assert(logits.size() == (wanted == Logits::None   ? 0
                                 : wanted == Logits::Last ? vocabulary
                                                          : tokens.size() * vocabulary));
        const std::uint32_t before = cache.length();
        const std::size_t step = phase == Phase::Prompt ? Blocks::kMostRows : 1;
        for (std::size_t first = 0; first < tokens.size(); first += step) {
            const std::size_t count = std::min(step, tokens.size() - first);
            const bool last = first + count == tokens.size();
            Logits now = wanted;
            std::span<float> out = logits;
            if (wanted == Logits::All)
                out = logits.subspan(first * vocabulary, count * vocabulary);
            else if (!last)
                now = Logits::None;
            if (!pass(tokens.subspan(first, count), cache, phase, now, out, stop)) {
                cache.truncate(before);
                return std::unexpected(Error{Errc::Cancelled, "stopped by the caller"});
            }
        }
        return {};
    }

private:
    [[nodiscard]] Result<void> check(std::span<const std::int32_t> tokens,
                                     const KvCache& cache) const
    {
        for (const std::int32_t token : tokens) {
            if (token < 0 || static_cast<std::uint32_t>(token) >= m_config.vocabularySize) {
                return std::unexpected(
                    Error{Errc::BadToken, "token id outside the vocabulary of " +
                                              std::to_string(m_config.vocabularySize)});
            }
        }
        if (tokens.size() > cache.capacity() - cache.length()) {
            return std::unexpected(
                Error{Errc::ContextTooLong, std::to_string(cache.length() + tokens.size()) +
                                                " tokens, the cache holds " +
                                                std::to_string(cache.capacity())});
        }
        return {};
    }

    /// Up to kMostRows tokens through every layer. False when it was stopped.
    bool pass(std::span<const std::int32_t> tokens, KvCache& cache, Phase phase, Logits wanted,
              std::span<float> out, const std::stop_token& stop)
    {
        m_blocks->begin(tokens, cache, phase, stop);
        for (std::size_t layer = 0; layer < m_weights.layers.size(); ++layer) {
            m_layer(*m_blocks, m_weights.layers[layer], layer);
            if (m_blocks->cancelled())
                return false;
        }
        m_blocks->projectLogits(wanted, out);
        if (m_blocks->cancelled())
            return false;
        cache.advance(static_cast<std::uint32_t>(tokens.size()));
        return true;
    }

    Config m_config;
    KvPrecision m_precision;
    kernels::ThreadPool m_pool;
    kernels::Multiplier m_multiplier;
    LayerFunction m_layer;
    Weights m_weights;
    std::optional<Blocks> m_blocks;
};

} // namespace

Result<std::unique_ptr<Model>> Model::load(const GgufFile& file, const Options& options)
{
    auto config = readConfig(file);
    if (!config)
        return std::unexpected(config.error());
    auto model = std::make_unique<LoadedModel>(std::move(*config), options);
    if (auto ok = model->load(file); !ok)
        return std::unexpected(ok.error());
    return model;
}

} // namespace model
