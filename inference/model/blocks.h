// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/multiplier.h"
#include "inference/kernels/rope.h"
#include "inference/model/config.h"
#include "inference/model/model.h"
#include "inference/model/weights.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace model {

/// The steps that the families are made of. A family's file calls them in the order of its network;
/// they work on one pass: up to kMostRows tokens, each at the end of its sequence.
///
/// Names of shapes: M tokens of the pass, D embedding, F feed-forward, H heads, Hkv key/value
/// heads, d head length, V vocabulary. Threads: one pass at a time; the steps spread over the pool.
class Blocks {
public:
    static constexpr std::size_t kMostRows = kernels::Multiplier::kMostRows;

    Blocks(const Config& config, const Weights& weights, kernels::Multiplier& multiplier,
           kernels::ThreadPool& pool, bool exact);
    /// Takes working memory. Errors: OutOfMemory.
    Result<void> prepare();

    /// Starts a pass over the tokens of @p parts, for which pages are reserved: x = rows of the
    /// embedding. x [M, D]
    void begin(std::span<const Part> parts, Phase phase, const std::stop_token& stop);

    /// What ends the pass from here on.
    void setStop(const std::stop_token& stop) { m_stop = stop; }

    /// h = x / rms(x) * weight [M, D], x with what was last added to it;
    /// q = h Wq^T [M, H d], k = h Wk^T, v = h Wv^T [M, Hkv d]
    void projectQueryKeyValue(const LayerWeights& layer);
    /// Adds the layer's biases to q, k and v, if it has any, turns q and k by their positions,
    /// scales q by 1/sqrt(d), puts k and v into their pages.
    void turnAndStore(const LayerWeights& weights, std::size_t layer);
    /// a = softmax(q K^T) V over the tokens up to each one's own. a [M, H d]
    void attend(std::size_t layer);
    /// x += a Wo^T
    void addAttention(const LayerWeights& layer);
    /// h = x / rms(x) * weight [M, D]; h Wgate^T, h Wup^T [M, F]
    void gatedProjection(const LayerWeights& layer);
    /// g = silu(h Wgate^T) * (h Wup^T) [M, F]; x += g Wdown^T
    void addFeedForward(const LayerWeights& layer);

    /// logits = (x / rms(x) * weight) Wout^T, of the rows that the parts ask for, into them.
    void projectLogits();

    /// Once true, what this pass computed is worthless: matrices were left out.
    [[nodiscard]] bool cancelled() const { return m_cancelled; }

private:
    /// A row of the pass: a token's place in its sequence.
    struct Row {
        const KvSequence* sequence;
        std::uint32_t position;
    };
    /// Queries of one sequence against a fixed stretch of its positions.
    struct Stretch {
        std::size_t row;    // first row of the sequence in the pass
        std::size_t tokens; // its rows
        std::size_t begin;  // positions
        std::size_t end;
        std::size_t sums; // offset in m_sums: for each head, of all query rows
    };

    void multiply(const float* x, std::size_t xStride, std::span<const kernels::Product> products,
                  const kernels::MakeRow& make = {});
    void multiplyNormalized(std::span<const float> weight,
                            std::span<const kernels::Product> products);
    void addPending(std::size_t row);
    void turnRow(std::size_t row, const LayerWeights& weights, std::size_t layer);

    void planStretches();
    void attendPrompt(std::size_t layer);
    void attendTile(std::size_t layer, std::size_t head, std::size_t first, std::size_t rows,
                    std::byte* scratch);
    void attendGenerated(std::size_t layer);
    void attendStretch(std::size_t layer, const Stretch& stretch, std::size_t head);
    void mergeStretches(std::size_t first, std::size_t count, std::size_t token,
                        std::size_t queryHead);
    [[nodiscard]] std::size_t sumFloats(const Stretch& stretch) const;
    [[nodiscard]] std::size_t group() const { return m_config.heads / m_config.keyValueHeads; }

    const Config& m_config;
    const Weights& m_weights;
    kernels::Multiplier& m_multiplier;
    kernels::ThreadPool& m_pool;
    kernels::Rope m_rope;
    kernels::Flash m_flash;
    std::vector<kernels::Memory> m_scratch; // of m_flash, by worker

    // The pass.
    std::vector<Part> m_parts;
    std::vector<Row> m_places; // of the rows
    Phase m_phase = Phase::Prompt;
    std::stop_token m_stop;
    bool m_cancelled = false;
    bool m_pending = false; // h is still to be added to x: in the pass that normalises x
    std::size_t m_rows = 0; // M
    std::vector<Stretch> m_stretches;
    struct Sequence { // its stretches follow one another
        std::size_t row, tokens, firstStretch, stretches;
    };
    std::vector<Sequence> m_sequences;

    std::vector<float> m_x, m_h, m_q, m_k, m_v, m_a, m_gate, m_up, m_angles;
    std::vector<float> m_sums;   // of attendGenerated
    std::vector<float> m_logits; // of rows whose places do not follow one another
};

} // namespace model
