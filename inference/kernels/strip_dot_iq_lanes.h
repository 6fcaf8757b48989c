// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types whose codes are places in a table.

#include "inference/kernels/codebooks.h"
#include "inference/kernels/strip_dot_lanes.h"

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

/// 32 columns of nibbles [4][16][4]; @p sum is that of the activations.
inline Ints dotDecoded(const Codebook& book, const std::uint8_t* nibbles, const std::int8_t* x,
                       std::int32_t sum)
{
    Ints low = signedStart(sum);
    Ints high = zeroInts();
    for (int j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        low = dotDecoded(low, book, lowNibbles(both), packed(x + 8 * j));
        high = dotDecoded(high, book, highNibbles(both), packed(x + 8 * j + 4));
    }
    return low + high;
}

// IQ4_NL and MXFP4: sum over groups of a d T[q].x
template <typename Tile>
void dotCoded(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const Codebook book = codebookOf(Tile());
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Tile::kBytes) {
        const Ints dot = dotDecoded(book, tile, x.quantized.values + 32 * g, x.quantized.sums32[g]);
        const Floats factor = scalesOf(Tile(), tile) * broadcast(x.quantized.scales[g]);
        total = mulAdd(factor, toFloats(dot), total);
    }
    store(out, total);
}

// Whole sums over the block: 8 x 32 x (32 x 127 x 127) is below 2^31.
void dotIQ4_XS(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const Codebook book = loadCodebook(kIq4Codebook);
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Iq4XsTile::kBytes) {
        const std::int8_t* values = x.quantized.values + 256 * b;
        Ints scaled = zeroInts();
        for (std::size_t g = 0; g < 8; ++g) {
            const Ints dot = dotDecoded(book, tile + Iq4XsTile::kGroupBytes * g, values + 32 * g,
                                        x.quantized.sums32[8 * b + g]);
            scaled = scaled + dot * loadSignedBytes(tile + Iq4XsTile::kGroupScale + 16 * g);
        }
        const Floats d = loadHalf(shortsOf(tile + Iq4XsTile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[b]), toFloats(scaled), total);
    }
    store(out, total);
}

} // namespace
} // namespace kernels
