// SPDX-License-Identifier: Apache-2.0
#pragma once

// The weights of one strip widened to float32 or bfloat16 for a product of matrices. Each type is
// written once; where the numbers go is the sink's business.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

struct SingleSink {
    float* out;
    void put(std::size_t column, Floats even, Floats odd) const
    {
        store(out + column * kPanelRows, even);
        store(out + (column + 1) * kPanelRows, odd);
    }
};

struct BfloatSink {
    std::uint16_t* out;
    void put(std::size_t column, Floats even, Floats odd) const
    {
        storeBfloatPairs(out + column * kPanelRows, even, odd);
    }
};

/// Columns column..column+3 from the four bytes of each lane: value = byte * scale + offset.
template <typename Sink>
inline void putQuad(const Sink& sink, std::size_t column, Bytes quad, Floats scale, Floats offset)
{
    sink.put(column, mulAdd(toFloats(byteOf<0>(quad)), scale, offset),
             mulAdd(toFloats(byteOf<1>(quad)), scale, offset));
    sink.put(column + 2, mulAdd(toFloats(byteOf<2>(quad)), scale, offset),
             mulAdd(toFloats(byteOf<3>(quad)), scale, offset));
}

template <typename Sink>
inline void putNibbles(const Sink& sink, std::size_t column, const std::uint8_t* nibbles,
                       Floats scale, Floats offset)
{
    for (std::size_t j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        putQuad(sink, column + 8 * j, lowNibbles(both), scale, offset);
        putQuad(sink, column + 8 * j + 4, highNibbles(both), scale, offset);
    }
}

template <typename Sink>
void expandQ4_1(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Q4_1Tile::kBytes) {
        putNibbles(sink, k, tile, loadHalf(shortsOf(tile + Q4_1Tile::kScale)),
                   loadHalf(shortsOf(tile + Q4_1Tile::kMinimum)));
    }
}

template <typename Sink>
void expandQ8_0(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Q8_0Tile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q8_0Tile::kScale));
        for (std::size_t j = 0; j < 8; ++j) {
            const Bytes quad = loadBytes(tile + 64 * j);
            sink.put(k + 4 * j, toFloats(signedByteOf<0>(quad)) * d,
                     toFloats(signedByteOf<1>(quad)) * d);
            sink.put(k + 4 * j + 2, toFloats(signedByteOf<2>(quad)) * d,
                     toFloats(signedByteOf<3>(quad)) * d);
        }
    }
}

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

template <typename Weight, typename Sink>
void expandPlain(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const auto* weights = reinterpret_cast<const Weight*>(strip);
    std::size_t k = 0;
    for (; k + 2 <= columns; k += 2)
        sink.put(k, loadPlain(weights + 16 * k), loadPlain(weights + 16 * (k + 1)));
    if (k < columns)
        sink.put(k, loadPlain(weights + 16 * k), zeroFloats());
}

} // namespace
} // namespace kernels
