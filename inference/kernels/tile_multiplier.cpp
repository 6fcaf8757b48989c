// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/tile_multiplier.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kernels {

namespace {

constexpr std::size_t kStrips = kPanelRows / kStripRows;
constexpr std::size_t kTileBytes = OnednnMatmul::kRows * kPanelRows * sizeof(float);

std::size_t roundUp(std::size_t value, std::size_t step)
{
    return (value + step - 1) / step * step;
}

std::size_t paddedColumns(std::size_t columns)
{
    return roundUp(columns, OnednnMatmul::kColumnStep);
}

} // namespace

TileMultiplier::TileMultiplier(const PlainKernels& kernels, unsigned workers)
    : m_kernels(kernels)
    , m_workplaces(workers)
{
    assert(kernels.elementBytes == sizeof(std::uint16_t));
}

Result<void> TileMultiplier::prepare(std::size_t rows, std::size_t columns)
{
    const std::size_t padded = paddedColumns(columns);
    if (!m_products.contains(padded)) {
        auto product = OnednnMatmul::create(padded, static_cast<unsigned>(m_workplaces.size()));
        if (!product)
            return std::unexpected(product.error());
        m_products.emplace(padded, std::move(*product));
    }
    rows = roundUp(std::max(rows, m_rows), OnednnMatmul::kRows);
    if (rows == m_rows && padded <= m_columns)
        return {};

    m_rows = rows;
    m_columns = std::max(padded, m_columns);
    m_activations = Memory::allocate(m_rows * m_columns * sizeof(std::uint16_t));
    for (Memory& place : m_workplaces)
        place = Memory::allocate(kTileBytes + m_columns * kPanelRows * sizeof(std::uint16_t));
    if (!m_activations ||
        !std::ranges::all_of(m_workplaces, [](const Memory& m) { return static_cast<bool>(m); }))
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    return {};
}

void TileMultiplier::takeRow(const float* x, std::size_t columns, std::size_t row)
{
    assert(row < m_rows && columns <= m_columns);
    const std::size_t padded = paddedColumns(columns);
    m_kernels.widen(x, columns, rowOf(row, padded));
    std::memset(rowOf(row, padded) + columns * sizeof(std::uint16_t), 0,
                (padded - columns) * sizeof(std::uint16_t));
}

void TileMultiplier::multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count,
                              float* out, std::size_t outStride, unsigned worker)
{
    const std::size_t columns = matrix.columns();
    const std::size_t padded = paddedColumns(columns);
    const auto expand = m_kernels.expand[static_cast<std::size_t>(matrix.type())];
    const std::size_t first = panel * kStrips;
    const std::size_t strips = std::min(kStrips, matrix.strips() - first);
    auto* tile = m_workplaces[worker].as<float>();
    std::byte* weights = m_workplaces[worker].data() + kTileBytes;
    if (padded != columns || strips != kStrips)
        std::memset(weights, 0, padded * kPanelRows * sizeof(std::uint16_t));
    for (std::size_t s = 0; s < strips; ++s)
        expand(matrix.strip(first + s), columns, weights + s * kPlainStripBytes);

    OnednnMatmul& product = m_products.find(padded)->second;
    const std::size_t width = std::min(kPanelRows, matrix.rows() - panel * kPanelRows);
    out += panel * kPanelRows;
    for (std::size_t row = 0; row < count; row += OnednnMatmul::kRows) {
        // Rows that fill the last tile up hold what an earlier call left: nobody looks at theirs.
        product.apply(worker, rowOf(row, padded), weights, tile);
        const std::size_t rows = std::min(OnednnMatmul::kRows, count - row);
        for (std::size_t r = 0; r < rows; ++r)
            std::copy_n(tile + r * kPanelRows, width, out + (row + r) * outStride);
    }
}

} // namespace kernels
