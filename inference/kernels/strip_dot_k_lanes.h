// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types with blocks of 256 weights and a scale for each of their groups.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

// Integer sums over the whole block: 8 x 63 x (32 x 15 x 127) is far below 2^31.
void dotQ4_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q4_KTile::kBytes) {
        const std::int8_t* values = x.quantized.values + 256 * b;
        const std::int16_t* sums = x.quantized.sums32 + 8 * b;
        Ints scaled = zeroInts();
        Ints offset = zeroInts();
        for (int g = 0; g < 8; ++g) {
            const Ints dot = dotNibbles(tile + Q4_KTile::kGroupBytes * g, values + 32 * g);
            scaled = scaled + dot * loadUnsignedBytes(tile + Q4_KTile::kGroupScale + 16 * g);
        }
        for (int p = 0; p < 4; ++p)
            offset =
                dotPairs(offset, tile + Q4_KTile::kGroupMinimum + 32 * p, packed(sums + 2 * p));
        const Floats a = broadcast(x.quantized.scales[b]);
        const Floats d = loadHalf(shortsOf(tile + Q4_KTile::kScale));
        const Floats dmin = loadHalf(shortsOf(tile + Q4_KTile::kMinimum));
        total = mulAdd(d * a, toFloats(scaled), total);
        total = mulSub(dmin * a, toFloats(offset), total);
    }
    store(out, total);
}

// Weights are e - 32: each group of 16 starts at -32 times its activations' sum.
// 16 x 128 x (16 x 63 x 127) is below 2^31.
void dotQ6_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q6_KTile::kBytes) {
        Ints scaled = zeroInts();
        for (std::size_t g = 0; g < 16; ++g) {
            const std::uint8_t* group = tile + Q6_KTile::kGroupBytes * g;
            const std::int8_t* values = x.quantized.values + 256 * b + 16 * g;
            const Bytes first = loadBytes(group);
            const Bytes second = loadBytes(group + 64);
            const Bytes fields = loadBytes(group + 128);
            Ints dot = broadcastInt(-32 * x.quantized.sums16[16 * b + g]);
            Ints other = zeroInts();
            dot = dotUnsigned(dot, lowNibbles(first) | field<0, 2, 4>(fields), packed(values));
            other =
                dotUnsigned(other, highNibbles(first) | field<2, 2, 4>(fields), packed(values + 4));
            dot = dotUnsigned(dot, lowNibbles(second) | field<4, 2, 4>(fields), packed(values + 8));
            other = dotUnsigned(other, highNibbles(second) | field<6, 2, 4>(fields),
                                packed(values + 12));
            scaled =
                scaled + (dot + other) * loadSignedBytes(tile + Q6_KTile::kGroupScale + 16 * g);
        }
        const Floats d = loadHalf(shortsOf(tile + Q6_KTile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[b]), toFloats(scaled), total);
    }
    store(out, total);
}

} // namespace
} // namespace kernels
