// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types with a scale, and perhaps a minimum, for every 32 weights.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

// sum over groups of a d (q - zero).x, a the activations' scale
template <typename Tile, int Zero>
void dotCentered(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Tile::kBytes) {
        const Ints dot = dotCodes<Tile>(tile, x.quantized.values + 32 * g) +
                         broadcastInt(-Zero * x.quantized.sums32[g]);
        const Floats d = loadHalf(shortsOf(tile + Tile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[g]), toFloats(dot), total);
    }
    store(out, total);
}

// sum over groups of a (d q.x + m sum(x)), a the activations' scale
template <typename Tile>
void dotWithMinimum(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Tile::kBytes) {
        const float scale = x.quantized.scales[g];
        const Floats dot = toFloats(dotCodes<Tile>(tile, x.quantized.values + 32 * g));
        const Floats d = loadHalf(shortsOf(tile + Tile::kScale));
        const Floats m = loadHalf(shortsOf(tile + Tile::kMinimum));
        const float activationSum = scale * static_cast<float>(x.quantized.sums32[g]);
        total = mulAdd(d * broadcast(scale), dot, total);
        total = mulAdd(m, broadcast(activationSum), total);
    }
    store(out, total);
}

void dotQ8_0(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t g = 0; g < columns / 32; ++g, tile += Q8_0Tile::kBytes) {
        const std::int8_t* values = x.quantized.values + 32 * g;
        Ints even = signedStart(x.quantized.sums32[g]);
        Ints odd = zeroInts();
        for (int j = 0; j < 8; j += 2) {
            even = dotSigned(even, loadBytes(tile + 64 * j), packed(values + 4 * j));
            odd = dotSigned(odd, loadBytes(tile + 64 * j + 64), packed(values + 4 * j + 4));
        }
        const Floats d = loadHalf(shortsOf(tile + Q8_0Tile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[g]), toFloats(even + odd), total);
    }
    store(out, total);
}

} // namespace
} // namespace kernels
