// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/panel_multiplier.h"

#include <algorithm>
#include <cassert>

namespace kernels {

namespace {

constexpr std::size_t kLine = 64;

} // namespace

PanelMultiplier::PanelMultiplier(const KernelTable& kernels, unsigned workers)
    : m_kernels(kernels)
    , m_workplaces(workers)
{
}

Result<void> PanelMultiplier::prepare(std::size_t rows, std::size_t columns)
{
    const std::size_t groups = columns / kPanelGroup;
    if (rows <= m_rows && groups <= m_groups)
        return {};
    rows = std::max(rows, m_rows);
    // Whole lines of scales after the bytes.
    const std::size_t scales = (rows * sizeof(float) + kLine - 1) / kLine * kLine;
    m_activations = Memory::allocate(groups * (rows * kPanelGroup + scales));
    if (!m_activations)
        return std::unexpected(Error{Errc::OutOfMemory, "activations as int8"});
    m_parts.clear();
    for (std::size_t g = 0; g < groups; ++g) {
        std::byte* at = m_activations.data() + g * (rows * kPanelGroup + scales);
        m_parts.push_back({reinterpret_cast<std::uint8_t*>(at),
                           reinterpret_cast<float*>(at + rows * kPanelGroup)});
    }
    for (Workplace& place : m_workplaces) {
        constexpr std::size_t kValues = kPanelGroup * kPanelWidth;
        constexpr std::size_t kScales = kPanelWidth * sizeof(float);
        place.memory = Memory::allocate(kValues + 2 * kScales + rows * kPanelWidth * sizeof(float));
        if (!place.memory)
            return std::unexpected(Error{Errc::OutOfMemory, "a panel of int8"});
        std::byte* at = place.memory.data();
        place.weights = {reinterpret_cast<std::int8_t*>(at), reinterpret_cast<float*>(at + kValues),
                         reinterpret_cast<std::int32_t*>(at + kValues + kScales)};
        place.tile = reinterpret_cast<float*>(at + kValues + 2 * kScales);
    }
    m_rows = rows;
    m_groups = groups;
    return {};
}

void PanelMultiplier::quantizeRow(const float* x, std::size_t columns, std::size_t row)
{
    assert(row < m_rows && columns % kPanelGroup == 0 && columns / kPanelGroup <= m_groups);
    m_kernels.quantizePanel(x, columns, row, m_parts.data());
}

void PanelMultiplier::multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count,
                               float* out, std::size_t outStride, unsigned worker) const
{
    const Workplace& place = m_workplaces[worker];
    const auto type = static_cast<std::size_t>(matrix.type());
    const TileSize tile = kTileSizes[type];
    constexpr std::size_t kStrips = kPanelWidth / kStripRows;
    const std::size_t first = panel * kStrips;
    const std::size_t strips = std::min(kStrips, matrix.strips() - first);
    // A strip that is not there has a scale, for what its bytes happen to be.
    std::fill_n(place.weights.scales, kPanelWidth, 0.0F);
    std::fill_n(place.tile, count * kPanelWidth, 0.0F);
    for (std::size_t g = 0; g < matrix.columns() / kPanelGroup; ++g) {
        for (std::size_t s = 0; s < strips; ++s) {
            const std::byte* from =
                matrix.strip(first + s) + g * (kPanelGroup / tile.columns) * tile.bytes;
            m_kernels.expandInt8[type](from, s * kStripRows, place.weights);
        }
        m_kernels.multiplyPanel(place.weights, m_parts[g], count, place.tile);
    }
    const std::size_t width = std::min(kPanelWidth, matrix.rows() - panel * kPanelWidth);
    for (std::size_t row = 0; row < count; ++row) {
        std::copy_n(place.tile + row * kPanelWidth, width,
                    out + row * outStride + panel * kPanelWidth);
    }
}

} // namespace kernels
