// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types with a scale, and perhaps a minimum, for every 32 weights.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

/// total + factor a dot for every row, a the scale of group @p g of its activations.
template <bool Small, int Rows, typename Sum>
[[gnu::always_inline]] inline void addGroup(Totals<Rows>& totals, const GroupSums<Rows, Sum>& sums,
                                            Floats factor, const RowInput* rows, std::size_t g)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        const Floats scale = factor * broadcast(rows[r].quantized.scales[g]);
        totals.v[r] = mulAdd(scale, toFloats(sumOf<Small>(sums, r)), totals.v[r]);
    }
}

// sum over groups of a d (q - zero).x, a the activations' scale
template <typename Tile, int Zero>
struct DotCentered {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t g = 0; g < task.columns / 32; ++g, tile += Tile::kBytes) {
            prefetchAhead<Rows, Tile::kBytes>(tile);
            auto sums = startSums<Rows, Narrow>(
                task.rows, [g](const QuantizedRow& x) { return -Zero * x.sums32[g]; });
            addCodes<Tile>(sums, tile, task.rows, 32 * g);
            addGroup<kSmallCodes<Tile>>(totals, sums, loadHalf(shortsOf(tile + Tile::kScale)),
                                        task.rows, g);
        }
        storeTotals(task, totals);
    }
};

// sum over groups of a (d q.x + m sum(x)), a the activations' scale
template <typename Tile>
struct DotWithMinimum {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t g = 0; g < task.columns / 32; ++g, tile += Tile::kBytes) {
            prefetchAhead<Rows, Tile::kBytes>(tile);
            auto sums = startSums<Rows>(task.rows);
            addCodes<Tile>(sums, tile, task.rows, 32 * g);
            addGroup<kSmallCodes<Tile>>(totals, sums, loadHalf(shortsOf(tile + Tile::kScale)),
                                        task.rows, g);
            const Floats m = loadHalf(shortsOf(tile + Tile::kMinimum));
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r) {
                const QuantizedRow& x = task.rows[r].quantized;
                const float activationSum = x.scales[g] * static_cast<float>(x.sums32[g]);
                totals.v[r] = mulAdd(m, broadcast(activationSum), totals.v[r]);
            }
        }
        storeTotals(task, totals);
    }
};

struct DotQ8_0 {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t g = 0; g < task.columns / 32; ++g, tile += Q8_0Tile::kBytes) {
            prefetchAhead<Rows, Q8_0Tile::kBytes>(tile);
            auto sums = startSums<Rows, Ints>(
                task.rows, [g](const QuantizedRow& x) { return signedStart(x.sums32[g]); });
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j) {
                const std::size_t column = 32 * g + 8 * j;
                const std::uint8_t* codes = tile + 128 * j;
                addSignedQuad<0>(sums, toSigned(loadBytes(codes)), task.rows, column);
                addSignedQuad<1>(sums, toSigned(loadBytes(codes + 64)), task.rows, column + 4);
            }
            addGroup<false>(totals, sums, loadHalf(shortsOf(tile + Q8_0Tile::kScale)), task.rows,
                            g);
        }
        storeTotals(task, totals);
    }
};

} // namespace
} // namespace kernels
