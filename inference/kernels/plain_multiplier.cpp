// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/plain_multiplier.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kernels {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kStrips = kPanelRows / kStripRows;

// Rows between two looks ahead: a multiple of what every tier takes at once, and so few that the
// lines asked for are no more than a core can have under way.
constexpr std::size_t kRowsAtATime = 24;

std::size_t blocksOf(std::size_t columns)
{
    return (columns + kPlainColumns - 1) / kPlainColumns;
}

const std::byte* blockOf(const PackedMatrix& matrix, std::size_t strip, std::size_t block)
{
    const TileSize tile = kTileSizes[static_cast<std::size_t>(matrix.type())];
    return matrix.strip(strip) + block * (kPlainColumns / tile.columns) * tile.bytes;
}

} // namespace

PlainMultiplier::PlainMultiplier(const PlainKernels& kernels, unsigned workers)
    : m_kernels(kernels)
    , m_workplaces(workers)
{
}

Result<void> PlainMultiplier::prepare(std::size_t rows, std::size_t columns)
{
    const std::size_t blocks = blocksOf(columns);
    if (rows <= m_rows && blocks <= m_blocks)
        return {};
    rows = std::max(rows, m_rows);
    m_activations = Memory::allocate(blocks * rows * kPlainColumns * m_kernels.elementBytes);
    if (!m_activations)
        return std::unexpected(Error{Errc::OutOfMemory, "activations of a prompt"});
    for (Workplace& place : m_workplaces) {
        const std::size_t panel = kPlainColumns * kPanelRows * m_kernels.elementBytes;
        place.memory = Memory::allocate(panel + rows * kPanelRows * sizeof(float));
        if (!place.memory)
            return std::unexpected(Error{Errc::OutOfMemory, "a panel of weights"});
        place.panel = place.memory.data();
        place.tile = reinterpret_cast<float*>(place.memory.data() + panel);
    }
    m_rows = rows;
    m_blocks = blocks;
    return {};
}

void PlainMultiplier::takeRow(const float* x, std::size_t columns, std::size_t row)
{
    assert(row < m_rows && blocksOf(columns) <= m_blocks);
    for (std::size_t begin = 0; begin < columns; begin += kPlainColumns) {
        const std::size_t count = std::min(kPlainColumns, columns - begin);
        std::byte* to = rowOf(begin / kPlainColumns, row);
        m_kernels.widen(x + begin, count, to);
        if (count % 2 != 0)
            std::memset(to + count * m_kernels.elementBytes, 0, m_kernels.elementBytes);
    }
}

/// Part @p part of @p parts of what the block after @p block is made from, into the second cache.
void PlainMultiplier::askAhead(const PackedMatrix& matrix, std::size_t panel, std::size_t block,
                               std::size_t part, std::size_t parts) const
{
    ++block;
    if (block == blocksOf(matrix.columns())) {
        // The panel that this thread will probably take next.
        block = 0;
        panel += m_workplaces.size();
    }
    const std::size_t columns = std::min(kPlainColumns, matrix.columns() - block * kPlainColumns);
    const std::size_t lines = (stripBytes(matrix.type(), columns) + kLine - 1) / kLine;
    for (std::size_t s = 0; s < kStrips; ++s) {
        const std::size_t strip = panel * kStrips + s;
        if (strip >= matrix.strips())
            return;
        const std::byte* from = blockOf(matrix, strip, block);
        for (std::size_t i = lines * part / parts; i < lines * (part + 1) / parts; ++i)
            __builtin_prefetch(from + i * kLine, 0, 2);
    }
}

void PlainMultiplier::multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count,
                               float* out, std::size_t outStride, unsigned worker)
{
    const Workplace& place = m_workplaces[worker];
    const auto expand = m_kernels.expand[static_cast<std::size_t>(matrix.type())];
    const std::size_t first = panel * kStrips;
    // A strip that is not there leaves what the last panel left, and nobody looks at its products.
    const std::size_t strips = std::min(kStrips, matrix.strips() - first);
    const std::size_t width = std::min(kPanelRows, matrix.rows() - panel * kPanelRows);
    const std::size_t blocks = blocksOf(matrix.columns());
    const std::size_t parts = (count + kRowsAtATime - 1) / kRowsAtATime;
    out += panel * kPanelRows;
    for (std::size_t block = 0; block < blocks; ++block) {
        PlainTask task = {.panel = place.panel,
                          .columns =
                              std::min(kPlainColumns, matrix.columns() - block * kPlainColumns)};
        for (std::size_t s = 0; s < strips; ++s) {
            expand(blockOf(matrix, first + s, block), task.columns,
                   place.panel + s * kPlainStripBytes);
        }
        const bool direct = block + 1 == blocks && width == kPanelRows;
        for (std::size_t part = 0; part < parts; ++part) {
            askAhead(matrix, panel, block, part, parts);
            const std::size_t row = part * kRowsAtATime;
            float* tile = place.tile + row * kPanelRows;
            task.x = rowOf(block, row);
            task.rows = std::min(kRowsAtATime, count - row);
            task.tile = block > 0 ? tile : nullptr;
            task.out = direct ? PanelOut{out + row * outStride, outStride} : PanelOut{tile};
            m_kernels.multiply(task);
        }
    }
    for (std::size_t row = 0; row < count && width < kPanelRows; ++row)
        std::copy_n(place.tile + row * kPanelRows, width, out + row * outStride);
}

} // namespace kernels
