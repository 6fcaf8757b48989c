// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/weight_type.h"

#include <cstddef>

namespace kernels {

/// Weights are kept in strips of 16 rows, so that one vector holds the same column of 16 rows and
/// no kernel ever adds across lanes. A strip is a run of tiles from the first column to the last;
/// within a tile, "row" is the fastest index but one:
///
///   F32, F16, BF16  1 column:    [16] values
///   Q4_0   32 columns, 288 B:    nibbles [4][16][4], half d [16]
///   Q4_1   32 columns, 320 B:    nibbles [4][16][4], half d [16], half m [16]
///   Q5_0   32 columns, 352 B:    nibbles [4][16][4], bits [16][4], half d [16]
///   Q5_1   32 columns, 384 B:    nibbles [4][16][4], bits [16][4], half d [16], half m [16]
///   Q8_0   32 columns, 544 B:    int8 [8][16][4], half d [16]
///   Q2_K  256 columns, 1344 B:   16 x two-bit fields [16][4], u8 scale + 16 minimum [8][16][2],
///                                half d [16], half dmin [16]
///   Q3_K  256 columns, 1824 B:   8 x (2 x two-bit fields [16][4], bits [16][4]),
///                                int8 scale [16][16], half d [16]
///   Q4_K  256 columns, 2368 B:   8 x nibbles [4][16][4], u8 scale [8][16], u8 minimum [4][16][2],
///                                half d [16], half dmin [16]
///   Q5_K  256 columns, 2880 B:   8 x (nibbles [4][16][4], bits [16][4]), then as Q4_K
///   Q6_K  256 columns, 3360 B:   16 x (nibbles [2][16][4], two-bit fields [16][4]),
///                                int8 scale [16][16], half d [16]
///   IQ4_NL  32 columns, 288 B:   nibbles [4][16][4], half d [16]
///   IQ4_XS 256 columns, 2208 B:  8 x nibbles [4][16][4], int8 scale [8][16], half d [16]
///   MXFP4   32 columns, 272 B:   nibbles [4][16][4], exponent [16]
///
/// nibbles [j][row][i]: low half is column 8j + i, high half column 8j + 4 + i. A two-bit field
/// (f = 0..3 from the low end) of [row][i] is column 4f + i; a bit (b = 0..7 from the low end) of
/// [row][i] is the top bit of column 4b + i. So a strip takes the bytes of its rows in the file,
/// but for the types whose scales of 6 bits are kept unpacked; a block of 256 grows
/// from 110 to 114 bytes in Q3_K, 144 to 148 in Q4_K, 176 to 180 in Q5_K, 136 to 138 in IQ4_XS.
inline constexpr std::size_t kStripRows = 16;

struct Q4_0Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kScale = 256;
    static constexpr std::size_t kBytes = 288;
};

struct Q4_1Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kScale = 256;
    static constexpr std::size_t kMinimum = 288;
    static constexpr std::size_t kBytes = 320;
};

struct Q5_0Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kFifthBits = 256;
    static constexpr std::size_t kScale = 320;
    static constexpr std::size_t kBytes = 352;
};

struct Q5_1Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kFifthBits = 256;
    static constexpr std::size_t kScale = 320;
    static constexpr std::size_t kMinimum = 352;
    static constexpr std::size_t kBytes = 384;
};

struct Q8_0Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kScale = 512;
    static constexpr std::size_t kBytes = 544;
};

struct Q2_KTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kGroupBytes = 64;
    static constexpr std::size_t kGroupScale = 1024;
    static constexpr std::size_t kScale = 1280;
    static constexpr std::size_t kMinimum = 1312;
    static constexpr std::size_t kBytes = 1344;
};

struct Q3_KTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kPairBytes = 192;
    static constexpr std::size_t kThirdBits = 128; // in a pair of groups
    static constexpr std::size_t kGroupScale = 1536;
    static constexpr std::size_t kScale = 1792;
    static constexpr std::size_t kBytes = 1824;
};

struct Q4_KTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kGroupBytes = 256;
    static constexpr std::size_t kGroupScale = 2048;
    static constexpr std::size_t kGroupMinimum = 2176;
    static constexpr std::size_t kScale = 2304;
    static constexpr std::size_t kMinimum = 2336;
    static constexpr std::size_t kBytes = 2368;
};

struct Q5_KTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kGroupBytes = 320;
    static constexpr std::size_t kFifthBits = 256; // in a group
    static constexpr std::size_t kGroupScale = 2560;
    static constexpr std::size_t kGroupMinimum = 2688;
    static constexpr std::size_t kScale = 2816;
    static constexpr std::size_t kMinimum = 2848;
    static constexpr std::size_t kBytes = 2880;
};

struct Q6_KTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kGroupBytes = 192;
    static constexpr std::size_t kGroupScale = 3072;
    static constexpr std::size_t kScale = 3328;
    static constexpr std::size_t kBytes = 3360;
};

struct Iq4NlTile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kScale = 256;
    static constexpr std::size_t kBytes = 288;
};

struct Iq4XsTile {
    static constexpr std::size_t kColumns = 256;
    static constexpr std::size_t kGroupBytes = 256;
    static constexpr std::size_t kGroupScale = 2048;
    static constexpr std::size_t kScale = 2176;
    static constexpr std::size_t kBytes = 2208;
};

struct Mxfp4Tile {
    static constexpr std::size_t kColumns = 32;
    static constexpr std::size_t kExponent = 256;
    static constexpr std::size_t kBytes = 272;
};

/// The columns and bytes of one tile.
struct TileSize {
    std::size_t columns;
    std::size_t bytes;
};
template <typename Tile>
inline constexpr TileSize kSizeOf = {Tile::kColumns, Tile::kBytes};

/// In the order of WeightType.
inline constexpr TileSize kTileSizes[kWeightTypes] = {
    {1, 4 * kStripRows}, {1, 2 * kStripRows}, {1, 2 * kStripRows}, kSizeOf<Q4_0Tile>,
    kSizeOf<Q4_1Tile>,   kSizeOf<Q5_0Tile>,   kSizeOf<Q5_1Tile>,   kSizeOf<Q8_0Tile>,
    kSizeOf<Q2_KTile>,   kSizeOf<Q3_KTile>,   kSizeOf<Q4_KTile>,   kSizeOf<Q5_KTile>,
    kSizeOf<Q6_KTile>,   kSizeOf<Iq4NlTile>,  kSizeOf<Iq4XsTile>,  kSizeOf<Mxfp4Tile>};

/// Bytes of one strip of @p columns columns; 0 when the type cannot hold such a row.
constexpr std::size_t stripBytes(WeightType type, std::size_t columns)
{
    const TileSize tile = kTileSizes[static_cast<std::size_t>(type)];
    return columns % tile.columns == 0 ? columns / tile.columns * tile.bytes : 0;
}

} // namespace kernels
