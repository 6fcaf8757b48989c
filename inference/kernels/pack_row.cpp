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

void packQ4_0(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    putNibbles(tile, lane, codes);
    putShort(tile + Q4_0Tile::kScale, lane, block);
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

void packQ4_K(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 8; ++group) {
        putNibbles(tile + Q4_KTile::kGroupBytes * group, lane, codes + 32 * group);
        const auto [scale, minimum] = groupScale(WeightType::Q4_K, block, group);
        tile[Q4_KTile::kGroupScale + 16 * group + lane] = scale;
        tile[Q4_KTile::kGroupMinimum + group / 2 * 32 + 2 * lane + group % 2] = minimum;
    }
    putShort(tile + Q4_KTile::kScale, lane, block);
    putShort(tile + Q4_KTile::kMinimum, lane, block + 2);
}

void packQ6_K(Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t group = 0; group < 16; ++group) {
        Bytes from = codes + 16 * group;
        std::uint8_t* to = tile + Q6_KTile::kGroupBytes * group;
        putNibbles(to, lane, from, 2);
        putFields(to + 128, lane, from, 4);
        tile[Q6_KTile::kGroupScale + 16 * group + lane] =
            static_cast<std::uint8_t>(signedGroupScale(WeightType::Q6_K, block, group));
    }
    putShort(tile + Q6_KTile::kScale, lane, block + 208);
}

/// One block of the file, the codes in it already taken apart.
void packBlock(WeightType type, Bytes block, Bytes codes, std::size_t lane, std::uint8_t* tile)
{
    switch (type) {
    case WeightType::Q4_0:
        return packQ4_0(block, codes, lane, tile);
    case WeightType::Q4_1:
        return packQ4_1(block, codes, lane, tile);
    case WeightType::Q5_0:
        return packQ5_0(block, codes, lane, tile);
    case WeightType::Q5_1:
        return packQ5_1(block, codes, lane, tile);
    case WeightType::Q8_0:
        return packQ8_0(block, lane, tile);
    case WeightType::Q4_K:
        return packQ4_K(block, codes, lane, tile);
    case WeightType::Q6_K:
        return packQ6_K(block, codes, lane, tile);
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
