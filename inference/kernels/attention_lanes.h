// SPDX-License-Identifier: Apache-2.0
#pragma once

// Softmax attention of a few queries over one head's keys and values, in terms of the lanes that
// the including tier file has chosen.

#include "inference/kernels/strip_dot_lanes.h"
#include "inference/kernels/vector_lanes.h"

namespace kernels {
namespace {

/// Lower than any score, yet finite: a difference of two of them is a number.
constexpr float kUnseen = -1e30F;

using ScoreRow = float[kAttentionBlock];

/// Scores of 16 positions: lanes are positions, so nothing is added across lanes.
template <typename Element>
struct ScoreStrip {
    const Element* keys; // [d][16]
    std::size_t length;

    template <int Rows>
    void run(const float* const* queries, ScoreRow* scores, std::size_t column) const
    {
        Floats totals[Rows];
        for (int r = 0; r < Rows; ++r)
            totals[r] = zeroFloats();
        for (std::size_t d = 0; d < length; ++d) {
            const Floats key = loadPlain(keys + 16 * d);
            for (int r = 0; r < Rows; ++r)
                totals[r] = mulAdd(key, broadcast(queries[r][d]), totals[r]);
        }
        for (int r = 0; r < Rows; ++r)
            store(scores[r] + column, totals[r]);
    }
};

/// Adds the block's weighted values to 16 elements of each row's sum.
template <typename Element>
struct AddValues {
    const Element* values; // [positions][stride], from the element on
    std::size_t stride;
    std::size_t positions;

    template <int Rows>
    void run(const ScoreRow* weights, float* out) const
    {
        Floats totals[Rows];
        for (int r = 0; r < Rows; ++r)
            totals[r] = load(out + r * stride);
        for (std::size_t p = 0; p < positions; ++p) {
            const Floats value = loadPlain(values + p * stride);
            for (int r = 0; r < Rows; ++r)
                totals[r] = mulAdd(value, broadcast(weights[r][p]), totals[r]);
        }
        for (int r = 0; r < Rows; ++r)
            store(out + r * stride, totals[r]);
    }
};

/// Scores become weights relative to the row's maximum, which may grow: then what was summed under
/// the old one is scaled down.
inline void softmaxBlock(const AttentionTask& task, std::size_t row, std::size_t block,
                         float* scores, bool first)
{
    const std::size_t visible = task.visible[row] > block ? task.visible[row] - block : 0;
    for (std::size_t p = visible; p < kAttentionBlock; ++p)
        scores[p] = kUnseen;
    Floats most = load(scores);
    for (std::size_t p = 16; p < kAttentionBlock; p += 16)
        most = max(most, load(scores + p));
    const float before = first ? kUnseen : task.maxima[row];
    const float blockMaximum = maximum(most);
    const float now = blockMaximum > before ? blockMaximum : before;

    Floats total = zeroFloats();
    for (std::size_t p = 0; p < kAttentionBlock; p += 16) {
        const Floats weight = exponential(load(scores + p) - broadcast(now));
        store(scores + p, weight);
        total = total + weight;
    }
    // The tail of exp at its lower limit is not zero; an unseen position weighs nothing at all.
    for (std::size_t p = visible; p < kAttentionBlock; ++p)
        scores[p] = 0;
    float* out = task.out + row * task.valueStride;
    const float shrink = first ? 0.0F : expf(before - now);
    for (std::size_t i = 0; i < task.valueStride; i += 16)
        store(out + i, first ? zeroFloats() : load(out + i) * broadcast(shrink));
    task.weights[row] = (first ? 0.0F : task.weights[row] * shrink) + sum(total);
    task.maxima[row] = now;
}

template <typename Element>
void attend(const AttentionTask& task)
{
    const auto* keys = static_cast<const Element*>(task.keys);
    const auto* values = static_cast<const Element*>(task.values);
    ScoreRow scores[kAttentionRows] = {};
    for (std::size_t block = task.begin; block < task.end; block += kAttentionBlock) {
        const std::size_t left = task.end - block;
        const std::size_t positions = left < kAttentionBlock ? left : kAttentionBlock;
        for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
            for (std::size_t p = 0; p < positions; p += 16) {
                const ScoreStrip<Element> strip{keys + (block + p) * task.headLength,
                                                task.headLength};
                withCount<kAccumulators>(task.rows - row, strip, task.queries + row, scores + row,
                                         p);
            }
        }
        for (std::size_t row = 0; row < task.rows; ++row)
            softmaxBlock(task, row, block, scores[row], block == task.begin);
        for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
            for (std::size_t i = 0; i < task.valueStride; i += 16) {
                const AddValues<Element> add{values + block * task.valueStride + i,
                                             task.valueStride, positions};
                withCount<kAccumulators>(task.rows - row, add,
                                         static_cast<const ScoreRow*>(scores + row),
                                         task.out + row * task.valueStride + i);
            }
        }
    }
}

} // namespace
} // namespace kernels
