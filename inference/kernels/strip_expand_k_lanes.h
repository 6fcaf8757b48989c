// SPDX-License-Identifier: Apache-2.0
#pragma once

// The types with blocks of 256 weights and a scale for each of their groups, widened.

#include "inference/kernels/strip_expand_lanes.h"

namespace kernels {
namespace {

template <typename Sink>
void expandQ4_K(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Q4_KTile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q4_KTile::kScale));
        const Floats dmin = loadHalf(shortsOf(tile + Q4_KTile::kMinimum));
        for (std::size_t g = 0; g < 8; ++g) {
            std::uint8_t minima[16];
            for (std::size_t row = 0; row < 16; ++row)
                minima[row] = tile[Q4_KTile::kGroupMinimum + 32 * (g / 2) + 2 * row + g % 2];
            const Floats scale =
                d * toFloats(loadUnsignedBytes(tile + Q4_KTile::kGroupScale + 16 * g));
            const Floats offset = zeroFloats() - dmin * toFloats(loadUnsignedBytes(minima));
            putNibbles(sink, k + 32 * g, tile + Q4_KTile::kGroupBytes * g, scale, offset);
        }
    }
}

template <typename Sink>
void expandQ6_K(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Q6_KTile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q6_KTile::kScale));
        for (std::size_t g = 0; g < 16; ++g) {
            const std::uint8_t* group = tile + Q6_KTile::kGroupBytes * g;
            const Bytes first = loadBytes(group);
            const Bytes second = loadBytes(group + 64);
            const Bytes fields = loadBytes(group + 128);
            const Floats scale =
                d * toFloats(loadSignedBytes(tile + Q6_KTile::kGroupScale + 16 * g));
            const Floats offset = scale * broadcast(-32.0F);
            const std::size_t column = k + 16 * g;
            putQuad(sink, column, lowNibbles(first) | field<0, 2, 4>(fields), scale, offset);
            putQuad(sink, column + 4, highNibbles(first) | field<2, 2, 4>(fields), scale, offset);
            putQuad(sink, column + 8, lowNibbles(second) | field<4, 2, 4>(fields), scale, offset);
            putQuad(sink, column + 12, highNibbles(second) | field<6, 2, 4>(fields), scale, offset);
        }
    }
}

} // namespace
} // namespace kernels
