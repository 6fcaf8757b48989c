// SPDX-License-Identifier: Apache-2.0
#pragma once

// Softmax attention of a few queries over one head's keys and values, in float32 and in terms of
// the lanes that the including tier file has chosen: generated tokens, and every row of --exact.

#include "inference/kernels/kv_load_lanes.h"
#include "inference/kernels/vector_lanes.h"

namespace kernels {
namespace {

using ScoreRow = float[kAttentionBlock];

/// Scores of 16 positions: lanes are positions, so nothing is added across lanes.
template <typename Keys>
struct ScoreStrip {
    Keys keys;
    std::size_t length;
    std::size_t slot;

    template <int Rows>
    void run(const float* const* queries, ScoreRow* scores, std::size_t column) const
    {
        Floats totals[Rows];
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            totals[r] = zeroFloats();
        for (std::size_t d = 0; d < length; ++d) {
            const Floats key = keys.at(d, slot);
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r)
                totals[r] = mulAdd(key, broadcast(queries[r][d]), totals[r]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            store(scores[r] + column, totals[r]);
    }
};

/// Adds a page's weighted values to 16 elements of each row's sum.
template <typename Values>
struct AddValues {
    Values values;
    std::size_t positions;
    std::size_t stride; // of out

    template <int Rows>
    void run(const ScoreRow* weights, std::size_t column, float* out, std::size_t i) const
    {
        Floats totals[Rows];
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            totals[r] = load(out + r * stride + i);
        for (std::size_t p = 0; p < positions; ++p) {
            const Floats value = values.at(p, i);
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r)
                totals[r] = mulAdd(value, broadcast(weights[r][column + p]), totals[r]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            store(out + r * stride + i, totals[r]);
    }
};

/// One page against all rows; @p column is its place in the block.
template <typename Keys>
void scorePage(const AttentionTask& task, const Keys& keys, std::size_t positions,
               std::size_t column, ScoreRow* scores)
{
    for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
        for (std::size_t slot = 0; slot < positions; slot += 16) {
            const ScoreStrip<Keys> strip{keys, task.head.keyLength, slot};
            withCount<kAccumulators>(task.rows - row, strip, task.queries + row, scores + row,
                                     column + slot);
        }
    }
}

void scores(const AttentionTask& task, std::size_t page, std::size_t positions, std::size_t column,
            ScoreRow* scores)
{
    withKeys(task.head, page,
             [&](const auto& keys) { scorePage(task, keys, positions, column, scores); });
}

template <typename Values>
void addPage(const AttentionTask& task, const Values& values, std::size_t positions,
             std::size_t column, const ScoreRow* weights)
{
    const std::size_t stride = valueStride(task.head.valueLength);
    const AddValues<Values> add{values, positions, stride};
    for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
        for (std::size_t i = 0; i < stride; i += 16) {
            withCount<kAccumulators>(task.rows - row, add, weights + row, column,
                                     task.out + row * stride, i);
        }
    }
}

void addValues(const AttentionTask& task, std::size_t page, std::size_t positions,
               std::size_t column, ScoreRow* weights)
{
    if (const std::uint16_t* scales = valueScalesOf(task.head, page); scales != nullptr) {
        for (std::size_t p = 0; p < kPageTokens; p += 16) {
            const Floats scale = loadHalf(scales + p);
            for (std::size_t row = 0; row < task.rows; ++row) {
                float* weight = weights[row] + column + p;
                store(weight, load(weight) * scale);
            }
        }
    }
    withValues(task.head, page,
               [&](const auto& values) { addPage(task, values, positions, column, weights); });
}

/// Scores become weights relative to the row's maximum, which may grow: then what was summed under
/// the old one is scaled down.
inline void softmaxBlock(const AttentionTask& task, std::size_t row, std::size_t block,
                         float* scores)
{
    const std::size_t visible = task.visible[row] > block ? task.visible[row] - block : 0;
    const std::size_t from = task.from[row] > block ? task.from[row] - block : 0;
    const auto hide = [&](float value) {
        for (std::size_t p = visible; p < kAttentionBlock; ++p)
            scores[p] = value;
        for (std::size_t p = 0; p < from && p < kAttentionBlock; ++p)
            scores[p] = value;
    };
    hide(kUnseen);
    Floats most = load(scores);
    for (std::size_t p = 16; p < kAttentionBlock; p += 16)
        most = max(most, load(scores + p));
    const float before = task.maxima[row];
    const float blockMaximum = maximum(most);
    const float now = blockMaximum > before ? blockMaximum : before;

    Floats total = zeroFloats();
    for (std::size_t p = 0; p < kAttentionBlock; p += 16)
        store(scores + p, exponential(load(scores + p) - broadcast(now)));
    // The tail of exp at its lower limit is not zero; an unseen position weighs nothing at all.
    hide(0);
    for (std::size_t p = 0; p < kAttentionBlock; p += 16)
        total = total + load(scores + p);
    const std::size_t stride = valueStride(task.head.valueLength);
    float* out = task.out + row * stride;
    if (now > before) {
        const float shrink = before > kUnseen ? expf(before - now) : 0.0F;
        for (std::size_t i = 0; i < stride; i += 16)
            store(out + i, load(out + i) * broadcast(shrink));
        task.weights[row] *= shrink;
        task.maxima[row] = now;
    }
    task.weights[row] += sum(total);
}

void attendLanes(const AttentionTask& task)
{
    const std::size_t stride = valueStride(task.head.valueLength);
    for (std::size_t row = 0; row < task.rows; ++row) {
        task.maxima[row] = kUnseen;
        task.weights[row] = 0;
        for (std::size_t i = 0; i < stride; i += 16)
            store(task.out + row * stride + i, zeroFloats());
    }
    ScoreRow block[kAttentionRows] = {};
    const auto eachPage = [&](std::size_t begin, const auto& f) {
        for (std::size_t at = begin; at < begin + kAttentionBlock && at < task.end;
             at += kPageTokens) {
            const std::size_t left = task.end - at;
            f(task, at / kPageTokens, left < kPageTokens ? left : kPageTokens, at - begin, block);
        }
    };
    for (std::size_t begin = task.begin; begin < task.end; begin += kAttentionBlock) {
        eachPage(begin, scores);
        for (std::size_t row = 0; row < task.rows; ++row)
            softmaxBlock(task, row, begin, block[row]);
        eachPage(begin, addValues);
    }
}

} // namespace
} // namespace kernels
