// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/panel_multiplier.h"

#include <algorithm>
#include <cassert>

namespace kernels {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kStrips = kPanelWidth / kStripRows;

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

const std::byte* PanelMultiplier::tileOf(const PackedMatrix& matrix, std::size_t strip,
                                         std::size_t group)
{
    const TileSize tile = kTileSizes[static_cast<std::size_t>(matrix.type())];
    return matrix.strip(strip) + group * (kPanelGroup / tile.columns) * tile.bytes;
}

void PanelMultiplier::askAhead(const PackedMatrix& matrix, std::size_t panel, std::size_t group)
{
    if (group == matrix.columns() / kPanelGroup) {
        // The panel that this thread will probably take next.
        group = 0;
        panel += m_workplaces.size();
    }
    const std::size_t bytes = tileOf(matrix, 0, 1) - tileOf(matrix, 0, 0);
    for (std::size_t s = 0; s < kStrips; ++s) {
        const std::size_t strip = panel * kStrips + s;
        for (std::size_t i = 0; i < bytes && strip < matrix.strips(); i += kLine)
            __builtin_prefetch(tileOf(matrix, strip, group) + i);
    }
}

void PanelMultiplier::multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count,
                               float* out, std::size_t outStride, unsigned worker)
{
    const Workplace& place = m_workplaces[worker];
    const auto expand = m_kernels.expandInt8[static_cast<std::size_t>(matrix.type())];
    const std::size_t first = panel * kStrips;
    const std::size_t strips = std::min(kStrips, matrix.strips() - first);
    const std::size_t width = std::min(kPanelWidth, matrix.rows() - panel * kPanelWidth);
    const std::size_t groups = matrix.columns() / kPanelGroup;
    // A strip that is not there has a scale, for what its bytes happen to be.
    std::fill_n(place.weights.scales, kPanelWidth, 0.0F);
    out += panel * kPanelWidth;
    for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t s = 0; s < strips; ++s)
            expand(tileOf(matrix, first + s, g), s * kStripRows, place.weights);
        askAhead(matrix, panel, g + 1);
        const bool isLast = g + 1 == groups && width == kPanelWidth;
        m_kernels.multiplyPanel(place.weights, m_parts[g], count, g > 0 ? place.tile : nullptr,
                                isLast ? PanelOut{out, outStride}
                                       : PanelOut{place.tile, kPanelWidth});
    }
    for (std::size_t row = 0; row < count && width < kPanelWidth; ++row)
        std::copy_n(place.tile + row * kPanelWidth, width, out + row * outStride);
}

} // namespace kernels
