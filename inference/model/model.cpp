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
#include <format>
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

Error tooLong(std::size_t tokens, const char* what, std::size_t held)
{
    return {Errc::ContextTooLong,
            std::to_string(tokens) + " tokens, the " + what + " holds " + std::to_string(held)};
}

using Clock = std::chrono::steady_clock;

class LoadedModel final : public Model {
public:
    LoadedModel(Config config, const Options& options)
        : m_config(std::move(config))
        , m_tier(options.tier)
        , m_exact(options.exact)
        , m_otherKeys(options.exact ? kernels::KeyFormat::Single : options.keys)
        , m_keys(m_config.layers, m_otherKeys)
        , m_values(options.exact ? kernels::ValueFormat::Single : options.values)
        , m_pool(std::max(1U, options.threads), options.processors)
        , m_threads{.decode = m_pool.threads(), .prefill = m_pool.threads()}
        , m_multiplier(m_pool, {.tier = options.tier, .exact = options.exact})
        , m_layer(layerOf(m_config.family))
    {
    }
    ~LoadedModel() override
    {
        m_pool.settle(); // a thread that was put aside may still read weights
    }
    LoadedModel(const LoadedModel&) = delete;
    LoadedModel& operator=(const LoadedModel&) = delete;

    Result<void> load(const GgufFile& file, PackUse* packs)
    {
        auto weights = loadWeights(file, m_config, m_pool, packs);
        if (!weights)
            return std::unexpected(weights.error());
        m_weights = std::move(*weights);
        if (auto ready = prepare(m_multiplier); !ready)
            return ready;
        // One for each kind of rows: a prompt's pass may rest while tokens are generated.
        for (std::optional<Blocks>* blocks : {&m_prompt, &m_generated}) {
            blocks->emplace(m_config, m_weights, m_multiplier, m_pool, m_exact);
            if (auto ready = (*blocks)->prepare(); !ready)
                return ready;
        }
        return {};
    }

    Result<void> beginExact() override
    {
        assert(!m_reading && !m_exactly);
        auto exactly = std::make_unique<Exactly>(*this);
        if (auto ready = prepare(exactly->multiplier); !ready)
            return ready;
        if (auto ready = exactly->blocks.prepare(); !ready)
            return ready;
        m_exactly = std::move(exactly);
        return {};
    }

    void endExact() override
    {
        m_pool.settle(); // a thread that was put aside may still write rows
        m_exactly.reset();
    }

    [[nodiscard]] const Config& config() const override { return m_config; }

    [[nodiscard]] std::string arithmetic() const override
    {
        return std::format("numerics {} {}{}{}{}", kernels::Multiplier::kNumerics,
                           kernels::nameOf(m_tier), m_exact ? " exact" : "",
                           kernels::hasBfloatProducts() ? " bfloat" : "",
                           m_multiplier.usesLibrary() ? " library" : "");
    }
    [[nodiscard]] std::vector<KvLayer> kvLayers() const override
    {
        const KvLayer layer{.heads = m_config.keyValueHeads,
                            .keyLength = m_config.headLength,
                            .valueLength = m_config.headLength,
                            .valueFormat = m_values};
        std::vector<KvLayer> layers(m_config.layers, layer);
        for (std::size_t i = 0; i < layers.size(); ++i)
            layers[i].keyFormat = m_keys[i];
        return layers;
    }

    void keepInt8Keys(const std::vector<bool>& layers) override
    {
        assert(layers.size() == m_keys.size());
        for (std::size_t i = 0; i < layers.size() && !m_exact; ++i)
            m_keys[i] = layers[i] ? kernels::KeyFormat::Int8 : m_otherKeys;
    }

    void useThreads(const ThreadCounts& counts) override
    {
        m_threads = {.decode = std::clamp(counts.decode, 1U, m_pool.threads()),
                     .prefill = std::clamp(counts.prefill, 1U, m_pool.threads())};
    }
    [[nodiscard]] ThreadCounts threads() const override { return m_threads; }

    Result<void> read(const Part& part, const std::stop_token& stop) override
    {
        return compute(std::span(&part, 1), Phase::Prompt, stop);
    }

    Result<void> generate(std::span<const Part> parts, const std::stop_token& stop) override
    {
        return compute(parts, Phase::Generation, stop);
    }

    Result<void> beginRead(const Part& part) override
    {
        assert(!m_reading && !m_exactly && part.tokens.size() <= Blocks::kMostRows);
        if (auto ok = check(part); !ok)
            return ok;
        const KvSequence::Want want{part.sequence, static_cast<std::uint32_t>(part.tokens.size())};
        if (auto ok = KvSequence::reserve(std::span(&want, 1)); !ok)
            return ok;
        blocksOf(Phase::Prompt, part.tokens.size()).begin(std::span(&part, 1), Phase::Prompt, {});
        m_reading = Reading{.part = part};
        return {};
    }

    Result<ReadProgress> continueRead(Clock::time_point until, const std::stop_token& stop) override
    {
        assert(m_reading);
        ReadProgress progress;
        blocksOf(Phase::Prompt, m_reading->part.tokens.size()).setStop(stop);
        const Clock::time_point begin = Clock::now();
        Clock::time_point now = begin;
        // A layer takes about as long as those before it; ends as near to the time as whole layers
        // allow.
        while (m_reading->layer < m_weights.layers.size() && !m_prompt->cancelled() &&
               (progress.layers == 0 ||
                now + (now - begin) / static_cast<long>(2 * progress.layers) <= until)) {
            m_layer(*m_prompt, m_weights.layers[m_reading->layer], m_reading->layer);
            ++m_reading->layer;
            ++progress.layers;
            now = Clock::now();
        }
        progress.done = m_reading->layer == m_weights.layers.size();
        if (progress.done && !m_prompt->cancelled())
            m_prompt->projectLogits();
        if (m_prompt->cancelled()) {
            dropRead();
            return std::unexpected(Error{Errc::Cancelled, "stopped by the caller"});
        }
        if (progress.done) {
            const Part& part = m_reading->part;
            part.sequence->advance(static_cast<std::uint32_t>(part.tokens.size()));
            m_reading.reset();
        }
        return progress;
    }

    void dropRead() override
    {
        if (m_reading) {
            KvSequence& sequence = *m_reading->part.sequence;
            sequence.truncate(sequence.length()); // what was stored behind its end
        }
        m_reading.reset();
    }

    Result<void> rehearse(const Part& part, Phase phase, std::size_t layers) override
    {
        assert(part.tokens.size() <= Blocks::kMostRows);
        if (auto ok = check(part); !ok)
            return ok;
        KvSequence& sequence = *part.sequence;
        const KvSequence::Want want{&sequence, static_cast<std::uint32_t>(part.tokens.size())};
        if (auto ok = KvSequence::reserve(std::span(&want, 1)); !ok)
            return ok;
        computeLayers(std::span(&part, 1), phase, {}, std::min(layers, m_weights.layers.size()));
        sequence.truncate(sequence.length());
        return {};
    }

private:
    /// Those of the kind, with the threads that so many rows take. Generated ones are limited by
    /// the memory only as long as they are few (kernels::TokenMultiplier).
    Blocks& blocksOf(Phase phase, std::size_t rows)
    {
        constexpr std::size_t kRowsAtMemorySpeed = 4;
        const bool decode = phase == Phase::Generation && rows <= kRowsAtMemorySpeed;
        m_pool.use(decode ? m_threads.decode : m_threads.prefill);
        if (m_exactly)
            return m_exactly->blocks;
        return phase == Phase::Prompt ? *m_prompt : *m_generated;
    }

    Result<void> prepare(kernels::Multiplier& multiplier) const
    {
        const std::size_t queries = std::size_t{m_config.heads} * m_config.headLength;
        const std::array<std::size_t, 3> lengths = {m_config.embeddingLength, queries,
                                                    m_config.feedForwardLength};
        for (const std::size_t columns : lengths) {
            if (auto ready = multiplier.prepare(columns); !ready) {
                const bool memory = ready.error().code == kernels::Errc::OutOfMemory;
                return std::unexpected(
                    Error{memory ? Errc::OutOfMemory : Errc::Unsupported, ready.error().detail});
            }
        }
        return {};
    }

    [[nodiscard]] Result<void> check(const Part& part) const
    {
        assert(!part.tokens.empty());
        assert(part.logits.size() == (part.wanted == Logits::None ? 0
                                      : part.wanted == Logits::Last
                                          ? m_config.vocabularySize
                                          : part.tokens.size() * m_config.vocabularySize));
        for (const std::int32_t token : part.tokens) {
            if (token < 0 || static_cast<std::uint32_t>(token) >= m_config.vocabularySize) {
                return std::unexpected(
                    Error{Errc::BadToken, "token id outside the vocabulary of " +
                                              std::to_string(m_config.vocabularySize)});
            }
        }
        if (part.tokens.size() > m_config.contextLength - part.sequence->length())
            return std::unexpected(tooLong(part.sequence->length() + part.tokens.size(), "context",
                                           m_config.contextLength));
        return {};
    }

    Result<void> compute(std::span<const Part> parts, Phase phase, const std::stop_token& stop)
    {
        std::vector<KvSequence::Want> wants;
        std::vector<std::uint32_t> before;
        for (const Part& part : parts) {
            if (auto ok = check(part); !ok)
                return ok;
            wants.push_back({part.sequence, static_cast<std::uint32_t>(part.tokens.size())});
            before.push_back(part.sequence->length());
        }
        if (auto ok = KvSequence::reserve(wants); !ok)
            return ok;
        for (const std::vector<Part>& some : passesOf(parts)) {
            if (pass(some, phase, stop))
                continue;
            for (std::size_t i = 0; i < before.size(); ++i)
                wants[i].sequence->truncate(before[i]);
            return std::unexpected(Error{Errc::Cancelled, "stopped by the caller"});
        }
        return {};
    }

    /// The parts cut so that each pass has at most kMostRows rows, and about as many as the others:
    /// one of few rows unpacks all weights for them.
    [[nodiscard]] std::vector<std::vector<Part>> passesOf(std::span<const Part> parts) const
    {
        std::size_t rows = 0;
        for (const Part& part : parts)
            rows += part.tokens.size();
        const std::size_t rowsOfEach = equalShare(rows, Blocks::kMostRows);
        std::vector<std::vector<Part>> passes(1);
        std::size_t room = rowsOfEach;
        for (const Part& part : parts) {
            std::size_t first = 0;
            while (first < part.tokens.size()) {
                if (room == 0) {
                    passes.emplace_back();
                    room = rowsOfEach;
                }
                const std::size_t count = std::min(room, part.tokens.size() - first);
                passes.back().push_back(cut(part, first, count));
                first += count;
                room -= count;
            }
        }
        return passes;
    }

    [[nodiscard]] Part cut(const Part& part, std::size_t first, std::size_t count) const
    {
        Part some{part.sequence, part.tokens.subspan(first, count), part.wanted, part.logits};
        const std::size_t vocabulary = m_config.vocabularySize;
        if (part.wanted == Logits::All)
            some.logits = part.logits.subspan(first * vocabulary, count * vocabulary);
        else if (first + count < part.tokens.size())
            some = {part.sequence, some.tokens, Logits::None, {}};
        return some;
    }

    /// Up to kMostRows tokens through the first layers; through all of them gives the logits too.
    /// False when it was stopped.
    bool computeLayers(std::span<const Part> parts, Phase phase, const std::stop_token& stop,
                       std::size_t layers)
    {
        assert(phase == Phase::Generation || !m_reading);
        std::size_t rows = 0;
        for (const Part& part : parts)
            rows += part.tokens.size();
        Blocks& blocks = blocksOf(phase, rows);
        blocks.begin(parts, phase, stop);
        for (std::size_t layer = 0; layer < layers && !blocks.cancelled(); ++layer)
            m_layer(blocks, m_weights.layers[layer], layer);
        if (layers == m_weights.layers.size() && !blocks.cancelled())
            blocks.projectLogits();
        return !blocks.cancelled();
    }

    /// Up to kMostRows tokens through every layer. False when it was stopped.
    bool pass(std::span<const Part> parts, Phase phase, const std::stop_token& stop)
    {
        if (!computeLayers(parts, phase, stop, m_weights.layers.size()))
            return false;
        for (const Part& part : parts)
            part.sequence->advance(static_cast<std::uint32_t>(part.tokens.size()));
        return true;
    }

    /// A part of a prompt on its way through the layers.
    struct Reading {
        Part part;
        std::size_t layer = 0; // the next one
    };

    /// The same weights in float32 arithmetic.
    struct Exactly {
        explicit Exactly(LoadedModel& model)
            : multiplier(model.m_pool, {.tier = model.m_tier, .exact = true})
            , blocks(model.m_config, model.m_weights, multiplier, model.m_pool, true)
        {
        }
        kernels::Multiplier multiplier;
        Blocks blocks;
    };

    Config m_config;
    kernels::Tier m_tier;
    bool m_exact;
    kernels::KeyFormat m_otherKeys;         // where not as int8
    std::vector<kernels::KeyFormat> m_keys; // by layer
    kernels::ValueFormat m_values;
    kernels::ThreadPool m_pool;
    ThreadCounts m_threads;
    kernels::Multiplier m_multiplier;
    LayerFunction m_layer;
    Weights m_weights;
    std::optional<Blocks> m_prompt, m_generated;
    std::unique_ptr<Exactly> m_exactly; // between beginExact() and endExact()
    std::optional<Reading> m_reading;
};

} // namespace

Result<std::unique_ptr<KvPool>> Model::makePool(std::uint32_t pages) const
{
    return KvPool::create(kvLayers(), pages);
}

Result<KvCache> Model::makeCache(std::uint32_t capacity) const
{
    if (capacity > config().contextLength)
        return std::unexpected(tooLong(capacity, "context", config().contextLength));
    const std::uint32_t tokens = std::max(1U, capacity);
    auto pool = makePool(pagesFor(tokens));
    if (!pool)
        return std::unexpected(pool.error());
    return KvCache(std::move(*pool), tokens);
}

Result<void> Model::forward(std::span<const std::int32_t> tokens, KvCache& cache, Phase phase,
                            Logits wanted, std::span<float> logits, const std::stop_token& stop)
{
    if (tokens.size() > cache.capacity() - cache.length())
        return std::unexpected(tooLong(cache.length() + tokens.size(), "cache", cache.capacity()));
    const Part part{&cache.sequence(), tokens, wanted, logits};
    return phase == Phase::Prompt ? read(part, stop) : generate(std::span(&part, 1), stop);
}

Result<std::unique_ptr<Model>> Model::load(const GgufFile& file, const Options& options)
{
    auto config = readConfig(file);
    if (!config)
        return std::unexpected(config.error());
    auto model = std::make_unique<LoadedModel>(std::move(*config), options);
    if (auto ok = model->load(file, options.packs); !ok)
        return std::unexpected(ok.error());
    return model;
}

} // namespace model
