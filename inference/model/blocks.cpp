// SPDX-License-Identifier: Apache-2.0
#include "inference/model/blocks.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace model {

using kernels::Product;

Blocks::Blocks(const Config& config, const Weights& weights, kernels::Multiplier& multiplier,
               kernels::ThreadPool& pool)
    : m_config(config)
    , m_weights(weights)
    , m_multiplier(multiplier)
    , m_pool(pool)
    , m_rope(config.ropeKind == RopeKind::Interleaved ? kernels::Rope::Pairs::Interleaved
                                                      : kernels::Rope::Pairs::HalfSplit,
             config.ropeLength, config.ropeBase, config.ropeScale, weights.ropeDivisors)
{
    const std::size_t queries = std::size_t{config.heads} * config.headLength;
    const std::size_t keys = std::size_t{config.keyValueHeads} * config.headLength;
    m_x.resize(kMostRows * config.embeddingLength);
    m_h.resize(kMostRows * config.embeddingLength);
    m_q.resize(kMostRows * queries);
    m_k.resize(kMostRows * keys);
    m_v.resize(kMostRows * keys);
    m_a.resize(kMostRows * queries);
    m_gate.resize(kMostRows * config.feedForwardLength);
    m_up.resize(kMostRows * config.feedForwardLength);
    m_angles.resize(kMostRows * config.ropeLength);
}

void Blocks::begin(std::span<const std::int32_t> tokens, KvCache& cache, Phase phase,
                   const std::stop_token& stop)
{
    assert(!tokens.empty() && tokens.size() <= kMostRows);
    assert(phase == Phase::Prompt || tokens.size() == 1);
    m_cache = &cache;
    m_phase = phase;
    m_stop = stop;
    m_cancelled = false;
    m_rows = tokens.size();
    m_first = cache.length();
    cache.expectUpTo(m_first + static_cast<std::uint32_t>(m_rows));

    const std::size_t length = m_config.embeddingLength;
    const std::size_t bytes = kernels::rowBytes(m_weights.embeddingType, length);
    m_pool.run(m_rows, [&](std::size_t row, unsigned) {
        const auto id = static_cast<std::size_t>(tokens[row]);
        kernels::dequantizeRow(m_weights.embeddingType,
                               m_weights.embedding.subspan(id * bytes, bytes),
                               std::span(m_x).subspan(row * length, length));
        m_rope.angles(m_first + static_cast<std::uint32_t>(row),
                      std::span(m_angles).subspan(row * m_config.ropeLength, m_config.ropeLength));
    });
}

void Blocks::multiply(const float* x, std::size_t xStride, std::span<const Product> products)
{
    // Before every matrix: on a slow machine a whole pass takes longer than a user should wait.
    if (m_cancelled || m_stop.stop_requested()) {
        m_cancelled = true;
        return;
    }
    if (m_phase == Phase::Generation)
        m_multiplier.tokens(x, xStride, 1, products);
    else
        m_multiplier.rows(x, xStride, m_rows, products);
}

void Blocks::normalize(std::span<const float> weight)
{
    const std::size_t length = m_config.embeddingLength;
    m_pool.run(m_rows, [&](std::size_t row, unsigned) {
        m_multiplier.kernels().rmsNorm(m_x.data() + row * length, weight.data(),
                                       m_config.normEpsilon, length, m_h.data() + row * length);
    });
}

void Blocks::projectQueryKeyValue(const LayerWeights& layer)
{
    const std::array products = {Product{&layer.query, m_q.data(), layer.query.rows()},
                                 Product{&layer.key, m_k.data(), layer.key.rows()},
                                 Product{&layer.value, m_v.data(), layer.value.rows()}};
    multiply(m_h.data(), m_config.embeddingLength, products);
}

void Blocks::addBiases(const LayerWeights& layer)
{
    const auto add = [&](const std::vector<float>& bias, std::vector<float>& to) {
        for (std::size_t row = 0; row < m_rows && !bias.empty(); ++row)
            m_multiplier.kernels().add(bias.data(), bias.size(), to.data() + row * bias.size());
    };
    add(layer.queryBias, m_q);
    add(layer.keyBias, m_k);
    add(layer.valueBias, m_v);
}

void Blocks::turnRow(std::size_t row, std::size_t layer)
{
    const std::size_t d = m_config.headLength;
    const auto angles =
        std::span<const float>(m_angles).subspan(row * m_config.ropeLength, m_config.ropeLength);
    const float scale = 1.0F / std::sqrt(static_cast<float>(d));
    for (std::size_t head = 0; head < m_config.heads; ++head) {
        const auto query = std::span(m_q).subspan((row * m_config.heads + head) * d, d);
        m_rope.turn(angles, query);
        for (float& element : query)
            element *= scale;
    }
    const auto position = m_first + static_cast<std::uint32_t>(row);
    for (std::size_t head = 0; head < m_config.keyValueHeads; ++head) {
        const std::size_t at = (row * m_config.keyValueHeads + head) * d;
        const auto key = std::span(m_k).subspan(at, d);
        m_rope.turn(angles, key);
        m_cache->write(layer, head, position, key, std::span(m_v).subspan(at, d));
    }
}

void Blocks::turnAndStore(std::size_t layer)
{
    m_pool.run(m_rows, [&](std::size_t row, unsigned) { turnRow(row, layer); });
}

void Blocks::addToStream(const kernels::PackedMatrix& matrix, const float* x, std::size_t xStride)
{
    const std::size_t length = m_config.embeddingLength;
    const std::array products = {Product{&matrix, m_h.data(), length}};
    multiply(x, xStride, products);
    m_multiplier.kernels().add(m_h.data(), m_rows * length, m_x.data());
}

void Blocks::addAttention(const LayerWeights& layer)
{
    addToStream(layer.output, m_a.data(), layer.output.columns());
}

void Blocks::gatedProjection(const LayerWeights& layer)
{
    const std::size_t length = m_config.feedForwardLength;
    const std::array products = {Product{&layer.gate, m_gate.data(), length},
                                 Product{&layer.up, m_up.data(), length}};
    multiply(m_h.data(), m_config.embeddingLength, products);
    m_pool.run(m_rows, [&](std::size_t row, unsigned) {
        float* gate = m_gate.data() + row * length;
        m_multiplier.kernels().swiGlu(gate, m_up.data() + row * length, length, gate);
    });
}

void Blocks::addFeedForward(const LayerWeights& layer)
{
    addToStream(layer.down, m_gate.data(), layer.down.columns());
}

void Blocks::projectLogits(Logits wanted, std::span<float> out)
{
    if (wanted == Logits::None)
        return;
    const std::size_t vocabulary = m_config.vocabularySize;
    normalize(m_weights.outputNorm);
    const std::array products = {Product{&m_weights.output, out.data(), vocabulary}};
    if (wanted == Logits::All) {
        multiply(m_h.data(), m_config.embeddingLength, products);
        return;
    }
    // One row, however many the pass has: always by the kernels for one row.
    if (!m_cancelled)
        m_multiplier.tokens(m_h.data() + (m_rows - 1) * m_config.embeddingLength, 0, 1, products);
}

} // namespace model
