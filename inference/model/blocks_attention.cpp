// SPDX-License-Identifier: Apache-2.0
#include "inference/model/blocks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace model {

namespace {

using kernels::kAttentionRows;

// A generated token's attention is cut into stretches of this many positions, always at the same
// places, so that the sums are the same for any number of threads and of rows: eight pages, of
// which the keys and values of a head fill a part of the second cache.
constexpr std::size_t kStretchPositions = 8 * kernels::kPageTokens;

// Below this many sums the threads are not asked to help with merging them.
constexpr std::size_t kFewSums = 1 << 15;

// A prompt's attention is cut into at least so many tiles for each thread.
constexpr std::size_t kTilesPerThread = 4;

std::size_t ceilDivide(std::size_t value, std::size_t by)
{
    return (value + by - 1) / by;
}

/// The first position that the token at @p position sees.
std::uint32_t firstSeen(const KvLayer& layer, std::uint32_t position)
{
    if (layer.kind != KvLayer::Kind::Window || position < layer.window)
        return 0;
    return position + 1 - layer.window;
}

/// Up to kAttentionRows queries of one head, and where their results go.
struct Tile {
    std::array<const float*, kAttentionRows> queries{};
    std::array<std::uint32_t, kAttentionRows> from{};
    std::array<std::uint32_t, kAttentionRows> visible{};

    [[nodiscard]] kernels::AttentionTask task(const kernels::KvHead& head, std::size_t rows) const
    {
        kernels::AttentionTask task;
        task.head = head;
        task.queries = queries.data();
        task.from = from.data();
        task.visible = visible.data();
        task.rows = rows;
        return task;
    }
};

std::size_t blockOf(std::size_t position)
{
    return position / kernels::kAttentionBlock * kernels::kAttentionBlock;
}

} // namespace

void Blocks::attend(std::size_t layer)
{
    if (m_cancelled)
        return;
    if (m_phase == Phase::Prompt)
        attendPrompt(layer);
    else
        attendGenerated(layer);
}

// Rows of a tile: (token, query head of the group), token by token; one tile reads the keys and
// values of its head once for all of them.
void Blocks::attendPrompt(std::size_t layer)
{
    const std::size_t all = m_rows * group();
    // Large tiles convert the keys and values less often, small ones spread over more threads.
    constexpr std::size_t kLeastRows = 24;
    const std::size_t share =
        ceilDivide(all * m_config.keyValueHeads, kTilesPerThread * m_pool.threads());
    const std::size_t size = std::clamp(share, kLeastRows, kernels::kFlashRows);
    const std::size_t tiles = ceilDivide(all, size);
    // The last tokens see most: with them first the threads end together.
    m_pool.run(m_config.keyValueHeads * tiles, [&](std::size_t index, unsigned worker) {
        const std::size_t first = (tiles - 1 - index / m_config.keyValueHeads) * size;
        attendTile(layer, index % m_config.keyValueHeads, first, std::min(size, all - first),
                   m_scratch[worker].data());
    });
}

void Blocks::attendTile(std::size_t layer, std::size_t head, std::size_t first, std::size_t rows,
                        std::byte* scratch)
{
    const KvSequence& sequence = *m_parts.front().sequence;
    const KvLayer& layout = sequence.pool().layers()[layer];
    const std::size_t d = m_config.headLength;
    std::array<const float*, kernels::kFlashRows> queries{};
    std::array<std::uint32_t, kernels::kFlashRows> from{};
    std::array<std::uint32_t, kernels::kFlashRows> visible{};
    std::array<float*, kernels::kFlashRows> out{};
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t token = (first + r) / group();
        const std::size_t queryHead = head * group() + (first + r) % group();
        const std::size_t place = (token * m_config.heads + queryHead) * d;
        queries[r] = m_q.data() + place;
        out[r] = m_a.data() + place;
        visible[r] = m_places[token].position + 1;
        from[r] = firstSeen(layout, m_places[token].position);
    }
    m_flash({.head = sequence.head(layer, head),
             .queries = queries.data(),
             .from = from.data(),
             .visible = visible.data(),
             .rows = rows,
             .out = out.data(),
             .scratch = scratch});
}

/// Of one head: sums, maxima and weights of every query row.
std::size_t Blocks::sumFloats(const Stretch& stretch) const
{
    return stretch.tokens * group() * (kernels::valueStride(m_config.headLength) + 2);
}

void Blocks::planStretches()
{
    m_sequences.clear();
    m_stretches.clear();
    std::size_t sums = 0;
    std::size_t row = 0;
    for (const Part& part : m_parts) {
        const std::size_t tokens = part.tokens.size();
        const std::size_t positions = part.sequence->length() + tokens;
        const std::size_t count = ceilDivide(positions, kStretchPositions);
        m_sequences.push_back({row, tokens, m_stretches.size(), count});
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t begin = i * kStretchPositions;
            m_stretches.push_back(
                {row, tokens, begin, std::min(positions, begin + kStretchPositions), sums});
            sums += m_config.keyValueHeads * sumFloats(m_stretches.back());
        }
        row += tokens;
    }
    m_sums.resize(std::max(m_sums.size(), sums));
}

void Blocks::attendStretch(std::size_t layer, const Stretch& stretch, std::size_t head)
{
    const KvSequence& sequence = *m_places[stretch.row].sequence;
    const KvLayer& layout = sequence.pool().layers()[layer];
    const std::size_t d = m_config.headLength;
    const std::size_t stride = kernels::valueStride(d);
    const std::size_t all = stretch.tokens * group();
    float* out = m_sums.data() + stretch.sums + head * sumFloats(stretch);
    float* maxima = out + all * stride;
    float* weights = maxima + all;
    for (std::size_t first = 0; first < all; first += kAttentionRows) {
        const std::size_t rows = std::min(kAttentionRows, all - first);
        Tile tile;
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row = stretch.row + (first + r) / group();
            const std::size_t queryHead = head * group() + (first + r) % group();
            tile.queries[r] = m_q.data() + (row * m_config.heads + queryHead) * d;
            tile.visible[r] = m_places[row].position + 1;
            tile.from[r] = firstSeen(layout, m_places[row].position);
        }
        kernels::AttentionTask task = tile.task(sequence.head(layer, head), rows);
        // Not before the first position that any row sees: those pages may be gone.
        task.begin = std::max(stretch.begin, blockOf(tile.from[0]));
        task.end = std::min<std::size_t>(stretch.end, tile.visible[rows - 1]);
        task.out = out + first * stride;
        task.maxima = maxima + first;
        task.weights = weights + first;
        m_multiplier.kernels().attend(task);
    }
}

void Blocks::attendGenerated(std::size_t layer)
{
    const std::size_t heads = m_config.keyValueHeads;
    m_pool.run(m_stretches.size() * heads, [&](std::size_t index, unsigned) {
        attendStretch(layer, m_stretches[index / heads], index % heads);
    });
    const auto mergeRow = [&](std::size_t row) {
        const auto in = std::ranges::find_if(
            m_sequences, [&](const Sequence& s) { return row < s.row + s.tokens; });
        const std::size_t count =
            ceilDivide(std::size_t{m_places[row].position} + 1, kStretchPositions);
        for (std::size_t queryHead = 0; queryHead < m_config.heads; ++queryHead)
            mergeStretches(in->firstStretch, count, row - in->row, queryHead);
    };
    if (m_rows * m_config.heads * m_config.headLength < kFewSums) {
        for (std::size_t row = 0; row < m_rows; ++row)
            mergeRow(row);
    } else {
        m_pool.run(m_rows, [&](std::size_t row, unsigned) { mergeRow(row); });
    }
}

/// a = sum of e^(m - M) o / sum of e^(m - M) l over a token's stretches, in their order; M the
/// largest m.
void Blocks::mergeStretches(std::size_t first, std::size_t count, std::size_t token,
                            std::size_t queryHead)
{
    const std::size_t d = m_config.headLength;
    const std::size_t stride = kernels::valueStride(d);
    const std::size_t head = queryHead / group();
    const std::size_t row = token * group() + queryHead % group();
    const std::size_t rows = m_stretches[first].tokens * group();
    const auto sumsOf = [&](std::size_t i) {
        const Stretch& stretch = m_stretches[first + i];
        return m_sums.data() + stretch.sums + head * sumFloats(stretch);
    };
    const auto maximumOf = [&](const float* sums) { return sums[rows * stride + row]; };
    const auto weightOf = [&](const float* sums) { return sums[rows * (stride + 1) + row]; };

    float most = maximumOf(sumsOf(0));
    for (std::size_t i = 1; i < count; ++i)
        most = std::max(most, maximumOf(sumsOf(i)));
    float total = 0;
    for (std::size_t i = 0; i < count; ++i)
        total += std::exp(maximumOf(sumsOf(i)) - most) * weightOf(sumsOf(i));

    float* out = m_a.data() + ((m_stretches[first].row + token) * m_config.heads + queryHead) * d;
    std::fill_n(out, d, 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
        const float* from = sumsOf(i);
        const float share = std::exp(maximumOf(from) - most) / total;
        for (std::size_t e = 0; e < d; ++e)
            out[e] += share * from[row * stride + e];
    }
}

} // namespace model
