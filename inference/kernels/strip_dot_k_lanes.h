// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types with blocks of 256 weights and a scale for each of their groups. The sums
// of a block are whole numbers: 8 x 63 x (32 x 31 x 127) and 16 x 128 x (16 x 63 x 127) are far
// below 2^31.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

/// Whole sums over a block, for every row.
template <int Rows>
struct BlockSums {
    Ints v[Rows];
};
template <int Rows>
inline BlockSums<Rows> zeroSums()
{
    BlockSums<Rows> sums;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
        sums.v[r] = zeroInts();
    return sums;
}

/// A group's sums times the group's scale.
template <bool Small, int Rows, typename Sum>
[[gnu::always_inline]] inline void addScaled(BlockSums<Rows>& block,
                                             const GroupSums<Rows, Sum>& group, Ints scale)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
        block.v[r] = block.v[r] + sumOf<Small>(group, r) * scale;
}

/// total + d a sum, a the scale of the activations' block @p b.
template <int Rows>
[[gnu::always_inline]] inline void addBlock(Totals<Rows>& totals, const BlockSums<Rows>& block,
                                            const std::uint8_t* d, const RowInput* rows,
                                            std::size_t b)
{
    const Floats factor = loadHalf(shortsOf(d));
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        const Floats scale = factor * broadcast(rows[r].quantized.scales[b]);
        totals.v[r] = mulAdd(scale, toFloats(block.v[r]), totals.v[r]);
    }
}
/// total - dmin a sum
template <int Rows>
[[gnu::always_inline]] inline void subtractBlock(Totals<Rows>& totals, const BlockSums<Rows>& block,
                                                 const std::uint8_t* dmin, const RowInput* rows,
                                                 std::size_t b)
{
    const Floats factor = loadHalf(shortsOf(dmin));
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        const Floats scale = factor * broadcast(rows[r].quantized.scales[b]);
        totals.v[r] = mulSub(scale, toFloats(block.v[r]), totals.v[r]);
    }
}

/// Two groups' minima [16][2] times the sums of their activations at @p at of sums16 or sums32.
template <int Rows>
[[gnu::always_inline]] inline void addMinima(BlockSums<Rows>& block, Ints minima,
                                             const RowInput* rows,
                                             std::int16_t* QuantizedRow::* sums, std::size_t at)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
        block.v[r] = dotPairs(block.v[r], minima, packed(rows[r].quantized.*sums + at));
}

// d sum(sc q.x) - dmin sum(m sum(x))
struct DotQ2_K {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t b = 0; b < task.columns / 256; ++b, tile += Q2_KTile::kBytes) {
            auto scaled = zeroSums<Rows>();
            for (std::size_t p = 0; p < 8; ++p) {
                const std::uint8_t* groups = tile + 2 * Q2_KTile::kGroupBytes * p;
                prefetchBlock<Rows, 2 * Q2_KTile::kGroupBytes>(groups);
                const Ints scales = loadPairs(tile + Q2_KTile::kGroupScale + 32 * p);
                const std::size_t column = 256 * b + 32 * p;
                addFields(scaled, groups, bits<0, 15>(scales), task.rows, column);
                addFields(scaled, groups + Q2_KTile::kGroupBytes, bits<16, 15>(scales), task.rows,
                          column + 16);
            }
            prefetchBlock<Rows, Q2_KTile::kBytes - Q2_KTile::kGroupScale>(tile +
                                                                          Q2_KTile::kGroupScale);
            addBlock(totals, scaled, tile + Q2_KTile::kScale, task.rows, b);
            auto minima = zeroSums<Rows>();
            for (std::size_t p = 0; p < 8; ++p) {
                const Ints scales = loadPairs(tile + Q2_KTile::kGroupScale + 32 * p);
                addMinima(minima, bits<4, 0x000F000F>(scales), task.rows, &QuantizedRow::sums16,
                          16 * b + 2 * p);
            }
            subtractBlock(totals, minima, tile + Q2_KTile::kMinimum, task.rows, b);
        }
        storeTotals(task, totals);
    }

private:
    /// One group of 16 columns in two-bit fields.
    template <int Rows>
    [[gnu::always_inline]] static void addFields(BlockSums<Rows>& scaled, const std::uint8_t* group,
                                                 Ints scale, const RowInput* rows,
                                                 std::size_t column)
    {
        const Bytes fields = loadBytes(group);
        auto sums = startSums<Rows>(rows);
        addQuad<0>(sums, field<0, 2, 0>(fields), rows, column);
        addQuad<1>(sums, field<2, 2, 0>(fields), rows, column + 4);
        addQuad<0>(sums, field<4, 2, 0>(fields), rows, column + 8);
        addQuad<1>(sums, field<6, 2, 0>(fields), rows, column + 12);
        addScaled<true>(scaled, sums, scale);
    }
};

// Weights are q - 4: each group of 16 starts at -4 times its activations' sum.
struct DotQ3_K {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t b = 0; b < task.columns / 256; ++b, tile += Q3_KTile::kBytes) {
            auto scaled = zeroSums<Rows>();
            for (std::size_t p = 0; p < 8; ++p) {
                const std::uint8_t* pair = tile + Q3_KTile::kPairBytes * p;
                prefetchBlock<Rows, Q3_KTile::kPairBytes>(pair);
                const std::uint8_t* scales = tile + Q3_KTile::kGroupScale + 32 * p;
                const Bytes third = loadBytes(pair + Q3_KTile::kThirdBits);
                const std::size_t column = 256 * b + 32 * p;
                addThrees<0>(scaled, pair, third, scales, task.rows, column);
                addThrees<1>(scaled, pair, third, scales, task.rows, column);
            }
            prefetchBlock<Rows, Q3_KTile::kBytes - Q3_KTile::kGroupScale>(tile +
                                                                          Q3_KTile::kGroupScale);
            addBlock(totals, scaled, tile + Q3_KTile::kScale, task.rows, b);
        }
        storeTotals(task, totals);
    }

private:
    /// Half H of a pair of groups: 16 columns in two-bit fields and a third bit.
    template <int H, int Rows>
    [[gnu::always_inline]] static void addThrees(BlockSums<Rows>& scaled, const std::uint8_t* pair,
                                                 Bytes third, const std::uint8_t* scales,
                                                 const RowInput* rows, std::size_t column)
    {
        column += 16 * H;
        const Bytes fields = loadBytes(pair + 64 * H);
        auto sums = startSums<Rows, Narrow>(
            rows, [column](const QuantizedRow& x) { return -4 * x.sums16[column / 16]; });
        addQuad<0>(sums, field<0, 2, 0>(fields) | field<4 * H, 1, 2>(third), rows, column);
        addQuad<1>(sums, field<2, 2, 0>(fields) | field<4 * H + 1, 1, 2>(third), rows, column + 4);
        addQuad<0>(sums, field<4, 2, 0>(fields) | field<4 * H + 2, 1, 2>(third), rows, column + 8);
        addQuad<1>(sums, field<6, 2, 0>(fields) | field<4 * H + 3, 1, 2>(third), rows, column + 12);
        addScaled<true>(scaled, sums, loadSignedBytes(scales + 16 * H));
    }
};

// Q4_K and Q5_K.
template <typename Tile>
struct DotWithMinima {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t b = 0; b < task.columns / 256; ++b, tile += Tile::kBytes) {
            auto scaled = zeroSums<Rows>();
            for (std::size_t g = 0; g < 8; ++g) {
                prefetchBlock<Rows, Tile::kGroupBytes>(tile + Tile::kGroupBytes * g);
                auto sums = startSums<Rows>(task.rows);
                addCodes<Tile>(sums, tile + Tile::kGroupBytes * g, task.rows, 256 * b + 32 * g);
                addScaled<kSmallCodes<Tile>>(scaled, sums,
                                             loadUnsignedBytes(tile + Tile::kGroupScale + 16 * g));
            }
            prefetchBlock<Rows, Tile::kBytes - Tile::kGroupScale>(tile + Tile::kGroupScale);
            addBlock(totals, scaled, tile + Tile::kScale, task.rows, b);
            auto minima = zeroSums<Rows>();
            for (std::size_t p = 0; p < 4; ++p) {
                addMinima(minima, loadPairs(tile + Tile::kGroupMinimum + 32 * p), task.rows,
                          &QuantizedRow::sums32, 8 * b + 2 * p);
            }
            subtractBlock(totals, minima, tile + Tile::kMinimum, task.rows, b);
        }
        storeTotals(task, totals);
    }
};

// Weights are e - 32, as in Q3_K.
struct DotQ6_K {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t b = 0; b < task.columns / 256; ++b, tile += Q6_KTile::kBytes) {
            auto scaled = zeroSums<Rows>();
            for (std::size_t g = 0; g < 16; ++g) {
                prefetchBlock<Rows, Q6_KTile::kGroupBytes>(tile + Q6_KTile::kGroupBytes * g);
                auto sums = startSums<Rows, Narrow>(
                    task.rows, [=](const QuantizedRow& x) { return -32 * x.sums16[16 * b + g]; });
                addSixes(sums, tile + Q6_KTile::kGroupBytes * g, task.rows, 256 * b + 16 * g);
                addScaled<false>(scaled, sums,
                                 loadSignedBytes(tile + Q6_KTile::kGroupScale + 16 * g));
            }
            prefetchBlock<Rows, Q6_KTile::kBytes - Q6_KTile::kGroupScale>(tile +
                                                                          Q6_KTile::kGroupScale);
            addBlock(totals, scaled, tile + Q6_KTile::kScale, task.rows, b);
        }
        storeTotals(task, totals);
    }

private:
    /// One group of 16 columns.
    template <int Rows>
    [[gnu::always_inline]] static void addSixes(GroupSums<Rows, Narrow>& sums,
                                                const std::uint8_t* group, const RowInput* rows,
                                                std::size_t column)
    {
        const Bytes first = loadBytes(group);
        const Bytes second = loadBytes(group + 64);
        const Bytes fields = loadBytes(group + 128);
        addQuad<0>(sums, lowNibbles(first) | field<0, 2, 4>(fields), rows, column);
        addQuad<1>(sums, highNibbles(first) | field<2, 2, 4>(fields), rows, column + 4);
        addQuad<0>(sums, lowNibbles(second) | field<4, 2, 4>(fields), rows, column + 8);
        addQuad<1>(sums, highNibbles(second) | field<6, 2, 4>(fields), rows, column + 12);
    }
};

} // namespace
} // namespace kernels
