// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/flash.h"
#include "inference/kernels/group_panel.h"
#include "inference/kernels/kv_layout.h"
#include "inference/kernels/panel_task.h"
#include "inference/kernels/plain_panel.h"
#include "inference/kernels/weight_type.h"

#include <cstddef>
#include <cstdint>

namespace kernels {

/// One row of activations rounded to int8 in groups of 32 or 256.
/// value i is values[i] * scales[i / group].
struct QuantizedRow {
    std::int8_t* values = nullptr;  // [columns], -127..127
    float* scales = nullptr;        // [columns / group]
    std::int16_t* sums16 = nullptr; // [columns / 16], sums of values
    std::int16_t* sums32 = nullptr; // [columns / 32]
};

/// What one generated token multiplies: the type of the weights decides which form is read.
struct RowInput {
    const float* values = nullptr; // [columns]: F32, F16, BF16
    QuantizedRow quantized;        // in the type's group: all others
};

/// Rows that one call of attend may hold.
inline constexpr std::size_t kAttentionRows = 8;
/// Positions that attend looks at together: two pages.
inline constexpr std::size_t kAttentionBlock = 2 * kPageTokens;

/// A few queries against one head's keys and values, over part of the positions.
struct AttentionTask {
    KvHead head;
    const float* const* queries = nullptr;  // [rows] -> [keyLength], scaled by 1/sqrt(d) before
    const std::uint32_t* from = nullptr;    // [rows]: positions below it are not seen
    const std::uint32_t* visible = nullptr; // [rows]: positions below it are seen
    std::size_t rows = 0;                   // 1..kAttentionRows
    std::size_t begin = 0;                  // a multiple of kAttentionBlock
    std::size_t end = 0;
    float* out = nullptr;     // [rows][valueStride]: sum of exp(s - maximum) v
    float* maxima = nullptr;  // [rows]: largest score s
    float* weights = nullptr; // [rows]: sum of exp(s - maximum); 0 for a row that saw nothing
};

/// The arithmetic of one tier. All functions are pure: callers may split the work over threads.
/// Strips: strip_layout.h.
struct KernelTable {
    /// out[r * outStride + i] = strip [16, columns] times row r [columns], i < 16. The strip is
    /// read from memory once, however many rows; a row's bits do not depend on the rows beside it.
    using DotStrip = void (*)(const std::byte* strip, std::size_t columns, const RowInput* rows,
                              std::size_t count, float* out, std::size_t outStride);
    DotStrip dotStrip[kWeightTypes];

    PlainKernels plain; // of all types, in float32

    /// Panels of int8 (panel_task.h), for the types with blocks of 256; null for the others.
    /// One tile of a strip goes to rows lane..lane+15 of the panel, lane 0 or 16.
    using ExpandInt8 = void (*)(const std::byte* tile, std::size_t lane, const PanelWeights& out);
    ExpandInt8 expandInt8[kWeightTypes];
    /// Rounds group g of x [columns] to row @p row of out[g]. Columns are whole groups.
    void (*quantizePanel)(const float* x, std::size_t columns, std::size_t row,
                          const PanelActivations* out);
    /// out [rows, kPanelWidth] = tile [rows, kPanelWidth] + x times weights; no tile means zeros.
    /// A row's bits do not depend on those beside it. out may be the tile.
    void (*multiplyPanel)(const PanelWeights& weights, const PanelActivations& x, std::size_t rows,
                          const float* tile, const PanelOut& out);

    /// Panels of the types with a scale for every 32 weights (group_panel.h); null for the others
    /// and where the tier is faster without. @p groups tiles of a strip go to rows lane..lane+15 of
    /// the panel, lane 0 or 16.
    using ExpandGroups = void (*)(const std::byte* strip, std::size_t groups, std::size_t lane,
                                  const GroupPanel& out);
    ExpandGroups expandGroups[kWeightTypes];
    /// Adds x times the panel to @p to, or puts it there.
    using MultiplyGroups = void (*)(const GroupPanel& panel, std::size_t groups,
                                    const GroupActivations& x, std::size_t rows,
                                    const PanelSums& to);
    MultiplyGroups multiplyGroups[kWeightTypes];
    /// Rounds x [columns] to row @p row of the chunks, as quantize32 does.
    void (*quantizeGroups)(const float* x, std::size_t columns, std::size_t row,
                           const GroupActivations* chunks);

    /// Rounds x [count] to int8, scale = largest magnitude of the group / 127.
    void (*quantize32)(const float* x, std::size_t count, const QuantizedRow& out);
    void (*quantize256)(const float* x, std::size_t count, const QuantizedRow& out);

    /// out[i] = x[i] weight[i] / sqrt(mean of x^2 + epsilon). Source: arXiv:1910.07467.
    void (*rmsNorm)(const float* x, const float* weight, float epsilon, std::size_t count,
                    float* out);
    /// out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]; out may be gate. Source: arXiv:2002.05202.
    void (*swiGlu)(const float* gate, const float* up, std::size_t count, float* out);
    /// to[i] += from[i]
    void (*add)(const float* from, std::size_t count, float* to);

    /// Softmax attention with a running maximum (Source: arXiv:2205.14135), in float32. Blocks are
    /// cut at multiples of kAttentionBlock: a row's result does not depend on the rows beside it.
    void (*attend)(const AttentionTask& task);
    Flash flash; // in float32

    /// Puts one position's key or value [length] into a page's keys or values (kv_layout.h).
    /// slot < kPageTokens. Numerics: to nearest; int8: scale = largest magnitude / 127 as a half.
    void (*storeKey)(KeyFormat format, std::byte* keys, std::size_t slot, const float* key,
                     std::size_t length);
    void (*storeValue)(ValueFormat format, std::byte* values, std::size_t slot, const float* value,
                       std::size_t length);
};

} // namespace kernels
