// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/multiplier.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kernels {

namespace {

// From here on unpacking a panel takes less than unpacking every strip for each few rows.
constexpr std::size_t kRowsWorthPanels = 12;

constexpr std::size_t kPanelStrips = kPanelRows / kStripRows;
constexpr std::size_t kTileFloats = OnednnMatmul::kRows * kPanelRows;

std::size_t roundUp(std::size_t value, std::size_t step)
{
    return (value + step - 1) / step * step;
}

std::size_t paddedColumns(std::size_t columns)
{
    return roundUp(columns, OnednnMatmul::kColumnStep);
}

} // namespace

Multiplier::Multiplier(ThreadPool& pool, Options options)
    : m_pool(pool)
    , m_kernels(kernelsOf(options.tier))
    , m_precision(!options.exact && options.tier == Tier::Avx512 && hasBfloatProducts()
                      ? OnednnMatmul::Precision::Bfloat
                      : OnednnMatmul::Precision::Single)
    , m_exact(options.exact)
    , m_tokens(pool, m_kernels)
    , m_groups(pool, m_kernels)
    , m_int8Panels(m_kernels, pool.threads())
    , m_panels(pool.threads())
{
}

Result<void> Multiplier::prepare(std::size_t columns)
{
    const std::size_t padded = paddedColumns(columns);
    if (!m_products.contains(padded)) {
        auto product = OnednnMatmul::create(m_precision, padded, m_pool.threads());
        if (!product)
            return std::unexpected(product.error());
        m_products.emplace(padded, std::move(*product));
    }
    if (const auto ready = m_tokens.prepare(columns); !ready)
        return ready;
    if (columns % 32 == 0 && !m_exact) {
        if (const auto ready = m_groups.prepare(kMostRows, columns); !ready)
            return ready;
    }
    if (columns % kPanelGroup == 0 && !m_exact) {
        if (const auto ready = m_int8Panels.prepare(kMostRows, columns); !ready)
            return ready;
    }
    if (padded <= m_mostColumns)
        return {};

    m_mostColumns = padded;
    m_activations = Memory::allocate(kMostRows * padded * elementBytes());
    for (Memory& panel : m_panels)
        panel =
            Memory::allocate(kTileFloats * sizeof(float) + padded * kPanelRows * elementBytes());
    if (!m_activations ||
        !std::ranges::all_of(m_panels, [](const Memory& m) { return static_cast<bool>(m); }))
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    return {};
}

void Multiplier::tokens(const float* x, std::size_t xStride, std::size_t count,
                        std::span<const Product> products)
{
    assert(!products.empty() && products.front().matrix->columns() <= m_mostColumns);
    if (m_exact)
        rows(x, xStride, count, products);
    else
        m_tokens.multiply(x, xStride, count, products);
}

void Multiplier::widenActivations(const float* x, std::size_t xStride, std::size_t count,
                                  std::size_t columns)
{
    const std::size_t padded = paddedColumns(columns);
    const std::size_t rowBytes = padded * elementBytes();
    // Rows that fill up the last tile are zero: their products are computed and not kept.
    m_pool.run(roundUp(count, OnednnMatmul::kRows), [&](std::size_t row, unsigned) {
        std::byte* to = m_activations.data() + row * rowBytes;
        const std::size_t filled = row < count ? columns * elementBytes() : 0;
        if (filled > 0 && m_precision == OnednnMatmul::Precision::Single)
            std::memcpy(to, x + row * xStride, filled);
        else if (filled > 0)
            m_kernels.toBfloat(x + row * xStride, columns, reinterpret_cast<std::uint16_t*>(to));
        std::memset(to + filled, 0, rowBytes - filled);
    });
}

void Multiplier::expandPanel(const PackedMatrix& matrix, std::size_t panel, std::byte* out) const
{
    const std::size_t columns = matrix.columns();
    const std::size_t first = panel * kPanelStrips;
    const std::size_t strips = std::min(kPanelStrips, matrix.strips() - first);
    const auto type = static_cast<std::size_t>(matrix.type());
    const std::size_t padded = paddedColumns(columns);
    if (padded != columns || strips != kPanelStrips)
        std::memset(out, 0, padded * kPanelRows * elementBytes());
    for (std::size_t s = 0; s < strips; ++s) {
        const std::byte* strip = matrix.strip(first + s);
        if (m_precision == OnednnMatmul::Precision::Single) {
            m_kernels.expandSingle[type](strip, columns,
                                         reinterpret_cast<float*>(out) + s * kStripRows);
        } else {
            m_kernels.expandBfloat[type](
                strip, columns, reinterpret_cast<std::uint16_t*>(out) + s * kStripRows * 2);
        }
    }
}

void Multiplier::multiplyPanel(const Product& product, std::size_t panel, std::size_t count,
                               unsigned worker)
{
    const PackedMatrix& matrix = *product.matrix;
    const std::size_t padded = paddedColumns(matrix.columns());
    OnednnMatmul& multiply = m_products.find(padded)->second;
    auto* tile = m_panels[worker].as<float>();
    std::byte* weights = m_panels[worker].data() + kTileFloats * sizeof(float);
    expandPanel(matrix, panel, weights);

    const std::size_t first = panel * kPanelRows;
    const std::size_t width = std::min(kPanelRows, matrix.rows() - first);
    for (std::size_t row = 0; row < count; row += OnednnMatmul::kRows) {
        multiply.apply(worker, m_activations.data() + row * padded * elementBytes(), weights, tile);
        const std::size_t rows = std::min(OnednnMatmul::kRows, count - row);
        for (std::size_t r = 0; r < rows; ++r) {
            std::copy_n(tile + r * kPanelRows, width,
                        product.out + (row + r) * product.outStride + first);
        }
    }
}

std::size_t Multiplier::panelsOf(const PackedMatrix& matrix) const
{
    return asInt8(matrix.type()) ? PanelMultiplier::panels(matrix)
                                 : (matrix.strips() + kPanelStrips - 1) / kPanelStrips;
}

void Multiplier::prepareRows(const float* x, std::size_t xStride, std::size_t count,
                             std::span<const Product> products)
{
    const std::size_t columns = products.front().matrix->columns();
    const auto isInt8 = [&](const Product& product) { return asInt8(product.matrix->type()); };
    if (std::ranges::any_of(products, isInt8)) {
        m_pool.run(count, [&](std::size_t row, unsigned) {
            m_int8Panels.quantizeRow(x + row * xStride, columns, row);
        });
    }
    if (!std::ranges::all_of(products, isInt8))
        widenActivations(x, xStride, count, columns);
}

void Multiplier::groupRows(const float* x, std::size_t xStride, std::size_t count,
                           std::span<const Product> products)
{
    if (count >= kRowsWorthPanels && m_groups.takes(products.front().matrix->type()))
        m_groups.multiply(x, xStride, count, products);
    else
        m_tokens.multiply(x, xStride, count, products);
}

void Multiplier::panelRows(const float* x, std::size_t xStride, std::size_t count,
                           std::span<const Product> products)
{
    prepareRows(x, xStride, count, products);

    std::size_t panels = 0;
    for (const Product& product : products)
        panels += panelsOf(*product.matrix);
    m_pool.run(panels, [&](std::size_t index, unsigned worker) {
        const Product* product = products.data();
        for (; index >= panelsOf(*product->matrix); ++product)
            index -= panelsOf(*product->matrix);
        if (asInt8(product->matrix->type())) {
            m_int8Panels.multiply(*product->matrix, index, count, product->out, product->outStride,
                                  worker);
        } else {
            multiplyPanel(*product, index, count, worker);
        }
    });
}

void Multiplier::rows(const float* x, std::size_t xStride, std::size_t count,
                      std::span<const Product> products)
{
    assert(count > 0 && count <= kMostRows && !products.empty());
    std::vector<Product> inGroups;
    std::vector<Product> others;
    for (const Product& product : products) {
        const bool grouped = activationGroup(product.matrix->type()) == ActivationGroup::Of32;
        (grouped && !m_exact ? inGroups : others).push_back(product);
    }
    if (!inGroups.empty())
        groupRows(x, xStride, count, inGroups);
    if (!others.empty())
        panelRows(x, xStride, count, others);
}

} // namespace kernels
