// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/group_multiplier.h"

#include "inference/kernels/run_panels.h"

#include <algorithm>
#include <cassert>

namespace kernels {

namespace {

constexpr std::size_t kStrips = kGroupPanelRows / kStripRows;

std::size_t panelsOf(const PackedMatrix& matrix)
{
    return (matrix.strips() + kStrips - 1) / kStrips;
}

} // namespace

GroupMultiplier::GroupMultiplier(ThreadPool& pool, const KernelTable& kernels)
    : m_pool(pool)
    , m_kernels(kernels)
    , m_workplaces(pool.threads())
{
}

Result<void> GroupMultiplier::prepare(std::size_t rows, std::size_t columns)
{
    const std::size_t chunks = (columns + kChunkColumns - 1) / kChunkColumns;
    if (rows <= m_rows && chunks <= m_chunks)
        return {};
    rows = std::max(rows, m_rows);
    if (!placeActivations(rows, chunks) ||
        !std::ranges::all_of(m_workplaces, [&](Workplace& p) { return place(p, rows); }))
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    m_rows = rows;
    m_chunks = chunks;
    return {};
}

bool GroupMultiplier::placeActivations(std::size_t rows, std::size_t chunks)
{
    const std::size_t values = rows * kChunkColumns;
    const std::size_t scales = rows * kChunkGroups * sizeof(float);
    m_activations.clear();
    m_memory = Memory::allocate(chunks * (values + 2 * scales));
    if (!m_memory)
        return false;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        std::byte* at = m_memory.data() + chunk * (values + 2 * scales);
        m_activations.push_back({reinterpret_cast<std::uint8_t*>(at),
                                 reinterpret_cast<float*>(at + values),
                                 reinterpret_cast<float*>(at + values + scales)});
    }
    return true;
}

bool GroupMultiplier::place(Workplace& place, std::size_t rows)
{
    constexpr std::size_t kValues = kChunkColumns * kGroupPanelRows;
    constexpr std::size_t kScales = kChunkGroups * kGroupPanelRows * sizeof(float);
    place.memory = Memory::allocate(kValues + 3 * kScales + rows * kGroupPanelRows * sizeof(float));
    if (!place.memory)
        return false;
    std::byte* at = place.memory.data();
    place.panel.values = reinterpret_cast<std::int8_t*>(at);
    at += kValues;
    place.panel.starts = reinterpret_cast<std::int32_t*>(at);
    at += kScales;
    place.panel.scales = reinterpret_cast<float*>(at);
    at += kScales;
    place.panel.minima = reinterpret_cast<float*>(at);
    at += kScales;
    place.tile = reinterpret_cast<float*>(at);
    return true;
}

void GroupMultiplier::multiplyPanel(const Product& product, std::size_t panel, std::size_t count,
                                    unsigned worker) const
{
    const PackedMatrix& matrix = *product.matrix;
    const auto type = static_cast<std::size_t>(matrix.type());
    const Workplace& place = m_workplaces[worker];
    const std::size_t first = panel * kStrips;
    const std::size_t strips = std::min(kStrips, matrix.strips() - first);
    const std::size_t groups = matrix.columns() / 32;
    const std::size_t width = std::min(kGroupPanelRows, matrix.rows() - first * kStripRows);
    float* const out = product.out + first * kStripRows;
    // A strip that is not there leaves what the last panel left, and nobody looks at its products.
    PanelSums to = {.sums = place.tile, .stride = kGroupPanelRows};
    if (width == kGroupPanelRows)
        to = {.sums = out, .stride = product.outStride};
    for (std::size_t begin = 0; begin < groups; begin += kChunkGroups) {
        const std::size_t some = std::min(kChunkGroups, groups - begin);
        for (std::size_t s = 0; s < strips; ++s) {
            m_kernels.expandGroups[type](matrix.strip(first + s) + begin * kTileSizes[type].bytes,
                                         some, s * kStripRows, place.panel);
        }
        m_kernels.multiplyGroups[type](place.panel, some, m_activations[begin / kChunkGroups],
                                       count, to);
        to.fresh = false;
    }
    for (std::size_t row = 0; row < count && width < kGroupPanelRows; ++row)
        std::copy_n(place.tile + row * kGroupPanelRows, width, out + row * product.outStride);
}

void GroupMultiplier::multiply(const float* x, std::size_t xStride, std::size_t count,
                               std::span<const Product> products, const MakeRow& make)
{
    const std::size_t columns = products.front().matrix->columns();
    assert(count <= m_rows && columns <= m_chunks * kChunkColumns);
    m_pool.run(count, [&](std::size_t row, unsigned) {
        if (make)
            make(row);
        m_kernels.quantizeGroups(x + row * xStride, columns, row, m_activations.data());
    });
    runPanels(m_pool, products, panelsOf,
              [&](const Product& product, std::size_t panel, unsigned worker) {
                  multiplyPanel(product, panel, count, worker);
              });
}

} // namespace kernels
