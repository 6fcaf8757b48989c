// SPDX-License-Identifier: Apache-2.0
#pragma once

// One strip of 16 rows times one row of activations, in terms of the lanes that the including tier
// file has chosen: what every family of types needs, and the types that are numbers by themselves.

#include "inference/kernels/kernel_table.h"
#include "inference/kernels/strip_layout.h"

#include <cstring>

namespace kernels {
namespace {

inline const std::uint8_t* bytesOf(const std::byte* p)
{
    return reinterpret_cast<const std::uint8_t*>(p);
}
inline const std::uint16_t* shortsOf(const std::uint8_t* p)
{
    return reinterpret_cast<const std::uint16_t*>(p);
}
/// Four int8 or two int16 as the int32 that is given to every lane.
template <typename T>
inline std::int32_t packed(const T* p)
{
    std::int32_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

inline Bytes lowNibbles(Bytes a)
{
    return field<0, 4, 0>(a);
}
inline Bytes highNibbles(Bytes a)
{
    return field<4, 4, 0>(a);
}

/// 32 columns of nibbles [4][16][4]. Two chains, so that one sum need not wait for the other.
inline Ints dotNibbles(const std::uint8_t* nibbles, const std::int8_t* x)
{
    Ints low = zeroInts();
    Ints high = zeroInts();
    for (int j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        low = dotUnsigned(low, lowNibbles(both), packed(x + 8 * j));
        high = dotUnsigned(high, highNibbles(both), packed(x + 8 * j + 4));
    }
    return low + high;
}

/// 32 columns of nibbles [4][16][4] with a fifth bit each.
template <int J>
inline void addFives(Ints& low, Ints& high, const std::uint8_t* nibbles, Bytes bits,
                     const std::int8_t* x)
{
    const Bytes both = loadBytes(nibbles + 64 * J);
    low = dotUnsigned(low, lowNibbles(both) | field<2 * J, 1, 4>(bits), packed(x + 8 * J));
    high =
        dotUnsigned(high, highNibbles(both) | field<2 * J + 1, 1, 4>(bits), packed(x + 8 * J + 4));
}
// Inlined by force: called, it would push the caller's sums out of the registers for every group.
[[gnu::always_inline]] inline Ints dotFives(const std::uint8_t* nibbles,
                                            const std::uint8_t* fifthBits, const std::int8_t* x)
{
    const Bytes bits = loadBytes(fifthBits);
    Ints low = zeroInts();
    Ints high = zeroInts();
    addFives<0>(low, high, nibbles, bits, x);
    addFives<1>(low, high, nibbles, bits, x);
    addFives<2>(low, high, nibbles, bits, x);
    addFives<3>(low, high, nibbles, bits, x);
    return low + high;
}

/// The codes of 32 columns, with a fifth bit where the tile has them, times the activations.
template <typename Tile>
inline Ints dotCodes(const std::uint8_t* codes, const std::int8_t* x)
{
    if constexpr (requires { Tile::kFifthBits; })
        return dotFives(codes, codes + Tile::kFifthBits, x);
    else
        return dotNibbles(codes, x);
}

inline Floats loadPlain(const float* p)
{
    return load(p);
}
struct Half {
    std::uint16_t bits;
};
struct Bfloat {
    std::uint16_t bits;
};
inline Floats loadPlain(const Half* p)
{
    return loadHalf(&p->bits);
}
inline Floats loadPlain(const Bfloat* p)
{
    return loadBfloat(&p->bits);
}

/// float32 activations times weights that are numbers by themselves. Four sums hide the latency.
template <typename Weight>
void dotPlain(const std::byte* strip, std::size_t columns, const RowInput& x, float* out)
{
    const auto* weights = reinterpret_cast<const Weight*>(strip);
    Floats totals[4] = {zeroFloats(), zeroFloats(), zeroFloats(), zeroFloats()};
    std::size_t k = 0;
    for (; k + 4 <= columns; k += 4) {
        for (std::size_t i = 0; i < 4; ++i) {
            totals[i] =
                mulAdd(loadPlain(weights + 16 * (k + i)), broadcast(x.values[k + i]), totals[i]);
        }
    }
    for (; k < columns; ++k)
        totals[0] = mulAdd(loadPlain(weights + 16 * k), broadcast(x.values[k]), totals[0]);
    store(out, (totals[0] + totals[1]) + (totals[2] + totals[3]));
}

} // namespace
} // namespace kernels
