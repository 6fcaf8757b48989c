// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types whose codes are places in a table.

#include "inference/kernels/codebooks.h"
#include "inference/kernels/strip_dot_k_lanes.h"
#include "inference/kernels/strip_dot_legacy_lanes.h"

namespace kernels {
namespace {

/// How a tile of 32 columns keeps its scales.
inline Floats scalesOf(Iq4NlTile, const std::uint8_t* tile)
{
    return loadHalf(shortsOf(tile + Iq4NlTile::kScale));
}
inline Floats scalesOf(Mxfp4Tile, const std::uint8_t* tile)
{
    return loadHalvedExponents(tile + Mxfp4Tile::kExponent);
}
inline Codebook codebookOf(Iq4NlTile)
{
    return loadCodebook(kIq4Codebook);
}
inline Codebook codebookOf(Mxfp4Tile)
{
    return loadCodebook(kMxfp4Codebook);
}

/// 32 columns of nibbles [4][16][4] that are places in @p book.
template <int Rows>
[[gnu::always_inline]] inline GroupSums<Rows, Ints>
dotDecoded(const Codebook& book, const std::uint8_t* nibbles, const RowInput* rows,
           std::size_t column)
{
    auto sums = startSums<Rows, Ints>(
        rows, [column](const QuantizedRow& x) { return signedStart(x.sums32[column / 32]); });
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        addSignedQuad<0>(sums, decodeSigned(book, lowNibbles(both)), rows, column + 8 * j);
        addSignedQuad<1>(sums, decodeSigned(book, highNibbles(both)), rows, column + 8 * j + 4);
    }
    return sums;
}

// IQ4_NL and MXFP4: sum over groups of a d T[q].x
template <typename Tile>
struct DotCoded {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const Codebook book = codebookOf(Tile());
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t g = 0; g < task.columns / 32; ++g, tile += Tile::kBytes) {
            prefetchAhead<Rows, Tile::kBytes>(tile);
            const auto sums = dotDecoded<Rows>(book, tile, task.rows, 32 * g);
            addGroup<false>(totals, sums, scalesOf(Tile(), tile), task.rows, g);
        }
        storeTotals(task, totals);
    }
};

// Whole sums over the block: 8 x 32 x (32 x 127 x 127) is below 2^31.
struct DotIQ4_XS {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const Codebook book = loadCodebook(kIq4Codebook);
        const std::uint8_t* tile = bytesOf(task.strip);
        Totals<Rows> totals = zeroTotals<Rows>();
        for (std::size_t b = 0; b < task.columns / 256; ++b, tile += Iq4XsTile::kBytes) {
            auto scaled = zeroSums<Rows>();
            for (std::size_t g = 0; g < 8; ++g) {
                prefetchBlock<Rows, Iq4XsTile::kGroupBytes>(tile + Iq4XsTile::kGroupBytes * g);
                const auto sums = dotDecoded<Rows>(book, tile + Iq4XsTile::kGroupBytes * g,
                                                   task.rows, 256 * b + 32 * g);
                addScaled<false>(scaled, sums,
                                 loadSignedBytes(tile + Iq4XsTile::kGroupScale + 16 * g));
            }
            prefetchBlock<Rows, Iq4XsTile::kBytes - Iq4XsTile::kGroupScale>(tile +
                                                                            Iq4XsTile::kGroupScale);
            addBlock(totals, scaled, tile + Iq4XsTile::kScale, task.rows, b);
        }
        storeTotals(task, totals);
    }
};

} // namespace
} // namespace kernels
