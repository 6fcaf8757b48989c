// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/multiplier.h"

#include "inference/kernels/run_panels.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace kernels {

namespace {

// From here on unpacking a panel takes less than unpacking every strip for each few rows.
constexpr std::size_t kRowsWorthPanels = 12;

} // namespace

Multiplier::Multiplier(ThreadPool& pool, Options options)
    : m_pool(pool)
    , m_kernels(kernelsOf(options.tier))
    , m_exact(options.exact)
    , m_tokens(pool, m_kernels)
    , m_groups(pool, m_kernels)
    , m_int8Panels(m_kernels, pool.threads())
    , m_plainPanels(plainOf(options.tier, options.exact), pool.threads())
{
    const PlainKernels& plain = plainOf(options.tier, options.exact);
    if (options.library && plain.elementBytes == sizeof(std::uint16_t))
        m_tilePanels.emplace(plain, pool.threads());
}

Result<void> Multiplier::prepare(std::size_t columns)
{
    if (const auto ready = m_tokens.prepare(columns); !ready)
        return ready;
    if (const auto ready = m_plainPanels.prepare(kMostRows, columns); !ready)
        return ready;
    // A library that can't is done without: for all columns, as a result has one definition.
    if (m_tilePanels && !m_tilePanels->prepare(kMostRows, columns))
        m_tilePanels.reset();
    if (columns % 32 == 0 && !m_exact) {
        if (const auto ready = m_groups.prepare(kMostRows, columns); !ready)
            return ready;
    }
    if (columns % kPanelGroup == 0 && !m_exact) {
        if (const auto ready = m_int8Panels.prepare(kMostRows, columns); !ready)
            return ready;
    }
    m_mostColumns = std::max(columns, m_mostColumns);
    return {};
}

void Multiplier::tokens(const float* x, std::size_t xStride, std::size_t count,
                        std::span<const Product> products, const MakeRow& make)
{
    assert(!products.empty() && products.front().matrix->columns() <= m_mostColumns);
    if (m_exact)
        rows(x, xStride, count, products, make);
    else
        m_tokens.multiply(x, xStride, count, products, make);
}

void Multiplier::multiplyPanel(const Product& product, std::size_t panel, std::size_t count,
                               unsigned worker)
{
    const auto multiply = [&](auto& multiplier) {
        multiplier.multiply(*product.matrix, panel, count, product.out, product.outStride, worker);
    };
    if (asInt8(product.matrix->type()))
        multiply(m_int8Panels);
    else if (m_tilePanels)
        multiply(*m_tilePanels);
    else
        multiply(m_plainPanels);
}

std::size_t Multiplier::panelsOf(const PackedMatrix& matrix) const
{
    return asInt8(matrix.type()) ? PanelMultiplier::panels(matrix)
                                 : PlainMultiplier::panels(matrix);
}

void Multiplier::takeRows(const float* x, std::size_t xStride, std::size_t count,
                          std::span<const Product> products, const MakeRow& make)
{
    const std::size_t columns = products.front().matrix->columns();
    const auto isInt8 = [&](const Product& product) { return asInt8(product.matrix->type()); };
    const bool some = std::ranges::any_of(products, isInt8);
    const bool all = std::ranges::all_of(products, isInt8);
    m_pool.run(count, [&](std::size_t row, unsigned) {
        if (make)
            make(row);
        const float* values = x + row * xStride;
        if (some)
            m_int8Panels.quantizeRow(values, columns, row);
        if (!all && m_tilePanels)
            m_tilePanels->takeRow(values, columns, row);
        else if (!all)
            m_plainPanels.takeRow(values, columns, row);
    });
}

void Multiplier::groupRows(const float* x, std::size_t xStride, std::size_t count,
                           std::span<const Product> products, const MakeRow& make)
{
    if (count >= kRowsWorthPanels && m_groups.takes(products.front().matrix->type()))
        m_groups.multiply(x, xStride, count, products, make);
    else
        m_tokens.multiply(x, xStride, count, products, make);
}

void Multiplier::panelRows(const float* x, std::size_t xStride, std::size_t count,
                           std::span<const Product> products, const MakeRow& make)
{
    takeRows(x, xStride, count, products, make);
    runPanels(
        m_pool, products, [this](const PackedMatrix& matrix) { return panelsOf(matrix); },
        [&](const Product& product, std::size_t panel, unsigned worker) {
            multiplyPanel(product, panel, count, worker);
        });
}

void Multiplier::rows(const float* x, std::size_t xStride, std::size_t count,
                      std::span<const Product> products, const MakeRow& make)
{
    assert(count > 0 && count <= kMostRows && !products.empty());
    std::vector<Product> inGroups;
    std::vector<Product> others;
    for (const Product& product : products) {
        const bool grouped = activationGroup(product.matrix->type()) == ActivationGroup::Of32;
        (grouped && !m_exact ? inGroups : others).push_back(product);
    }
    if (!inGroups.empty())
        groupRows(x, xStride, count, inGroups, make);
    if (!others.empty()) // the rows have been made by then
        panelRows(x, xStride, count, others, inGroups.empty() ? make : MakeRow());
}

} // namespace kernels
