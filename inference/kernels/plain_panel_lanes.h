// SPDX-License-Identifier: Apache-2.0
#pragma once

// Panels of plain_panel.h, in terms of the lanes that the including tier file has chosen, and of
// products (flash_lanes.h): of what type the factors are and how they are multiplied.

#include "inference/kernels/flash_lanes.h"
#include "inference/kernels/plain_panel.h"

namespace kernels {
namespace {

// Rows of activations and strips of weights whose sums stay in registers.
constexpr int kPlainRows = kAccumulators >= 8 ? 12 : kAccumulators >= 4 ? 6 : 2;
constexpr int kPlainStrips = kAccumulators >= 8 ? 2 : 1;

/// Sums of some rows of activations with one or two strips. Nested, as PanelSums.
template <int Rows>
struct PlainSums {
    Floats first, second;
    PlainSums<Rows - 1> next;
};
template <>
struct PlainSums<0> {};

template <int Rows>
[[gnu::always_inline]] inline void startFrom(PlainSums<Rows>& sums, const float* tile)
{
    if constexpr (Rows > 0) {
        sums.first = load(tile);
        if constexpr (kPlainStrips == 2)
            sums.second = load(tile + kStripRows);
        startFrom(sums.next, tile + kPanelRows);
    }
}
template <int Rows>
[[gnu::always_inline]] inline void startAtZero(PlainSums<Rows>& sums)
{
    if constexpr (Rows > 0) {
        sums.first = zeroFloats();
        sums.second = zeroFloats();
        startAtZero(sums.next);
    }
}
template <int Rows>
[[gnu::always_inline]] inline void storeSums(const PlainSums<Rows>& sums, const PanelOut& out)
{
    if constexpr (Rows > 0) {
        store(out.rows, sums.first);
        if constexpr (kPlainStrips == 2)
            store(out.rows + kStripRows, sums.second);
        storeSums(sums.next, {out.rows + out.stride, out.stride});
    }
}
template <typename Products, int Rows>
[[gnu::always_inline]] inline void addStep(PlainSums<Rows>& sums, typename Products::Factor first,
                                           typename Products::Factor second,
                                           const typename Products::Element* x)
{
    if constexpr (Rows > 0) {
        const auto row = Products::spread(x);
        sums.first = Products::add(sums.first, first, row);
        if constexpr (kPlainStrips == 2)
            sums.second = Products::add(sums.second, second, row);
        addStep<Products>(sums.next, first, second, x + kPlainColumns);
    }
}

/// Rows row..row+Rows of the activations with the strips from @p strip on.
template <typename Products>
struct PlainTimesRows {
    const PlainTask& task;

    template <int Rows>
    void run(std::size_t row, std::size_t strip) const
    {
        using Element = typename Products::Element;
        constexpr std::size_t kStep = Products::kStep;
        constexpr std::size_t kOther = kStripRows * (kPlainStrips - 1); // the same if there is one
        const std::size_t lane = kStripRows * strip;
        PlainSums<Rows> sums;
        if (task.tile == nullptr)
            startAtZero(sums);
        else
            startFrom(sums, task.tile + row * kPanelRows + lane);
        const auto* x = reinterpret_cast<const Element*>(task.x) + row * kPlainColumns;
        const auto* panel = reinterpret_cast<const Element*>(task.panel) + lane * kStep;
        for (std::size_t k = 0; k < task.columns; k += kStep) {
            // The rows after these, which lie in the second or third cache.
            __builtin_prefetch(x + Rows * (kPlainColumns + k));
            addStep<Products>(sums, Products::factor(panel + k * kPanelRows),
                              Products::factor(panel + k * kPanelRows + kOther * kStep), x + k);
        }
        storeSums(sums, {task.out.rows + row * task.out.stride + lane, task.out.stride});
    }
};

template <typename Products>
void multiplyPlain(const PlainTask& task)
{
    constexpr std::size_t kAtOnce = kPlainRows;
    const PlainTimesRows<Products> times{task};
    for (std::size_t strip = 0; strip < kPanelRows / kStripRows; strip += kPlainStrips) {
        std::size_t row = 0;
        for (; row + kAtOnce <= task.rows; row += kAtOnce)
            times.template run<kPlainRows>(row, strip);
        if (row < task.rows)
            withCount<kPlainRows - 1>(task.rows - row, times, row, strip);
    }
}

void copyRow(const float* x, std::size_t columns, std::byte* elements)
{
    std::memcpy(elements, x, columns * sizeof(float));
}

} // namespace
} // namespace kernels
