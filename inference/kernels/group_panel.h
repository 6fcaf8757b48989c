// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

/// Many rows of activations times the types with a scale for every 32 weights: the weights of a
/// panel of output rows are unpacked to bytes, chunk of columns by chunk, without being rounded
/// anew, and serve all rows from the first-level cache. What is computed for a row is what
/// KernelTable::dotStrip computes, bit by bit.
inline constexpr std::size_t kGroupPanelRows = 32; // output rows: two strips
inline constexpr std::size_t kChunkGroups = 8;     // groups of 32 columns
inline constexpr std::size_t kChunkColumns = 32 * kChunkGroups;

/// A chunk of a panel of weights, made by KernelTable::expandGroups.
/// weight (g, k, row) is values[g][k / 4][row][k % 4] * scales[g][row] + minima[g][row].
struct GroupPanel {
    std::int8_t* values = nullptr;  // [kChunkGroups][8][kGroupPanelRows][4]
    std::int32_t* starts = nullptr; // [kChunkGroups][kGroupPanelRows]: take the bias out
    float* scales = nullptr;        // [kChunkGroups][kGroupPanelRows]
    float* minima = nullptr;        // the same; only of types that have them
};

/// A chunk of the columns of many rows of activations, made by KernelTable::quantizeGroups.
struct GroupActivations {
    std::uint8_t* values = nullptr; // [rows][kChunkColumns], with the tier's bias
    float* scales = nullptr;        // [rows][kChunkGroups]
    float* sums = nullptr;          // the same: scale times the sum of the values without bias
};

/// Where the products of a panel go, chunk after chunk: [rows][kGroupPanelRows], row r at
/// sums + r * stride.
struct PanelSums {
    float* sums = nullptr;
    std::size_t stride = 0;
    bool fresh = true; // nothing is there yet: it is the first chunk
};

} // namespace kernels
