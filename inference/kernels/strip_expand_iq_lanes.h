// SPDX-License-Identifier: Apache-2.0
#pragma once

// The types whose codes are places in a table, widened.

#include "inference/kernels/strip_dot_iq_lanes.h"
#include "inference/kernels/strip_expand_lanes.h"

namespace kernels {
namespace {

/// 32 columns of nibbles [4][16][4].
template <typename Sink>
inline void putDecoded(const Sink& sink, std::size_t column, const std::uint8_t* nibbles,
                       const Codebook& book, Floats scale)
{
    for (std::size_t j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        putSignedQuad(sink, column + 8 * j, decode(book, lowNibbles(both)), scale);
        putSignedQuad(sink, column + 8 * j + 4, decode(book, highNibbles(both)), scale);
    }
}

template <typename Tile, typename Sink>
void expandCoded(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const Codebook book = codebookOf(Tile());
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Tile::kBytes)
        putDecoded(sink, k, tile, book, scalesOf(Tile(), tile));
}

template <typename Sink>
void expandIQ4_XS(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const Codebook book = loadCodebook(kIq4Codebook);
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Iq4XsTile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Iq4XsTile::kScale));
        for (std::size_t g = 0; g < 8; ++g) {
            const Ints scale = loadSignedBytes(tile + Iq4XsTile::kGroupScale + 16 * g);
            putDecoded(sink, k + 32 * g, tile + Iq4XsTile::kGroupBytes * g, book,
                       d * toFloats(scale));
        }
    }
}

} // namespace
} // namespace kernels
