// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"

#include "inference/kernels/block_codes.h"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace kernels {

namespace {

using Bytes = const std::uint8_t*;

constexpr std::uint32_t kLowNibbles = 0x0F0F0F0FU;

std::uint32_t word(Bytes p)
{
    std::uint32_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

void putWord(std::uint8_t* tile, std::size_t index, std::size_t lane, std::uint32_t value)
{
    std::memcpy(tile + 64 * index + 4 * lane, &value, sizeof value);
}

void putShort(std::uint8_t* shorts, std::size_t lane, Bytes value)
{
    std::memcpy(shorts + 2 * lane, value, 2);
}

/// The lower four bits of 8 codes in each word of nibbles [words][16][4].
void putNibbles(std::uint8_t* nibbles, std::size_t lane, Bytes codes, std::size_t words = 4)
{
    for (std::size_t j = 0; j < words; ++j) {
        const std::uint32_t low = word(codes + 8 * j) & kLowNibbles;
        const std::uint32_t high = word(codes + 8 * j + 4) & kLowNibbles;
        putWord(nibbles, j, lane, low | high << 4);
    }
}

/// Two bits of each of 16 codes, from bit @p from on, as the word of two-bit fields [16][4].
void putFields(std::uint8_t* fields, std::size_t lane, Bytes codes, unsigned from)
{
    std::uint32_t all = 0;
    for (unsigned f = 0; f < 4; ++f)
        all |= (word(codes + 4 * f) >> from & 0x03030303U) << 2 * f;
    putWord(fields, 0, lane, all);
}

/// Bit @p from of each of 32 codes as the word of bits [16][4].
void putBits(std::uint8_t* bits, std::size_t lane, Bytes codes, unsigned from)
{
    std::uint32_t all = 0;
    for (unsigned b = 0; b < 8; ++b)
        all |= (word(codes + 4 * b) >> from & 0x01010101U) << b;
    putWord(bits, 0, lane, all);
}

/// A scale in half precision, of Q4_0 and IQ4_NL.
template <typename Tile>
void packNibbles(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    putShort(tile + Tile::kScale, lane, block);
}

void packMxfp4(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    tile[Mxfp4Tile::kExponent + lane] = block[0];
}

void packQ4_1(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    putShort(tile + Q4_1Tile::kScale, lane, block);
    putShort(tile + Q4_1Tile::kMinimum, lane, block + 2);
}

void packQ5_0(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    putBits(tile + Q5_0Tile::kFifthBits, lane, codes, 4);
    putShort(tile + Q5_0Tile::kScale, lane, block);
}

void packQ5_1(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    putBits(tile + Q5_1Tile::kFifthBits, lane, codes, 4);
    putShort(tile + Q5_1Tile::kScale, lane, block);
    putShort(tile + Q5_1Tile::kMinimum, lane, block + 2);
}

void packQ8_0(Bytes block, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t j = 0; j < 8; ++j)
        putWord(tile, j, lane, word(block + 2 + 4 * j));
    putShort(tile + Q8_0Tile::kScale, lane, block);
}

/// Byte of a group and a row among [groups / 2][16][2], as sums over pairs of groups want them.
std::size_t inPairs(std::size_t group, std::size_t lane)
{
    return group / 2 * 32 + 2 * lane + group % 2;
}

void packQ2_K(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 16; ++group) {
        putFields(tile + Q2_KTile::kGroupBytes * group, lane, codes + 16 * group, 0);
        tile[Q2_KTile::kGroupScale + inPairs(group, lane)] = block[group];
    }
    putShort(tile + Q2_KTile::kScale, lane, block + 80);
    putShort(tile + Q2_KTile::kMinimum, lane, block + 82);
}

/// Scales with a sign, [groups][16].
void putSignedScales(WeightType type, Bytes block, std::size_t groups, std::size_t lane,
                     std::uint8_t* scales)
{
    for (std::size_t group = 0; group < groups; ++group)
        scales[16 * group + lane] = static_cast<std::uint8_t>(signedGroupScale(type, block, group));
}

void packQ3_K(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t pair = 0; pair < 8; ++pair, codes += 32) {
        std::uint8_t* to = tile + Q3_KTile::kPairBytes * pair;
        putFields(to, lane, codes, 0);
        putFields(to + 64, lane, codes + 16, 0);
        putBits(to + Q3_KTile::kThirdBits, lane, codes, 2);
    }
    putSignedScales(WeightType::Q3_K, block, 16, lane, tile + Q3_KTile::kGroupScale);
    putShort(tile + Q3_KTile::kScale, lane, block + 108);
}

/// Q4_K and Q5_K.
template <typename Tile>
void packWithMinima(WeightType type, Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 8; ++group) {
        std::uint8_t* to = tile + Tile::kGroupBytes * group;
        putNibbles(to, lane, codes + 32 * group);
        if constexpr (requires { Tile::kFifthBits; })
            putBits(to + Tile::kFifthBits, lane, codes + 32 * group, 4);
        const auto [scale, minimum] = groupScale(type, block, group);
        tile[Tile::kGroupScale + 16 * group + lane] = scale;
        tile[Tile::kGroupMinimum + inPairs(group, lane)] = minimum;
    }
    putShort(tile + Tile::kScale, lane, block);
    putShort(tile + Tile::kMinimum, lane, block + 2);
}

void packQ6_K(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 16; ++group) {
        Bytes from = codes + 16 * group;
        std::uint8_t* to = tile + Q6_KTile::kGroupBytes * group;
        putNibbles(to, lane, from, 2);
        putFields(to + 128, lane, from, 4);
    }
    putSignedScales(WeightType::Q6_K, block, 16, lane, tile + Q6_KTile::kGroupScale);
    putShort(tile + Q6_KTile::kScale, lane, block + 208);
}

void packIQ4_XS(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 8; ++group)
        putNibbles(tile + Iq4XsTile::kGroupBytes * group, lane, codes + 32 * group);
    putSignedScales(WeightType::IQ4_XS, block, 8, lane, tile + Iq4XsTile::kGroupScale);
    putShort(tile + Iq4XsTile::kScale, lane, block);
}

/// One block of the file, the codes in it already taken apart.
void packBlock(WeightType type, Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    switch (type) {
    case WeightType::Q4_0:
        return packNibbles<Q4_0Tile>(block, codes, lane, tile);
    case WeightType::Q4_1:
        return packQ4_1(block, codes, lane, tile);
    case WeightType::Q5_0:
        return packQ5_0(block, codes, lane, tile);
    case WeightType::Q5_1:
        return packQ5_1(block, codes, lane, tile);
    case WeightType::Q8_0:
        return packQ8_0(block, lane, tile);
    case WeightType::Q2_K:
        return packQ2_K(block, codes, lane, tile);
    case WeightType::Q3_K:
        return packQ3_K(block, codes, lane, tile);
    case WeightType::Q4_K:
        return packWithMinima<Q4_KTile>(type, block, codes, lane, tile);
    case WeightType::Q5_K:
        return packWithMinima<Q5_KTile>(type, block, codes, lane, tile);
    case WeightType::Q6_K:
        return packQ6_K(block, codes, lane, tile);
    case WeightType::IQ4_NL:
        return packNibbles<Iq4NlTile>(block, codes, lane, tile);
    case WeightType::IQ4_XS:
        return packIQ4_XS(block, codes, lane, tile);
    case WeightType::MXFP4:
        return packMxfp4(block, codes, lane, tile);
    case WeightType::F32:
    case WeightType::F16:
    case WeightType::BF16:
        assert(false && "a type without blocks");
    }
}

void packPlain(std::size_t columns, std::size_t size, Bytes row, std::size_t lane,
               std::uint8_t* strip)
{
    for (std::size_t k = 0; k < columns; ++k)
        std::memcpy(strip + (kStripRows * k + lane) * size, row + k * size, size);
}

} // namespace

void packRow(WeightType type, std::size_t columns, const std::byte* row, std::size_t lane,
             std::byte* strip)
{
    const auto* from = reinterpret_cast<Bytes>(row);
    auto* to = reinterpret_cast<std::uint8_t*>(strip);
    const Block block = blockOf(type);
    if (block.values == 1)
        return packPlain(columns, block.bytes, from, lane, to);
    const TileSize tile = kTileSizes[static_cast<std::size_t>(type)];
    for (std::size_t k = 0; k < columns; k += tile.columns, from += block.bytes, to += tile.bytes) {
        std::uint8_t codes[256];
        if (type != WeightType::Q8_0)
            blockCodes(type, from, codes);
        packBlock(type, from, codes, lane, to);
    }
}

} // namespace kernels
