// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/multiplier.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kernels {

namespace {

// A thread takes about this much of the weights at a time: long enough for the processor to run
// ahead in memory, short enough that the threads finish together.
constexpr std::size_t kBytesAtATime = 64 << 10;

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

/// A run of strips of one product.
struct Stretch {
    const Product* product;
    std::size_t begin;
    std::size_t end;
};

std::vector<Stretch> stretchesOf(std::span<const Product> products)
{
    std::vector<Stretch> stretches;
    for (const Product& product : products) {
        const std::size_t strips = product.matrix->strips();
        const std::size_t step =
            std::max<std::size_t>(1, kBytesAtATime / product.matrix->bytesPerStrip());
        for (std::size_t begin = 0; begin < strips; begin += step)
            stretches.push_back({&product, begin, std::min(strips, begin + step)});
    }
    return stretches;
}

/// A row's forms one after the other in @p memory.
QuantizedRow placeRow(std::byte*& memory, std::size_t columns, std::size_t group)
{
    const auto take = [&](std::size_t bytes) {
        std::byte* at = memory;
        memory += roundUp(bytes, 64);
        return at;
    };
    QuantizedRow row;
    row.values = reinterpret_cast<std::int8_t*>(take(columns));
    row.scales = reinterpret_cast<float*>(take(columns / group * sizeof(float)));
    row.sums16 = reinterpret_cast<std::int16_t*>(take(columns / 16 * sizeof(std::int16_t)));
    row.sums32 = reinterpret_cast<std::int16_t*>(take(columns / 32 * sizeof(std::int16_t)));
    return row;
}

} // namespace

Multiplier::Multiplier(ThreadPool& pool, Options options)
    : m_pool(pool)
    , m_kernels(kernelsOf(options.tier))
    , m_precision(!options.exact && options.tier == Tier::Avx512 && hasBfloatProducts()
                      ? OnednnMatmul::Precision::Bfloat
                      : OnednnMatmul::Precision::Single)
    , m_exact(options.exact)
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
    if (padded <= m_mostColumns)
        return {};

    m_mostColumns = padded;
    m_activations = Memory::allocate(kMostRows * padded * elementBytes());
    for (Memory& panel : m_panels)
        panel =
            Memory::allocate(kTileFloats * sizeof(float) + padded * kPanelRows * elementBytes());
    m_quantized = Memory::allocate(8 * roundUp(padded, 256)); // two rows of 1 + 1/8 + 3/16 bytes
    if (!m_activations || !m_quantized ||
        !std::ranges::all_of(m_panels, [](const Memory& m) { return static_cast<bool>(m); }))
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    std::byte* at = m_quantized.data();
    m_of32 = placeRow(at, padded, 32);
    m_of256 = placeRow(at, roundUp(padded, 256), 256);
    return {};
}

void Multiplier::quantize(const float* x, std::span<const Product> products)
{
    bool of32 = false;
    bool of256 = false;
    for (const Product& product : products) {
        const ActivationGroup group = activationGroup(product.matrix->type());
        of32 |= group == ActivationGroup::Of32;
        of256 |= group == ActivationGroup::Of256;
    }
    const std::size_t columns = products.front().matrix->columns();
    if (of32)
        m_kernels.quantize32(x, columns, m_of32);
    if (of256)
        m_kernels.quantize256(x, columns, m_of256);
}

RowInput Multiplier::inputFor(WeightType type, const float* x) const
{
    return {x, activationGroup(type) == ActivationGroup::Of32 ? m_of32 : m_of256};
}

void Multiplier::row(const float* x, std::span<const Product> products)
{
    assert(!products.empty() && products.front().matrix->columns() <= m_mostColumns);
    if (m_exact) {
        rows(x, 0, 1, products);
        return;
    }
    quantize(x, products);
    const std::vector<Stretch> stretches = stretchesOf(products);
    m_pool.run(stretches.size(), [&](std::size_t index, unsigned) {
        const Stretch& stretch = stretches[index];
        const PackedMatrix& matrix = *stretch.product->matrix;
        const auto dot = m_kernels.dotStrip[static_cast<std::size_t>(matrix.type())];
        const RowInput input = inputFor(matrix.type(), x);
        for (std::size_t strip = stretch.begin; strip < stretch.end; ++strip) {
            float* out = stretch.product->out + strip * kStripRows;
            const std::size_t left = matrix.rows() - strip * kStripRows;
            if (left >= kStripRows) {
                dot(matrix.strip(strip), matrix.columns(), input, out);
                continue;
            }
            float last[kStripRows];
            dot(matrix.strip(strip), matrix.columns(), input, last);
            std::copy_n(last, left, out);
        }
    });
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

void Multiplier::rows(const float* x, std::size_t xStride, std::size_t count,
                      std::span<const Product> products)
{
    assert(count > 0 && count <= kMostRows && !products.empty());
    widenActivations(x, xStride, count, products.front().matrix->columns());

    std::size_t panels = 0;
    for (const Product& product : products)
        panels += (product.matrix->strips() + kPanelStrips - 1) / kPanelStrips;
    m_pool.run(panels, [&](std::size_t index, unsigned worker) {
        const Product* product = products.data();
        for (;; ++product) {
            const std::size_t own = (product->matrix->strips() + kPanelStrips - 1) / kPanelStrips;
            if (index < own)
                break;
            index -= own;
        }
        multiplyPanel(*product, index, count, worker);
    });
}

} // namespace kernels
