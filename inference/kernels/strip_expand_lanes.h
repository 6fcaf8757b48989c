// SPDX-License-Identifier: Apache-2.0
#pragma once

// The weights of one strip widened to float32 for a product of matrices. Each type is
// written once; where the numbers go is the sink's business. Here is what every family of types
// needs, and the types that are numbers by themselves.

#include "inference/kernels/plain_panel.h"
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

template <int J, typename Sink>
inline void putFives(const Sink& sink, std::size_t column, const std::uint8_t* nibbles, Bytes bits,
                     Floats scale, Floats offset)
{
    const Bytes both = loadBytes(nibbles + 64 * J);
    putQuad(sink, column + 8 * J, lowNibbles(both) | field<2 * J, 1, 4>(bits), scale, offset);
    putQuad(sink, column + 8 * J + 4, highNibbles(both) | field<2 * J + 1, 1, 4>(bits), scale,
            offset);
}
/// 32 columns of nibbles [4][16][4] with a fifth bit each.
template <typename Sink>
inline void putFives(const Sink& sink, std::size_t column, const std::uint8_t* nibbles,
                     const std::uint8_t* fifthBits, Floats scale, Floats offset)
{
    const Bytes bits = loadBytes(fifthBits);
    putFives<0>(sink, column, nibbles, bits, scale, offset);
    putFives<1>(sink, column, nibbles, bits, scale, offset);
    putFives<2>(sink, column, nibbles, bits, scale, offset);
    putFives<3>(sink, column, nibbles, bits, scale, offset);
}

/// 32 columns, with a fifth bit where the tile has them.
template <typename Tile, typename Sink>
inline void putCodes(const Sink& sink, std::size_t column, const std::uint8_t* codes, Floats scale,
                     Floats offset)
{
    if constexpr (requires { Tile::kFifthBits; })
        putFives(sink, column, codes, codes + Tile::kFifthBits, scale, offset);
    else
        putNibbles(sink, column, codes, scale, offset);
}

/// Columns column..column+3 from bytes with a sign: value = byte * scale.
template <typename Sink>
inline void putSignedQuad(const Sink& sink, std::size_t column, Bytes quad, Floats scale)
{
    sink.put(column, toFloats(signedByteOf<0>(quad)) * scale,
             toFloats(signedByteOf<1>(quad)) * scale);
    sink.put(column + 2, toFloats(signedByteOf<2>(quad)) * scale,
             toFloats(signedByteOf<3>(quad)) * scale);
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
