// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/panel_task.h"
#include "inference/kernels/weight_type.h"

#include <cstddef>
#include <cstdint>

namespace kernels {

/// Many rows of activations times weights that need no scale any more: a block of columns of a
/// panel of output rows is widened into the first-level cache and serves all rows from there. The
/// elements are float32, or bfloat16 where the processor multiplies those.
inline constexpr std::size_t kPanelRows = 32;       // output rows: two strips
inline constexpr std::size_t kPlainColumns = 256;   // of a block: whole tiles of every type
inline constexpr std::size_t kPlainStripBytes = 64; // of a column of a strip, or of two as bfloat16

/// A block of columns of a panel times the same block of rows of activations.
struct PlainTask {
    const std::byte* panel = nullptr; // as PlainKernels::expand leaves it
    const std::byte* x = nullptr;     // [rows][kPlainColumns] elements; behind an odd column a zero
    std::size_t columns = 0;          // 1..kPlainColumns
    std::size_t rows = 0;
    const float* tile = nullptr; // [rows][kPanelRows] to start from; null: zeros
    PanelOut out;                // may be the tile
};

/// The arithmetic of one tier in one precision. All functions are pure.
struct PlainKernels {
    std::size_t elementBytes; // 4: float32; 2: bfloat16

    /// The weights of a strip, transposed. float32: panel[k * kPanelRows + row], row < 16.
    /// bfloat16: panel[(k / 2 * kPanelRows + row) * 2 + k % 2]. A column of zeros follows an odd
    /// number of columns. Null for a type that is not computed in this precision.
    using Expand = void (*)(const std::byte* strip, std::size_t columns, std::byte* panel);
    Expand expand[kWeightTypes];

    /// x [columns] as elements. Numerics: bfloat16 to nearest.
    void (*widen)(const float* x, std::size_t columns, std::byte* elements);

    /// out = tile + x times the panel. Numerics: float32; the products of a row are added up column
    /// by column (bfloat16: two by two), whatever stands beside it.
    void (*multiply)(const PlainTask& task);
};

} // namespace kernels
