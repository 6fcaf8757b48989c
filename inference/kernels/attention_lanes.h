// SPDX-License-Identifier: Apache-2.0
#pragma once

// Softmax attention of a few queries over one head's keys and values, in float32 and in terms of
// the lanes that the including tier file has chosen: generated tokens, and every row of --exact.

#include "inference/kernels/kv_load_lanes.h"
#include "inference/kernels/vector_lanes.h"

namespace kernels {
namespace {

using ScoreRow = float[kAttentionBlock];

// Vectors side by side that share a factor of each row, where the registers hold their sums.
constexpr int kAttentionVectors = kAccumulators >= 8 ? 2 : 1;

/// Sums of a few rows in registers: row r gains vector(v) * factor(r) at every step.
template <int Rows, int Vectors>
struct RowSums {
    Floats sums[Rows][Vectors];

    template <typename Start>
    [[gnu::always_inline]] explicit RowSums(const Start& start)
    {
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v)
                sums[r][v] = start(r, v);
        }
    }

    template <typename Vector, typename Factor>
    [[gnu::always_inline]] void add(const Vector& vector, const Factor& factor)
    {
        Floats vectors[Vectors];
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v)
            vectors[v] = vector(v);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const Floats shared = broadcast(factor(r));
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v)
                sums[r][v] = mulAdd(vectors[v], shared, sums[r][v]);
        }
    }

    template <typename To>
    [[gnu::always_inline]] void storeTo(const To& to) const
    {
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v)
                store(to(r, v), sums[r][v]);
        }
    }
};

/// What is read after a page's keys: its values and the next page's keys. A page is too short for
/// the processor to see by itself where it goes on, and waiting for memory took most of the time.
struct Ahead {
    const std::byte* keys;
    const std::byte* values;
    std::size_t keyStep; // bytes asked for with each element of the keys
    std::size_t valueStep;

    Ahead(const KvHead& head, std::size_t page, bool last)
        : keys(head.pages[last ? page : page + 1] + head.keys)
        , values(head.pages[page] + head.values)
        , keyStep(keyBytes(head.keyFormat, head.keyLength) / head.keyLength)
        , valueStep(valueBytes(head.valueFormat, head.valueLength) / head.keyLength)
    {
    }

    [[gnu::always_inline]] void ask(std::size_t element) const
    {
        __builtin_prefetch(keys + element * keyStep);
        __builtin_prefetch(values + element * valueStep);
    }
};

/// Scores of 16 Vectors positions: lanes are positions, so nothing is added across lanes.
template <typename Keys, int Vectors>
struct ScoreStrip {
    Keys keys;
    std::size_t length;
    std::size_t slot;
    const Ahead& ahead;

    template <int Rows>
    void run(const float* const* queries, ScoreRow* scores, std::size_t column) const
    {
        RowSums<Rows, Vectors> sums([](int, int) { return zeroFloats(); });
        for (std::size_t d = 0; d < length; ++d) {
            ahead.ask(d);
            sums.add([&](int v) { return keys.at(d, slot + 16 * v); },
                     [&](int r) { return queries[r][d]; });
        }
        sums.storeTo([&](int r, int v) { return scores[r] + column + 16 * v; });
    }
};

/// Adds a page's weighted values to 16 Vectors elements of each row's sum.
template <typename Values, int Vectors>
struct AddValues {
    Values values;
    std::size_t positions;
    std::size_t stride; // of out

    template <int Rows>
    void run(const ScoreRow* weights, std::size_t column, float* out, std::size_t i) const
    {
        const auto place = [&](int r, int v) { return out + r * stride + i + 16 * v; };
        RowSums<Rows, Vectors> sums([&](int r, int v) { return load(place(r, v)); });
        for (std::size_t p = 0; p < positions; ++p)
            sums.add([&](int v) { return values.at(p, i + 16 * v); },
                     [&](int r) { return weights[r][column + p]; });
        sums.storeTo(place);
    }
};

/// One page against all rows; @p column is its place in the block.
template <typename Keys>
void scorePage(const AttentionTask& task, const Keys& keys, const Ahead& ahead, std::size_t column,
               ScoreRow* scores)
{
    // Also where the page is not full: what nobody sees is overwritten.
    for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
        for (std::size_t slot = 0; slot < kPageTokens; slot += 16 * kAttentionVectors) {
            const ScoreStrip<Keys, kAttentionVectors> strip{keys, task.head.keyLength, slot, ahead};
            withCount<kAccumulators>(task.rows - row, strip, task.queries + row, scores + row,
                                     column + slot);
        }
    }
}

void scores(const AttentionTask& task, std::size_t page, std::size_t, std::size_t column,
            ScoreRow* scores)
{
    const Ahead ahead(task.head, page, (page + 1) * kPageTokens >= task.end);
    withKeys(task.head, page,
             [&](const auto& keys) { scorePage(task, keys, ahead, column, scores); });
}

template <typename Values>
void addPage(const AttentionTask& task, const Values& values, std::size_t positions,
             std::size_t column, const ScoreRow* weights)
{
    const std::size_t stride = valueStride(task.head.valueLength);
    const auto addStrip = [&]<int Vectors>(std::size_t row, std::size_t i) {
        withCount<kAccumulators>(task.rows - row,
                                 AddValues<Values, Vectors>{values, positions, stride},
                                 weights + row, column, task.out + row * stride, i);
    };
    for (std::size_t row = 0; row < task.rows; row += kAccumulators) {
        std::size_t i = 0;
        for (; i + 16 * kAttentionVectors <= stride; i += 16 * kAttentionVectors)
            addStrip.template operator()<kAttentionVectors>(row, i);
        for (; i < stride; i += 16)
            addStrip.template operator()<1>(row, i);
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
