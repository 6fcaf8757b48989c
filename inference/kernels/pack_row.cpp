// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"

#include <cstdint>
#include <cstring>

namespace kernels {

namespace {

using Bytes = const std::uint8_t*;

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

/// 32 weights of 4 bits, one a byte, as the four words of nibbles [4][16][4].
void putNibbles(std::uint8_t* nibbles, std::size_t lane, Bytes weights)
{
    for (std::size_t j = 0; j < 4; ++j)
        putWord(nibbles, j, lane, word(weights + 8 * j) | (word(weights + 8 * j + 4) << 4));
}

constexpr std::uint32_t kLowNibbles = 0x0F0F0F0FU;

void packQ4_1(std::size_t columns, Bytes row, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t k = 0; k < columns; k += 32, row += 20, tile += Q4_1Tile::kBytes) {
        std::uint8_t weights[32];
        for (std::size_t i = 0; i < 16; ++i) {
            weights[i] = row[4 + i] & 15;
            weights[i + 16] = row[4 + i] >> 4;
        }
        putNibbles(tile, lane, weights);
        putShort(tile + Q4_1Tile::kScale, lane, row);
        putShort(tile + Q4_1Tile::kMinimum, lane, row + 2);
    }
}

void packQ8_0(std::size_t columns, Bytes row, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t k = 0; k < columns; k += 32, row += 34, tile += Q8_0Tile::kBytes) {
        for (std::size_t j = 0; j < 8; ++j)
            putWord(tile, j, lane, word(row + 2 + 4 * j));
        putShort(tile + Q8_0Tile::kScale, lane, row);
    }
}

void packQ4_K(std::size_t columns, Bytes row, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t k = 0; k < columns; k += 256, row += 144, tile += Q4_KTile::kBytes) {
        for (std::size_t group = 0; group < 8; ++group) {
            Bytes quants = row + 16 + group / 2 * 32;
            const unsigned shift = group % 2 * 4; // the odd group of a pair is in the high halves
            std::uint8_t* nibbles = tile + Q4_KTile::kGroupBytes * group;
            for (std::size_t j = 0; j < 4; ++j) {
                const std::uint32_t low = word(quants + 8 * j) >> shift & kLowNibbles;
                const std::uint32_t high = word(quants + 8 * j + 4) >> shift & kLowNibbles;
                putWord(nibbles, j, lane, low | high << 4);
            }
            const auto [scale, minimum] = q4kScale(row + 4, group);
            tile[Q4_KTile::kGroupScale + 16 * group + lane] = scale;
            tile[Q4_KTile::kGroupMinimum + group / 2 * 32 + 2 * lane + group % 2] = minimum;
        }
        putShort(tile + Q4_KTile::kScale, lane, row);
        putShort(tile + Q4_KTile::kMinimum, lane, row + 2);
    }
}

void packQ6_K(std::size_t columns, Bytes row, std::size_t lane, std::uint8_t* tile)
{
    for (std::size_t k = 0; k < columns; k += 256, row += 210, tile += Q6_KTile::kBytes) {
        std::uint8_t weights[256];
        q6kQuants(row, weights);
        for (std::size_t group = 0; group < 16; ++group) {
            Bytes from = weights + 16 * group;
            std::uint8_t* to = tile + Q6_KTile::kGroupBytes * group;
            const std::uint32_t quads[4] = {word(from), word(from + 4), word(from + 8),
                                            word(from + 12)};
            std::uint32_t fields = 0;
            for (unsigned f = 0; f < 4; ++f)
                fields |= (quads[f] >> 4 & 0x03030303U) << 2 * f;
            putWord(to, 0, lane, (quads[0] & kLowNibbles) | (quads[1] & kLowNibbles) << 4);
            putWord(to, 1, lane, (quads[2] & kLowNibbles) | (quads[3] & kLowNibbles) << 4);
            putWord(to, 2, lane, fields);
            tile[Q6_KTile::kGroupScale + 16 * group + lane] = row[192 + group];
        }
        putShort(tile + Q6_KTile::kScale, lane, row + 208);
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
    switch (type) {
    case WeightType::F32:
        packPlain(columns, 4, from, lane, to);
        break;
    case WeightType::F16:
    case WeightType::BF16:
        packPlain(columns, 2, from, lane, to);
        break;
    case WeightType::Q4_1:
        packQ4_1(columns, from, lane, to);
        break;
    case WeightType::Q8_0:
        packQ8_0(columns, from, lane, to);
        break;
    case WeightType::Q4_K:
        packQ4_K(columns, from, lane, to);
        break;
    case WeightType::Q6_K:
        packQ6_K(columns, from, lane, to);
        break;
    }
}

} // namespace kernels
