// SPDX-License-Identifier: Apache-2.0
#pragma once

// Panels of group_panel.h, in terms of the lanes that the including tier file has chosen.

#include "inference/kernels/group_panel.h"
#include "inference/kernels/strip_dot_iq_lanes.h"

namespace kernels {
namespace {

/// Columns of @p x to row @p row of chunk[0], chunk[1], … as quantizeRow<32> rounds them.
void quantizeGroups(const float* x, std::size_t columns, std::size_t row,
                    const GroupActivations* chunks)
{
    for (std::size_t g = 0; g < columns / 32; ++g) {
        const GroupActivations& chunk = chunks[g / kChunkGroups];
        const std::size_t inChunk = g % kChunkGroups;
        const Floats first = load(x + 32 * g);
        const Floats second = load(x + 32 * g + 16);
        const float largest = maximum(max(absolute(first), absolute(second)));
        const float scale = largest / 127.0F;
        const Floats inverse = broadcast(largest > 0 ? 127.0F / largest : 0.0F);
        const Ints low = roundToInts(first * inverse);
        const Ints high = roundToInts(second * inverse);
        std::uint8_t* values = chunk.values + row * kChunkColumns + 32 * inChunk;
        storeBiased(values, low);
        storeBiased(values + 16, high);
        chunk.scales[row * kChunkGroups + inChunk] = scale;
        chunk.sums[row * kChunkGroups + inChunk] = scale * static_cast<float>(sum(low + high));
    }
}

/// Where the bytes of a group go: four columns at a time, and their sums.
struct GroupWriter {
    std::int8_t* values; // [8][kGroupPanelRows][4] from the strip's first row on
    Ints sums;

    void put(std::size_t quad, Bytes codes)
    {
        storeBytes(values + 4 * kGroupPanelRows * quad, codes);
        sums = addBytes(sums, codes);
    }
};

template <int J = 0>
inline void putNibbles(GroupWriter& to, const std::uint8_t* codes, Bytes bits, Bytes zero)
{
    if constexpr (J < 4) {
        const Bytes both = loadBytes(codes + 64 * J);
        const Bytes low = lowNibbles(both) | field<2 * J, 1, 4>(bits);
        const Bytes high = highNibbles(both) | field<2 * J + 1, 1, 4>(bits);
        to.put(2 * J, subtractBytes(low, zero));
        to.put(2 * J + 1, subtractBytes(high, zero));
        putNibbles<J + 1>(to, codes, bits, zero);
    }
}

/// The codes of 32 columns, less @p zero, with a fifth bit where the tile has them.
template <typename Tile>
inline void putCodes(GroupWriter& to, const std::uint8_t* tile, int zero)
{
    const Bytes zeros = broadcastByte(zero);
    if constexpr (requires { Tile::kFifthBits; })
        putNibbles(to, tile, loadBytes(tile + Tile::kFifthBits), zeros);
    else
        putNibbles(to, tile, broadcastByte(0), zeros);
}

/// How each family puts a group's bytes, and its scales and minima.
template <typename Tile, int Zero>
struct CenteredGroups {
    using Layout = Tile;
    static constexpr bool kMinima = false;
    static void put(GroupWriter& to, const std::uint8_t* tile) { putCodes<Tile>(to, tile, Zero); }
    static Floats scales(const std::uint8_t* tile)
    {
        return loadHalf(shortsOf(tile + Tile::kScale));
    }
};
template <typename Tile>
struct MinimumGroups : CenteredGroups<Tile, 0> {
    static constexpr bool kMinima = true;
};
struct Q8_0Groups {
    using Layout = Q8_0Tile;
    static constexpr bool kMinima = false;
    static void put(GroupWriter& to, const std::uint8_t* tile)
    {
        for (std::size_t quad = 0; quad < 8; ++quad)
            to.put(quad, loadBytes(tile + 64 * quad));
    }
    static Floats scales(const std::uint8_t* tile)
    {
        return loadHalf(shortsOf(tile + Q8_0Tile::kScale));
    }
};
template <typename Tile>
struct CodedGroups {
    using Layout = Tile;
    static constexpr bool kMinima = false;
    static void put(GroupWriter& to, const std::uint8_t* tile)
    {
        const Codebook book = codebookOf(Tile());
        for (std::size_t j = 0; j < 4; ++j) {
            const Bytes both = loadBytes(tile + 64 * j);
            to.put(2 * j, decode(book, lowNibbles(both)));
            to.put(2 * j + 1, decode(book, highNibbles(both)));
        }
    }
    static Floats scales(const std::uint8_t* tile) { return scalesOf(Tile(), tile); }
};

/// @p groups tiles of a strip to rows lane..lane+15 of the panel.
template <typename Family>
void expandGroups(const std::byte* strip, std::size_t groups, std::size_t lane,
                  const GroupPanel& out)
{
    using Tile = typename Family::Layout;
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t g = 0; g < groups; ++g, tile += Tile::kBytes) {
        const std::size_t at = g * kGroupPanelRows + lane;
        GroupWriter writer{out.values + 32 * g * kGroupPanelRows + 4 * lane, zeroInts()};
        Family::put(writer, tile);
        storeInts(out.starts + at, biasOut(writer.sums));
        store(out.scales + at, Family::scales(tile));
        if constexpr (Family::kMinima)
            store(out.minima + at, loadHalf(shortsOf(tile + Tile::kMinimum)));
    }
}

/// The sums of a few rows of activations with the strips that are computed together.
template <int Rows>
struct PanelTotals {
    Floats v[Rows][kGroupStrips];
};

/// One group for a few rows. @p values [rows][kChunkColumns] and @p scales [rows][kChunkGroups]
/// begin at the group.
template <int Rows, bool Minima>
struct GroupTimesRows {
    const GroupPanel& panel;
    std::size_t lane;

    [[gnu::always_inline]] void run(std::size_t g, const std::uint8_t* values, const float* scales,
                                    const float* sums, PanelTotals<Rows>& totals) const
    {
        const std::size_t at = g * kGroupPanelRows + lane;
        Ints dots[Rows][kGroupStrips];
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
            for (int s = 0; s < kGroupStrips; ++s)
                dots[r][s] = loadInts(panel.starts + at + kStripRows * s);
        }
        const auto* codes = reinterpret_cast<const std::uint8_t*>(panel.values) +
                            32 * g * kGroupPanelRows + 4 * lane;
#pragma GCC unroll 8
        for (int quad = 0; quad < 8; ++quad) {
            Bytes weights[kGroupStrips];
#pragma GCC unroll 2
            for (int s = 0; s < kGroupStrips; ++s)
                weights[s] = loadBytes(codes + 4 * kGroupPanelRows * quad + 64 * s);
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r) {
                const std::int32_t four = packed(values + kChunkColumns * r + 4 * quad);
#pragma GCC unroll 2
                for (int s = 0; s < kGroupStrips; ++s)
                    dots[r][s] = dotPanel(dots[r][s], weights[s], four);
            }
        }
#pragma GCC unroll 2
        for (int s = 0; s < kGroupStrips; ++s) {
            const Floats factor = load(panel.scales + at + kStripRows * s);
            // In the order of addGroup and DotWithMinimum: the bits are theirs.
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r) {
                const Floats scale = factor * broadcast(scales[kChunkGroups * r]);
                totals.v[r][s] = mulAdd(scale, toFloats(dots[r][s]), totals.v[r][s]);
            }
            if constexpr (Minima) {
                const Floats minimum = load(panel.minima + at + kStripRows * s);
#pragma GCC unroll 8
                for (int r = 0; r < Rows; ++r) {
                    const Floats sumOfRow = broadcast(sums[kChunkGroups * r]);
                    totals.v[r][s] = mulAdd(minimum, sumOfRow, totals.v[r][s]);
                }
            }
        }
    }
};

/// Rows row..row+Rows of a chunk.
template <bool Minima>
struct ChunkTimesRows {
    const GroupPanel& panel;
    std::size_t groups;
    const GroupActivations& x;
    const PanelSums& to;

    template <int Rows>
    void run(std::size_t row, std::size_t lane) const
    {
        float* out = to.sums + row * to.stride + lane;
        PanelTotals<Rows> totals;
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
            for (int s = 0; s < kGroupStrips; ++s)
                totals.v[r][s] =
                    to.fresh ? zeroFloats() : load(out + to.stride * r + kStripRows * s);
        }
        const GroupTimesRows<Rows, Minima> times{panel, lane};
        for (std::size_t g = 0; g < groups; ++g) {
            times.run(g, x.values + row * kChunkColumns + 32 * g, x.scales + row * kChunkGroups + g,
                      x.sums + row * kChunkGroups + g, totals);
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
            for (int s = 0; s < kGroupStrips; ++s)
                store(out + to.stride * r + kStripRows * s, totals.v[r][s]);
        }
    }
};

template <bool Minima>
void multiplyGroups(const GroupPanel& panel, std::size_t groups, const GroupActivations& x,
                    std::size_t rows, const PanelSums& to)
{
    constexpr std::size_t kAtOnce = kGroupRows;
    const ChunkTimesRows<Minima> times{panel, groups, x, to};
    for (std::size_t lane = 0; lane < kGroupPanelRows; lane += kStripRows * kGroupStrips) {
        std::size_t row = 0;
        for (; row + kAtOnce <= rows; row += kAtOnce)
            times.template run<kGroupRows>(row, lane);
        if (row < rows)
            withCount<kGroupRows - 1>(rows - row, times, row, lane);
    }
}

} // namespace
} // namespace kernels
