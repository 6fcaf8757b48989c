// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kv_layout.h"

#include <cstddef>
#include <cstdint>

namespace kernels {

/// Rows that one call of a Flash may hold.
inline constexpr std::size_t kFlashRows = 192;
/// Positions that it looks at together: two pages.
inline constexpr std::size_t kFlashBlock = 2 * kPageTokens;

/// Many queries against one head's keys and values.
struct FlashTask {
    KvHead head;
    const float* const* queries = nullptr;  // [rows] -> [keyLength], scaled by 1/sqrt(d) before
    const std::uint32_t* from = nullptr;    // [rows], ascending: positions below it are not seen
    const std::uint32_t* visible = nullptr; // [rows], ascending, above from: positions below it are
    std::size_t rows = 0;                   // 1..kFlashRows
    float* const* out = nullptr;            // [rows] -> [valueLength]
    std::byte* scratch = nullptr;           // flashScratch bytes, aligned to 64; left as it is
};

/// out = softmax(q K^T) V, by tiles of rows and blocks of positions. Blocks are cut at multiples of
/// kFlashBlock: a row's result does not depend on the rows beside it. Pages that no row sees are
/// not touched. Source: arXiv:2205.14135.
/// Threads: pure but for the scratch.
using Flash = void (*)(const FlashTask& task);

constexpr std::size_t flashScratch(std::size_t keyLength, std::size_t valueLength)
{
    const std::size_t key = roundedUp(keyLength, 16);
    const std::size_t value = valueStride(valueLength);
    // As float32, the widest that a tier takes: queries, scores, sums; a block of keys and values;
    // maximum, weight and factor of a row; scales of a block.
    return 4 * (kFlashRows * (key + kFlashBlock + value + 3) + kFlashBlock * (key + value + 1)) +
           std::size_t{10} * 64;
}

} // namespace kernels
