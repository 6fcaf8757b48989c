// SPDX-License-Identifier: Apache-2.0
#pragma once

// The types with blocks of 256 weights and a scale for each of their groups, widened.

#include "inference/kernels/strip_expand_lanes.h"

namespace kernels {
namespace {

template <typename Sink>
inline void putFields(const Sink& sink, std::size_t column, const std::uint8_t* group, Floats scale,
                      Floats offset)
{
    const Bytes fields = loadBytes(group);
    putQuad(sink, column, field<0, 2, 0>(fields), scale, offset);
    putQuad(sink, column + 4, field<2, 2, 0>(fields), scale, offset);
    putQuad(sink, column + 8, field<4, 2, 0>(fields), scale, offset);
    putQuad(sink, column + 12, field<6, 2, 0>(fields), scale, offset);
}

template <typename Sink>
void expandQ2_K(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Q2_KTile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q2_KTile::kScale));
        const Floats dmin = zeroFloats() - loadHalf(shortsOf(tile + Q2_KTile::kMinimum));
        for (std::size_t p = 0; p < 8; ++p) {
            const std::uint8_t* groups = tile + 2 * Q2_KTile::kGroupBytes * p;
            const Ints scales = loadPairs(tile + Q2_KTile::kGroupScale + 32 * p);
            putFields(sink, k + 32 * p, groups, d * toFloats(bits<0, 15>(scales)),
                      dmin * toFloats(bits<4, 15>(scales)));
            putFields(sink, k + 32 * p + 16, groups + Q2_KTile::kGroupBytes,
                      d * toFloats(bits<16, 15>(scales)), dmin * toFloats(bits<20, 15>(scales)));
        }
    }
}

/// Half H of a pair of groups: 16 columns in two-bit fields and a third bit.
template <int H, typename Sink>
inline void putThrees(const Sink& sink, std::size_t column, const std::uint8_t* pair, Bytes third,
                      Floats scale)
{
    const Bytes fields = loadBytes(pair + 64 * H);
    const Floats offset = scale * broadcast(-4.0F);
    column += 16 * H;
    putQuad(sink, column, field<0, 2, 0>(fields) | field<4 * H, 1, 2>(third), scale, offset);
    putQuad(sink, column + 4, field<2, 2, 0>(fields) | field<4 * H + 1, 1, 2>(third), scale,
            offset);
    putQuad(sink, column + 8, field<4, 2, 0>(fields) | field<4 * H + 2, 1, 2>(third), scale,
            offset);
    putQuad(sink, column + 12, field<6, 2, 0>(fields) | field<4 * H + 3, 1, 2>(third), scale,
            offset);
}

template <typename Sink>
void expandQ3_K(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Q3_KTile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q3_KTile::kScale));
        for (std::size_t p = 0; p < 8; ++p) {
            const std::uint8_t* pair = tile + Q3_KTile::kPairBytes * p;
            const std::uint8_t* scales = tile + Q3_KTile::kGroupScale + 32 * p;
            const Bytes third = loadBytes(pair + Q3_KTile::kThirdBits);
            putThrees<0>(sink, k + 32 * p, pair, third, d * toFloats(loadSignedBytes(scales)));
            putThrees<1>(sink, k + 32 * p, pair, third, d * toFloats(loadSignedBytes(scales + 16)));
        }
    }
}

template <typename Tile, typename Sink>
void expandWithMinima(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 256, tile += Tile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Tile::kScale));
        const Floats dmin = zeroFloats() - loadHalf(shortsOf(tile + Tile::kMinimum));
        for (std::size_t p = 0; p < 4; ++p) {
            const std::uint8_t* groups = tile + 2 * Tile::kGroupBytes * p;
            const std::uint8_t* scales = tile + Tile::kGroupScale + 32 * p;
            const Ints minima = loadPairs(tile + Tile::kGroupMinimum + 32 * p);
            putCodes<Tile>(sink, k + 64 * p, groups, d * toFloats(loadUnsignedBytes(scales)),
                           dmin * toFloats(bits<0, 255>(minima)));
            putCodes<Tile>(sink, k + 64 * p + 32, groups + Tile::kGroupBytes,
                           d * toFloats(loadUnsignedBytes(scales + 16)),
                           dmin * toFloats(bits<16, 255>(minima)));
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
