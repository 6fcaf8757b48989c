// SPDX-License-Identifier: Apache-2.0
#pragma once

// Panels of int8 weights times rows of int8 activations, in terms of the lanes that the including
// tier file has chosen.

#include "inference/kernels/panel_task.h"
#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

/// Group g of @p x goes to row @p row of out[g].
void quantizePanel(const float* x, std::size_t columns, std::size_t row,
                   const PanelActivations* out)
{
    for (std::size_t g = 0; g < columns / kPanelGroup; ++g) {
        const float* from = x + g * kPanelGroup;
        Floats most = zeroFloats();
        for (std::size_t i = 0; i < kPanelGroup; i += 16)
            most = max(most, absolute(load(from + i)));
        const float largest = maximum(most);
        out[g].scales[row] = largest / 127.0F;
        const Floats inverse = broadcast(largest > 0 ? 127.0F / largest : 0.0F);
        std::uint8_t* to = out[g].values + row * kPanelGroup;
        for (std::size_t i = 0; i < kPanelGroup; i += 16)
            storeBiased(to + i, roundToInts(load(from + i) * inverse));
    }
}

/// to = from + (whole sums) * (weight scale * activation scale). In this form for every way to make
/// the whole sums, so that all of them end in the same bits.
inline void addScaled(const float* from, Ints sums, Floats weightScales, float scale, float* to)
{
    const Floats before = from != nullptr ? load(from) : zeroFloats();
    store(to, mulAdd(toFloats(sums), weightScales * broadcast(scale), before));
}

/// Whole sums of some rows of activations with one or two strips. Nested, not an array: what is
/// reached by an index is kept in memory by GCC 14 even when every index is known.
template <int Rows>
struct PanelSums {
    Ints first, second;
    PanelSums<Rows - 1> next;
};
template <>
struct PanelSums<0> {};

template <int Rows>
[[gnu::always_inline]] inline void startAt(PanelSums<Rows>& sums, Ints first, Ints second)
{
    if constexpr (Rows > 0) {
        sums.first = first;
        sums.second = second;
        startAt(sums.next, first, second);
    }
}
template <int Rows>
[[gnu::always_inline]] inline void addQuads(PanelSums<Rows>& sums, Bytes first, Bytes second,
                                            const std::uint8_t* values)
{
    if constexpr (Rows > 0) {
        const std::int32_t quad = packed(values);
        sums.first = dotPanel(sums.first, first, quad);
        if constexpr (kPanelStripsAtOnce == 2)
            sums.second = dotPanel(sums.second, second, quad);
        addQuads(sums.next, first, second, values + kPanelGroup);
    }
}
template <bool First, int Rows>
[[gnu::always_inline]] inline void addScaled(const PanelSums<Rows>& sums, Floats first,
                                             Floats second, const float* scales, const float* tile,
                                             const PanelOut& out)
{
    if constexpr (Rows > 0) {
        addScaled(First ? nullptr : tile, sums.first, first, *scales, out.rows);
        if constexpr (kPanelStripsAtOnce == 2) {
            addScaled(First ? nullptr : tile + kStripRows, sums.second, second, *scales,
                      out.rows + kStripRows);
        }
        addScaled<First>(sums.next, first, second, scales + 1, tile + kPanelWidth,
                         {out.rows + out.stride, out.stride});
    }
}

/// Rows row..row+Rows of the activations. The sums of 256 products are below 2^23: exact.
template <int Rows>
void multiplyRows(const PanelWeights& weights, std::size_t strip, const PanelActivations& x,
                  std::size_t row, const float* tile, const PanelOut& out)
{
    constexpr std::size_t kSecond = kPanelStripsAtOnce - 1; // the first again if there is one only
    const std::size_t lane = kStripRows * strip;
    const std::size_t other = lane + kStripRows * kSecond;
    PanelSums<Rows> sums;
    startAt(sums, loadInts(weights.starts + lane), loadInts(weights.starts + other));
    const std::uint8_t* values = x.values + row * kPanelGroup;
    const auto* panel = reinterpret_cast<const std::uint8_t*>(weights.values) + 4 * lane;
    for (std::size_t k = 0; k < kPanelGroup; k += 4) {
        // The rows after these, which lie in the second or third cache: no pattern of addresses
        // that the processor would see ahead.
        __builtin_prefetch(values + Rows * (kPanelGroup + k));
        addQuads(sums, loadBytes(panel + k * kPanelWidth),
                 loadBytes(panel + k * kPanelWidth + 64 * kSecond), values + k);
    }
    const Floats first = load(weights.scales + lane);
    const Floats second = load(weights.scales + other);
    const PanelOut to = {out.rows + row * out.stride + lane, out.stride};
    if (tile == nullptr)
        addScaled<true>(sums, first, second, x.scales + row, nullptr, to);
    else
        addScaled<false>(sums, first, second, x.scales + row, tile + row * kPanelWidth + lane, to);
}

/// What is left when the rows do not come out even.
struct RestOfRows {
    template <int Rows>
    void run(const PanelWeights& weights, std::size_t strip, const PanelActivations& x,
             std::size_t row, const float* tile, const PanelOut& out) const
    {
        multiplyRows<Rows>(weights, strip, x, row, tile, out);
    }
};

void multiplyPanel(const PanelWeights& weights, const PanelActivations& x, std::size_t rows,
                   const float* tile, const PanelOut& out)
{
    constexpr std::size_t kAtOnce = kPanelRowsAtOnce;
    constexpr int kMostLeft = kPanelRowsAtOnce > 1 ? kPanelRowsAtOnce - 1 : 1;
    for (std::size_t strip = 0; strip < kPanelWidth / kStripRows; strip += kPanelStripsAtOnce) {
        std::size_t row = 0;
        for (; row + kAtOnce <= rows; row += kAtOnce)
            multiplyRows<kPanelRowsAtOnce>(weights, strip, x, row, tile, out);
        if (row < rows)
            withCount<kMostLeft>(rows - row, RestOfRows(), weights, strip, x, row, tile, out);
    }
}

} // namespace
} // namespace kernels
