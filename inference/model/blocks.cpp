// SPDX-License-Identifier: Apache-2.0
#include "inference/model/blocks.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace model {

using kernels::Product;

Blocks::Blocks(const Config& config, const Weights& weights, kernels::Multiplier& multiplier,
               kernels::ThreadPool& pool, bool exact)
    : m_config(config)
    , m_weights(weights)
    , m_multiplier(multiplier)
    , m_pool(pool)
    , m_rope(config.ropeKind == RopeKind::Interleaved ? kernels::Rope::Pairs::Interleaved
                                                      : kernels::Rope::Pairs::HalfSplit,
             config.ropeLength, config.ropeBase, config.ropeScale, weights.ropeDivisors)
    , m_flash(kernels::flashOf(kernels::bestTier(), exact))
    , m_scratch(pool.threads())
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

Result<void> Blocks::prepare()
{
    for (kernels::Memory& scratch : m_scratch) {
        scratch = kernels::Memory::allocate(
            kernels::flashScratch(m_config.headLength, m_config.headLength));
        if (!scratch)
            return std::unexpected(Error{Errc::OutOfMemory, "working memory of the attention"});
    }
    return {};
}

void Blocks::begin(std::span<const Part> parts, Phase phase, const std::stop_token& stop)
{
    m_parts.assign(parts.begin(), parts.end());
    m_phase = phase;
    m_stop = stop;
    m_cancelled = false;
    m_pending = false;
    m_places.clear();
    std::vector<std::int32_t> tokens;
    for (const Part& part : parts) {
        std::uint32_t position = part.sequence->length();
        for (const std::int32_t token : part.tokens) {
            tokens.push_back(token);
            m_places.push_back({part.sequence, position++});
        }
    }
    m_rows = tokens.size();
    assert(m_rows > 0 && m_rows <= kMostRows);
    if (phase == Phase::Generation)
        planStretches();

    const std::size_t length = m_config.embeddingLength;
    const std::size_t bytes = kernels::rowBytes(m_weights.embeddingType, length);
    m_pool.run(m_rows, [&](std::size_t row, unsigned) {
        const auto id = static_cast<std::size_t>(tokens[row]);
        kernels::dequantizeRow(m_weights.embeddingType,
                               m_weights.embedding.subspan(id * bytes, bytes),
                               std::span(m_x).subspan(row * length, length));
        m_rope.angles(m_places[row].position,
                      std::span(m_angles).subspan(row * m_config.ropeLength, m_config.ropeLength));
    });
}

void Blocks::multiply(const float* x, std::size_t xStride, std::span<const Product> products,
                      const kernels::MakeRow& make)
{
    // Before every matrix: on a slow machine a whole pass takes longer than a user should wait.
    if (m_cancelled || m_stop.stop_requested()) {
        m_cancelled = true;
        return;
    }
    if (m_phase == Phase::Generation)
        m_multiplier.tokens(x, xStride, m_rows, products, make);
    else
        m_multiplier.rows(x, xStride, m_rows, products, make);
}

void Blocks::addPending(std::size_t row)
{
    const std::size_t length = m_config.embeddingLength;
    if (m_pending)
        m_multiplier.kernels().add(m_h.data() + row * length, length, m_x.data() + row * length);
}

void Blocks::multiplyNormalized(std::span<const float> weight, std::span<const Product> products)
{
    const std::size_t length = m_config.embeddingLength;
    multiply(m_h.data(), length, products, [&](std::size_t row) {
        addPending(row);
        m_multiplier.kernels().rmsNorm(m_x.data() + row * length, weight.data(),
                                       m_config.normEpsilon, length, m_h.data() + row * length);
    });
    m_pending = false;
}

void Blocks::projectQueryKeyValue(const LayerWeights& layer)
{
    const std::array products = {Product{&layer.query, m_q.data(), layer.query.rows()},
                                 Product{&layer.key, m_k.data(), layer.key.rows()},
                                 Product{&layer.value, m_v.data(), layer.value.rows()}};
    multiplyNormalized(layer.attentionNorm, products);
}

void Blocks::turnRow(std::size_t row, const LayerWeights& weights, std::size_t layer)
{
    const std::size_t d = m_config.headLength;
    const std::size_t queries = m_config.heads * d;
    const std::size_t keys = m_config.keyValueHeads * d;
    const kernels::KernelTable& kernels = m_multiplier.kernels();
    const auto addBias = [&](const std::vector<float>& bias, float* to) {
        if (!bias.empty())
            kernels.add(bias.data(), bias.size(), to);
    };
    addBias(weights.queryBias, m_q.data() + row * queries);
    addBias(weights.keyBias, m_k.data() + row * keys);
    addBias(weights.valueBias, m_v.data() + row * keys);

    const auto angles =
        std::span<const float>(m_angles).subspan(row * m_config.ropeLength, m_config.ropeLength);
    const float scale = 1.0F / std::sqrt(static_cast<float>(d));
    for (std::size_t head = 0; head < m_config.heads; ++head) {
        const auto query = std::span(m_q).subspan(row * queries + head * d, d);
        m_rope.turn(angles, query);
        for (float& element : query)
            element *= scale;
    }
    const auto [sequence, position] = m_places[row];
    const KvLayer& layout = sequence->pool().layers()[layer];
    for (std::size_t head = 0; head < m_config.keyValueHeads; ++head) {
        const std::size_t at = row * keys + head * d;
        const auto key = std::span(m_k).subspan(at, d);
        m_rope.turn(angles, key);
        const KvSequence::Slot slot = sequence->slot(layer, head, position);
        kernels.storeKey(layout.keyFormat, slot.keys, slot.index, key.data(), d);
        kernels.storeValue(layout.valueFormat, slot.values, slot.index, m_v.data() + at, d);
    }
}

void Blocks::turnAndStore(const LayerWeights& weights, std::size_t layer)
{
    m_pool.run(m_rows, [&](std::size_t row, unsigned) { turnRow(row, weights, layer); });
}

void Blocks::addAttention(const LayerWeights& layer)
{
    const std::array products = {
        Product{&layer.output, m_h.data(), std::size_t{m_config.embeddingLength}}};
    multiply(m_a.data(), layer.output.columns(), products);
    m_pending = true;
}

void Blocks::gatedProjection(const LayerWeights& layer)
{
    const std::size_t length = m_config.feedForwardLength;
    const std::array products = {Product{&layer.gate, m_gate.data(), length},
                                 Product{&layer.up, m_up.data(), length}};
    multiplyNormalized(layer.feedForwardNorm, products);
}

void Blocks::addFeedForward(const LayerWeights& layer)
{
    const std::size_t length = m_config.feedForwardLength;
    const std::array products = {
        Product{&layer.down, m_h.data(), std::size_t{m_config.embeddingLength}}};
    multiply(m_gate.data(), length, products, [&](std::size_t row) {
        float* gate = m_gate.data() + row * length;
        m_multiplier.kernels().swiGlu(gate, m_up.data() + row * length, length, gate);
    });
    m_pending = true;
}

void Blocks::projectLogits()
{
    struct Wanted {
        std::size_t row;
        float* out;
    };
    std::vector<Wanted> wanted;
    const std::size_t vocabulary = m_config.vocabularySize;
    std::size_t row = 0;
    for (const Part& part : m_parts) {
        const std::size_t count = part.tokens.size();
        if (part.wanted == Logits::Last)
            wanted.push_back({row + count - 1, part.logits.data()});
        for (std::size_t i = 0; i < count && part.wanted == Logits::All; ++i)
            wanted.push_back({row + i, part.logits.data() + i * vocabulary});
        row += count;
    }
    const std::size_t length = m_config.embeddingLength;
    // All before the first is normalised into the place of another.
    m_pool.run(wanted.size(), [&](std::size_t i, unsigned) { addPending(wanted[i].row); });
    m_pool.run(wanted.size(), [&](std::size_t i, unsigned) {
        m_multiplier.kernels().rmsNorm(m_x.data() + wanted[i].row * length,
                                       m_weights.outputNorm.data(), m_config.normEpsilon, length,
                                       m_h.data() + i * length);
    });
    // As many rows in one pass over the matrix as a buffer of usual size holds.
    constexpr std::size_t kMostAtOnce = 32;
    for (std::size_t first = 0; first < wanted.size(); first += kMostAtOnce) {
        if (m_cancelled || m_stop.stop_requested()) {
            m_cancelled = true;
            return;
        }
        const std::size_t count = std::min(kMostAtOnce, wanted.size() - first);
        bool inOrder = true;
        for (std::size_t i = first + 1; i < first + count; ++i)
            inOrder = inOrder && wanted[i].out == wanted[i - 1].out + vocabulary;
        if (!inOrder)
            m_logits.resize(std::max(m_logits.size(), count * vocabulary));
        float* out = inOrder ? wanted[first].out : m_logits.data();
        m_multiplier.tokens(m_h.data() + first * length, length, count,
                            std::array{Product{&m_weights.output, out, vocabulary}});
        for (std::size_t i = 0; i < count && !inOrder; ++i)
            std::copy_n(out + i * vocabulary, vocabulary, wanted[first + i].out);
    }
}

} // namespace model
