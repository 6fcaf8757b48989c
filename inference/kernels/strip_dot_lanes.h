// SPDX-License-Identifier: Apache-2.0
#pragma once

// One strip of 16 rows times a few rows of activations, in terms of the lanes that the including
// tier file has chosen: what every family of types needs, and the types that are numbers by
// themselves. Weights are loaded and unpacked once for all the rows; what is done for a row is the
// same whatever stands beside it, so its bits do not depend on the number of rows.

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

/// Asks for the @p Size bytes of a strip that are wanted a little later. With several rows a group
/// takes so long that the processor sees too few of its next loads by itself. With one row and
/// small tiles its own prefetching is better.
template <int Rows, std::size_t Size>
[[gnu::always_inline]] inline void prefetchAhead(const void* from)
{
    if constexpr (Rows > 1) {
        constexpr std::size_t kAhead = 4096; // 100 to 250 ns at the speed of memory
        const auto* p = static_cast<const char*>(from) + kAhead;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < Size; i += 64)
            __builtin_prefetch(p + i);
    }
}

/// The same for the types with blocks of 256. One row wants them further ahead, and in the second
/// cache: strips of long rows gain 10 to 30 % by it where measured, short ones lose nothing.
template <int Rows, std::size_t Size>
[[gnu::always_inline]] inline void prefetchBlock(const void* from)
{
    if constexpr (Rows > 1) {
        prefetchAhead<Rows, Size>(from);
    } else {
        constexpr std::size_t kAhead = 6144;
        const auto* p = static_cast<const char*>(from) + kAhead;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < Size; i += 64)
            __builtin_prefetch(p + i, 0, 2);
    }
}

inline Bytes lowNibbles(Bytes a)
{
    return field<0, 4, 0>(a);
}
inline Bytes highNibbles(Bytes a)
{
    return field<4, 4, 0>(a);
}

/// Calls f.run<N>(arguments…) with N = count, 1..Most.
template <int Most, typename F, typename... Arguments>
inline void withCount(std::size_t count, const F& f, Arguments... arguments)
{
    if constexpr (Most > 1) {
        if (count < Most) {
            withCount<Most - 1>(count, f, arguments...);
            return;
        }
    }
    f.template run<Most>(arguments...);
}

/// What a kernel is called with: KernelTable::DotStrip.
struct StripTask {
    const std::byte* strip;
    std::size_t columns;
    const RowInput* rows;
    float* out; // row r at out + r * outStride
    std::size_t outStride;
};

/// Kernel().run<N> for blocks of as many rows as the tier's registers hold; from the second block
/// on the strip comes from the cache.
template <typename Kernel>
void dotRows(const std::byte* strip, std::size_t columns, const RowInput* rows, std::size_t count,
             float* out, std::size_t outStride)
{
    constexpr std::size_t kMost = kDotRows;
    for (; count > kMost; count -= kMost, rows += kMost, out += kMost * outStride)
        Kernel().template run<kDotRows>(StripTask{strip, columns, rows, out, outStride});
    withCount<kDotRows>(count, Kernel(), StripTask{strip, columns, rows, out, outStride});
}

/// With few rows every sum is kept in two chains, so that a product need not wait for the one
/// before. Whole numbers: the chains make no difference to the result.
template <int Rows>
inline constexpr int kChains = Rows < 4 || kNarrowSums ? 2 : 1;

/// Products of one group of columns, for every row of activations. Sum: Narrow, or Ints for weights
/// with a sign.
template <int Rows, typename Sum>
struct GroupSums {
    Sum chains[Rows][kChains<Rows>];
    std::int32_t starts[Rows];
};

/// Sums that start at from(row).
template <int Rows, typename Sum, typename From>
[[gnu::always_inline]] inline GroupSums<Rows, Sum> startSums(const RowInput* rows, From from)
{
    GroupSums<Rows, Sum> sums;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        sums.starts[r] = from(rows[r].quantized);
        start(sums.chains[r][0], sums.starts[r]);
        if constexpr (kChains<Rows> == 2)
            start(sums.chains[r][1], 0);
    }
    return sums;
}
template <int Rows>
[[gnu::always_inline]] inline GroupSums<Rows, Narrow> startSums(const RowInput* rows)
{
    return startSums<Rows, Narrow>(rows, [](const QuantizedRow&) { return 0; });
}

/// Four columns, from @p column on, times every row's activations.
template <int Chain, int Rows>
[[gnu::always_inline]] inline void addQuad(GroupSums<Rows, Narrow>& sums, Bytes codes,
                                           const RowInput* rows, std::size_t column)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        Narrow& sum = sums.chains[r][Chain % kChains<Rows>];
        sum = addUnsigned(sum, codes, packed(rows[r].quantized.values + column));
    }
}
template <int Chain, int Rows>
[[gnu::always_inline]] inline void addSignedQuad(GroupSums<Rows, Ints>& sums, SignedBytes codes,
                                                 const RowInput* rows, std::size_t column)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        Ints& sum = sums.chains[r][Chain % kChains<Rows>];
        sum = addSigned(sum, codes, packed(rows[r].quantized.values + column));
    }
}

/// The sum of row @p r. Small: both chains together fit what a narrow sum can hold.
template <bool Small, int Rows, typename Sum>
[[gnu::always_inline]] inline Ints sumOf(const GroupSums<Rows, Sum>& sums, int r)
{
    const auto& chains = sums.chains[r];
    if constexpr (kChains<Rows> == 1)
        return widen(chains[0], sums.starts[r]);
    else if constexpr (Small)
        return widen(chains[0] + chains[1], sums.starts[r]);
    else
        return widen(chains[0], sums.starts[r]) + widen(chains[1], 0);
}

/// 32 columns of nibbles [4][16][4].
template <int Rows>
[[gnu::always_inline]] inline void addNibbles(GroupSums<Rows, Narrow>& sums,
                                              const std::uint8_t* nibbles, const RowInput* rows,
                                              std::size_t column)
{
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
        const Bytes both = loadBytes(nibbles + 64 * j);
        addQuad<0>(sums, lowNibbles(both), rows, column + 8 * j);
        addQuad<1>(sums, highNibbles(both), rows, column + 8 * j + 4);
    }
}

/// 32 columns of nibbles [4][16][4] with a fifth bit each.
template <int J, int Rows>
[[gnu::always_inline]] inline void addFives(GroupSums<Rows, Narrow>& sums,
                                            const std::uint8_t* nibbles, Bytes bits,
                                            const RowInput* rows, std::size_t column)
{
    if constexpr (J < 4) {
        const Bytes both = loadBytes(nibbles + 64 * J);
        addQuad<0>(sums, lowNibbles(both) | field<2 * J, 1, 4>(bits), rows, column + 8 * J);
        addQuad<1>(sums, highNibbles(both) | field<2 * J + 1, 1, 4>(bits), rows,
                   column + 8 * J + 4);
        addFives<J + 1>(sums, nibbles, bits, rows, column);
    }
}

/// The codes of 32 columns, with a fifth bit where the tile has them, times the activations.
template <typename Tile, int Rows>
[[gnu::always_inline]] inline void addCodes(GroupSums<Rows, Narrow>& sums,
                                            const std::uint8_t* codes, const RowInput* rows,
                                            std::size_t column)
{
    if constexpr (requires { Tile::kFifthBits; })
        addFives<0>(sums, codes, loadBytes(codes + Tile::kFifthBits), rows, column);
    else
        addNibbles(sums, codes, rows, column);
}
/// Whether a group's codes are nibbles: 8 x (2 x 2 x 15 x 127) fits 16 bits with a sign, twice as
/// large a code does not.
template <typename Tile>
inline constexpr bool kSmallCodes = !requires { Tile::kFifthBits; };

template <int Rows>
struct Totals {
    Floats v[Rows];
};
template <int Rows>
inline Totals<Rows> zeroTotals()
{
    Totals<Rows> totals;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
        totals.v[r] = zeroFloats();
    return totals;
}
template <int Rows>
inline void storeTotals(const StripTask& task, const Totals<Rows>& totals)
{
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
        store(task.out + r * task.outStride, totals.v[r]);
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

/// float32 activations times weights that are numbers by themselves. Even and odd columns apart:
/// two sums hide the latency where a single row is all there is.
template <typename Weight>
struct DotPlain {
    template <int Rows>
    void run(const StripTask& task) const
    {
        const auto* weights = reinterpret_cast<const Weight*>(task.strip);
        Totals<Rows> even = zeroTotals<Rows>();
        Totals<Rows> odd = zeroTotals<Rows>();
        std::size_t k = 0;
        for (; k + 2 <= task.columns; k += 2) {
            prefetchAhead<Rows, 2 * kStripRows * sizeof(Weight)>(weights + 16 * k);
            addColumn(even, loadPlain(weights + 16 * k), task.rows, k);
            addColumn(odd, loadPlain(weights + 16 * k + 16), task.rows, k + 1);
        }
        if (k < task.columns)
            addColumn(even, loadPlain(weights + 16 * k), task.rows, k);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            even.v[r] = even.v[r] + odd.v[r];
        storeTotals(task, even);
    }

private:
    template <int Rows>
    [[gnu::always_inline]] static void addColumn(Totals<Rows>& totals, Floats weight,
                                                 const RowInput* rows, std::size_t k)
    {
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            totals.v[r] = mulAdd(weight, broadcast(rows[r].values[k]), totals.v[r]);
    }
};

} // namespace
} // namespace kernels
