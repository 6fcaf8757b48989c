// SPDX-License-Identifier: Apache-2.0
#pragma once

// The types with a scale, and perhaps a minimum, for every 32 weights, widened.

#include "inference/kernels/strip_expand_lanes.h"

namespace kernels {
namespace {

template <typename Tile, int Zero, typename Sink>
void expandCentered(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Tile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Tile::kScale));
        putCodes<Tile>(sink, k, tile, d, d * broadcast(static_cast<float>(-Zero)));
    }
}

template <typename Tile, typename Sink>
void expandWithMinimum(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Tile::kBytes) {
        putCodes<Tile>(sink, k, tile, loadHalf(shortsOf(tile + Tile::kScale)),
                       loadHalf(shortsOf(tile + Tile::kMinimum)));
    }
}

template <typename Sink>
void expandQ8_0(const std::byte* strip, std::size_t columns, const Sink& sink)
{
    const std::uint8_t* tile = bytesOf(strip);
    for (std::size_t k = 0; k < columns; k += 32, tile += Q8_0Tile::kBytes) {
        const Floats d = loadHalf(shortsOf(tile + Q8_0Tile::kScale));
        for (std::size_t j = 0; j < 8; ++j)
            putSignedQuad(sink, k + 4 * j, loadBytes(tile + 64 * j), d);
    }
}

} // namespace
} // namespace kernels
