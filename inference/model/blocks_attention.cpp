// SPDX-License-Identifier: Apache-2.0
#include "inference/model/blocks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace model {

namespace {

using kernels::kAttentionRows;

// A generated token's attention is cut into parts of this many positions, always at the same
// places, so that the sums are the same for any number of threads.
constexpr std::size_t kPartPositions = 512;

std::size_t ceilDivide(std::size_t value, std::size_t by)
{
    return (value + by - 1) / by;
}

std::size_t valueStride(const Config& config)
{
    return ceilDivide(config.headLength, 16) * 16;
}

} // namespace

void Blocks::attend(std::size_t layer)
{
    if (m_cancelled)
        return;
    if (m_phase == Phase::Prompt)
        attendPrompt(layer);
    else
        attendToken(layer);
}

void Blocks::attendRows(std::size_t layer, std::size_t head, kernels::AttentionTask& task)
{
    task.keys = m_cache->keys(layer, head);
    task.values = m_cache->values(layer, head);
    task.headLength = m_config.headLength;
    task.valueStride = valueStride(m_config);
    const kernels::KernelTable& kernels = m_multiplier.kernels();
    if (m_cache->precision() == KvPrecision::Half)
        kernels.attendHalf(task);
    else
        kernels.attendSingle(task);
}

// Rows of a tile: (token, query head of the group), token by token; one tile reads the keys and
// values of its head once for all of them.
void Blocks::attendPrompt(std::size_t layer)
{
    const std::size_t d = m_config.headLength;
    const std::size_t stride = valueStride(m_config);
    const std::size_t all = m_rows * group();
    const std::size_t tiles = ceilDivide(all, kAttentionRows);
    m_pool.run(m_config.keyValueHeads * tiles, [&](std::size_t index, unsigned) {
        const std::size_t head = index / tiles;
        const std::size_t first = index % tiles * kAttentionRows;
        std::array<const float*, kAttentionRows> queries{};
        std::array<std::uint32_t, kAttentionRows> visible{};
        std::array<std::size_t, kAttentionRows> places{};
        std::array<float, kAttentionRows> maxima{};
        std::array<float, kAttentionRows> weights{};
        std::vector<float> out(kAttentionRows * stride);
        kernels::AttentionTask task;
        task.rows = std::min(kAttentionRows, all - first);
        for (std::size_t r = 0; r < task.rows; ++r) {
            const std::size_t token = (first + r) / group();
            const std::size_t queryHead = head * group() + (first + r) % group();
            places[r] = (token * m_config.heads + queryHead) * d;
            queries[r] = m_q.data() + places[r];
            visible[r] = m_first + static_cast<std::uint32_t>(token) + 1;
        }
        task.queries = queries.data();
        task.visible = visible.data();
        task.end = visible[task.rows - 1];
        task.out = out.data();
        task.maxima = maxima.data();
        task.weights = weights.data();
        attendRows(layer, head, task);
        for (std::size_t r = 0; r < task.rows; ++r) {
            for (std::size_t i = 0; i < d; ++i)
                m_a[places[r] + i] = out[r * stride + i] / weights[r];
        }
    });
}

/// Sums, maxima and weights of one tile.
std::size_t Blocks::partFloats() const
{
    return kAttentionRows * (valueStride(m_config) + 2);
}

void Blocks::attendToken(std::size_t layer)
{
    const std::size_t d = m_config.headLength;
    const std::size_t stride = valueStride(m_config);
    const std::size_t tiles = ceilDivide(group(), kAttentionRows);
    const std::uint32_t positions = m_first + 1;
    const std::size_t parts = ceilDivide(positions, kPartPositions);
    const std::size_t perPart = m_config.keyValueHeads * tiles;
    m_parts.resize(std::max(m_parts.size(), parts * perPart * partFloats()));
    m_pool.run(parts * perPart, [&](std::size_t index, unsigned) {
        const std::size_t part = index / perPart;
        const std::size_t head = index % perPart / tiles;
        const std::size_t first = index % tiles * kAttentionRows;
        std::array<const float*, kAttentionRows> queries{};
        std::array<std::uint32_t, kAttentionRows> visible{};
        kernels::AttentionTask task;
        task.rows = std::min(kAttentionRows, group() - first);
        for (std::size_t r = 0; r < task.rows; ++r) {
            queries[r] = m_q.data() + (head * group() + first + r) * d;
            visible[r] = positions;
        }
        task.queries = queries.data();
        task.visible = visible.data();
        task.begin = part * kPartPositions;
        task.end = std::min<std::size_t>(positions, task.begin + kPartPositions);
        task.out = m_parts.data() + index * partFloats();
        task.maxima = task.out + kAttentionRows * stride;
        task.weights = task.maxima + kAttentionRows;
        attendRows(layer, head, task);
    });
    for (std::size_t queryHead = 0; queryHead < m_config.heads; ++queryHead)
        mergeParts(queryHead, parts);
}

/// a = sum of e^(m - M) o / sum of e^(m - M) l over the parts, in their order; M the largest m.
void Blocks::mergeParts(std::size_t queryHead, std::size_t parts)
{
    const std::size_t stride = valueStride(m_config);
    const std::size_t tiles = ceilDivide(group(), kAttentionRows);
    const std::size_t perPart = m_config.keyValueHeads * tiles;
    const std::size_t inGroup = queryHead % group();
    const std::size_t row = inGroup % kAttentionRows;
    const std::size_t tile = queryHead / group() * tiles + inGroup / kAttentionRows;
    const auto partOf = [&](std::size_t part) {
        return m_parts.data() + (part * perPart + tile) * partFloats();
    };
    const auto maximumOf = [&](const float* part) { return part[kAttentionRows * stride + row]; };
    const auto weightOf = [&](const float* part) {
        return part[kAttentionRows * (stride + 1) + row];
    };

    float most = maximumOf(partOf(0));
    for (std::size_t part = 1; part < parts; ++part)
        most = std::max(most, maximumOf(partOf(part)));
    float total = 0;
    for (std::size_t part = 0; part < parts; ++part)
        total += std::exp(maximumOf(partOf(part)) - most) * weightOf(partOf(part));

    float* out = m_a.data() + queryHead * m_config.headLength;
    std::fill_n(out, m_config.headLength, 0.0F);
    for (std::size_t part = 0; part < parts; ++part) {
        const float* from = partOf(part);
        const float share = std::exp(maximumOf(from) - most) / total;
        for (std::size_t i = 0; i < m_config.headLength; ++i)
            out[i] += share * from[row * stride + i];
    }
}

} // namespace model
