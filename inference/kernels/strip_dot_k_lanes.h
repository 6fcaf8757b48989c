// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of the types with blocks of 256 weights and a scale for each of their groups.

#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

/// One group of 16 columns in two-bit fields.
inline Ints dotFields(const std::uint8_t* group, const std::int8_t* x)
{
    const Bytes fields = loadBytes(group);
    Ints dot = dotUnsigned(zeroInts(), field<0, 2, 0>(fields), packed(x));
    Ints other = dotUnsigned(zeroInts(), field<2, 2, 0>(fields), packed(x + 4));
    dot = dotUnsigned(dot, field<4, 2, 0>(fields), packed(x + 8));
    other = dotUnsigned(other, field<6, 2, 0>(fields), packed(x + 12));
    return dot + other;
}

/// d sum(sc q.x) - dmin sum(m sum(x)), for a block whose whole sums are given.
template <typename Tile>
inline Floats addBlock(Floats total, const std::uint8_t* tile, float scale, Ints scaled,
                       Ints offset)
{
    const Floats a = broadcast(scale);
    const Floats d = loadHalf(shortsOf(tile + Tile::kScale));
    const Floats dmin = loadHalf(shortsOf(tile + Tile::kMinimum));
    return mulSub(dmin * a, toFloats(offset), mulAdd(d * a, toFloats(scaled), total));
}

void dotQ2_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q2_KTile::kBytes) {
        const std::int8_t* values = x.quantized.values + 256 * b;
        const std::int16_t* sums = x.quantized.sums16 + 16 * b;
        Ints scaled = zeroInts();
        Ints offset = zeroInts();
        for (int p = 0; p < 8; ++p) {
            const std::uint8_t* groups = tile + 2 * Q2_KTile::kGroupBytes * p;
            const Ints scales = loadPairs(tile + Q2_KTile::kGroupScale + 32 * p);
            scaled = scaled + dotFields(groups, values + 32 * p) * bits<0, 15>(scales);
            scaled = scaled + dotFields(groups + Q2_KTile::kGroupBytes, values + 32 * p + 16) *
                                  bits<16, 15>(scales);
            offset = dotPairs(offset, bits<4, 0x000F000F>(scales), packed(sums + 2 * p));
        }
        total = addBlock<Q2_KTile>(total, tile, x.quantized.scales[b], scaled, offset);
    }
    store(out, total);
}

/// Half H of a pair of groups: 16 columns in two-bit fields and a third bit.
template <int H>
inline Ints dotThrees(const std::uint8_t* pair, Bytes third, const std::int8_t* x, Ints start)
{
    const Bytes fields = loadBytes(pair + 64 * H);
    x += 16 * H;
    Ints dot = start;
    Ints other = zeroInts();
    dot = dotUnsigned(dot, field<0, 2, 0>(fields) | field<4 * H, 1, 2>(third), packed(x));
    other =
        dotUnsigned(other, field<2, 2, 0>(fields) | field<4 * H + 1, 1, 2>(third), packed(x + 4));
    dot = dotUnsigned(dot, field<4, 2, 0>(fields) | field<4 * H + 2, 1, 2>(third), packed(x + 8));
    other =
        dotUnsigned(other, field<6, 2, 0>(fields) | field<4 * H + 3, 1, 2>(third), packed(x + 12));
    return dot + other;
}

// Weights are q - 4, as in Q6_K.
void dotQ3_K(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Q3_KTile::kBytes) {
        const std::int16_t* sums = x.quantized.sums16 + 16 * b;
        Ints scaled = zeroInts();
        for (int p = 0; p < 8; ++p) {
            const std::uint8_t* pair = tile + Q3_KTile::kPairBytes * p;
            const std::uint8_t* scales = tile + Q3_KTile::kGroupScale + 32 * p;
            const std::int8_t* values = x.quantized.values + 256 * b + 32 * p;
            const Bytes third = loadBytes(pair + Q3_KTile::kThirdBits);
            const Ints even = dotThrees<0>(pair, third, values, broadcastInt(-4 * sums[2 * p]));
            const Ints odd = dotThrees<1>(pair, third, values, broadcastInt(-4 * sums[2 * p + 1]));
            scaled = scaled + even * loadSignedBytes(scales);
            scaled = scaled + odd * loadSignedBytes(scales + 16);
        }
        const Floats d = loadHalf(shortsOf(tile + Q3_KTile::kScale));
        total = mulAdd(d * broadcast(x.quantized.scales[b]), toFloats(scaled), total);
    }
    store(out, total);
}

// Q4_K and Q5_K. Whole sums over the block: 8 x 63 x (32 x 31 x 127) is far below 2^31.
template <typename Tile>
void dotWithMinima(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const std::uint8_t* tile = bytesOf(strip);
    Floats total = zeroFloats();
    for (std::size_t b = 0; b < columns / 256; ++b, tile += Tile::kBytes) {
        const std::int8_t* values = x.quantized.values + 256 * b;
        const std::int16_t* sums = x.quantized.sums32 + 8 * b;
        Ints scaled = zeroInts();
        Ints offset = zeroInts();
        for (int g = 0; g < 8; ++g) {
            const Ints dot = dotCodes<Tile>(tile + Tile::kGroupBytes * g, values + 32 * g);
            scaled = scaled + dot * loadUnsignedBytes(tile + Tile::kGroupScale + 16 * g);
        }
        for (int p = 0; p < 4; ++p) {
            offset = dotPairs(offset, loadPairs(tile + Tile::kGroupMinimum + 32 * p),
                              packed(sums + 2 * p));
        }
        total = addBlock<Tile>(total, tile, x.quantized.scales[b], scaled, offset);
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
