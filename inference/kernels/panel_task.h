// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

/// Prompt rows of the types with blocks of 256 are multiplied as int8: the weights of a panel of
/// output rows are rounded anew with one scale for each row and group of columns, the activations
/// with one for each row and group.
inline constexpr std::size_t kPanelWidth = 32;  // output rows: two strips
inline constexpr std::size_t kPanelGroup = 256; // columns: a whole number of tiles of every type

/// One group of columns of a panel of weights, made by KernelTable::expandInt8.
/// weight (k, row) is values[(k / 4 * kPanelWidth + row) * 4 + k % 4] * scales[row].
struct PanelWeights {
    std::int8_t* values = nullptr;  // [kPanelGroup / 4][kPanelWidth][4], -127..127
    float* scales = nullptr;        // [kPanelWidth]
    std::int32_t* starts = nullptr; // [kPanelWidth]: what takes the bias of the activations out
};

/// One group of columns of many rows of activations, made by KernelTable::quantizePanel.
/// activation (row, k) is (values[row * kPanelGroup + k] - bias) * scales[row].
struct PanelActivations {
    std::uint8_t* values = nullptr; // [rows][kPanelGroup]
    float* scales = nullptr;        // [rows]
};

/// Where a product goes.
struct PanelOut {
    float* rows = nullptr; // row r at rows + r * stride
    std::size_t stride = kPanelWidth;
};

} // namespace kernels
