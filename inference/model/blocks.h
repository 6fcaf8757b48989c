// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/multiplier.h"
#include "inference/kernels/rope.h"
#include "inference/model/config.h"
#include "inference/model/kv_cache.h"
#include "inference/model/model.h"
#include "inference/model/weights.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace model {

/// The steps that the families are made of. A family's file calls them in the order of its network;
/// they work on one pass: up to kMostRows tokens of one conversation.
///
/// Names of shapes: M tokens of the pass, D embedding, F feed-forward, H heads, Hkv key/value
/// heads, d head length, V vocabulary. Threads: one pass at a time; the steps spread over the pool.
class Blocks {
public:
    static constexpr std::size_t kMostRows = kernels::Multiplier::kMostRows;

    Blocks(const Config& config, const Weights& weights, kernels::Multiplier& multiplier,
           kernels::ThreadPool& pool);

    /// Starts a pass at the end of @p cache: x = rows of the embedding. x [M, D]
    void begin(std::span<const std::int32_t> tokens, KvCache& cache, Phase phase,
               const std::stop_token& stop);

    /// h = x / rms(x) * weight. h [M, D]
    void normalize(std::span<const float> weight);
    /// q = h Wq^T [M, H d], k = h Wk^T, v = h Wv^T [M, Hkv d]
    void projectQueryKeyValue(const LayerWeights& layer);
    /// q, k, v plus the layer's biases.
    void addBiases(const LayerWeights& layer);
    /// Turns q and k by their positions, scales q by 1/sqrt(d), puts k and v into the cache.
    void turnAndStore(std::size_t layer);
    /// a = softmax(q K^T) V over the tokens up to each one's own. a [M, H d]
    void attend(std::size_t layer);
    /// x += a Wo^T
    void addAttention(const LayerWeights& layer);
    /// g = silu(h Wgate^T) * (h Wup^T). g [M, F]
    void gatedProjection(const LayerWeights& layer);
    /// x += g Wdown^T
    void addFeedForward(const LayerWeights& layer);

    /// logits = (x / rms(x) * weight) Wout^T, of the last row or of all. out [V] or [M, V]
    void projectLogits(Logits wanted, std::span<float> out);

    /// Once true, what this pass computed is worthless: matrices were left out.
    [[nodiscard]] bool cancelled() const { return m_cancelled; }

private:
    void multiply(const float* x, std::size_t xStride, std::span<const kernels::Product> products);
    void addToStream(const kernels::PackedMatrix& matrix, const float* x, std::size_t xStride);
    void turnRow(std::size_t row, std::size_t layer);
    void attendPrompt(std::size_t layer);
    void attendToken(std::size_t layer);
    void mergeParts(std::size_t queryHead, std::size_t parts);
    [[nodiscard]] std::size_t partFloats() const;
    void attendRows(std::size_t layer, std::size_t head, kernels::AttentionTask& task);
    [[nodiscard]] std::size_t group() const { return m_config.heads / m_config.keyValueHeads; }

    const Config& m_config;
    const Weights& m_weights;
    kernels::Multiplier& m_multiplier;
    kernels::ThreadPool& m_pool;
    kernels::Rope m_rope;

    // The pass.
    KvCache* m_cache = nullptr;
    Phase m_phase = Phase::Prompt;
    std::stop_token m_stop;
    bool m_cancelled = false;
    std::size_t m_rows = 0;    // M
    std::uint32_t m_first = 0; // position of row 0

    std::vector<float> m_x, m_h, m_q, m_k, m_v, m_a, m_gate, m_up, m_angles;
    std::vector<float> m_parts; // of attendToken: [parts][Hkv][tiles], each of partFloats()
};

} // namespace model
