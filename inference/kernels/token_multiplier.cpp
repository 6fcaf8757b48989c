// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/token_multiplier.h"

#include <algorithm>
#include <cassert>

namespace kernels {

namespace {

// A thread takes about this much of the weights at a time: long enough for the processor to run
// ahead in memory, short enough that the threads finish together.
constexpr std::size_t kBytesAtATime = 64 << 10;

// Rows in hand at once. Their rounded form stays in the second-level cache beside a strip.
constexpr std::size_t kRowsInHand = 32;

// Fewer rows are rounded faster than a second thread is called.
constexpr std::size_t kRowsWorthSharing = 3;

std::size_t roundUp(std::size_t value, std::size_t step)
{
    return (value + step - 1) / step * step;
}

/// A row's rounded form one part after the other in @p memory.
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

/// Bytes that both forms of a row take together, at most.
std::size_t bytesOfRow(std::size_t columns)
{
    const std::size_t sums = roundUp(columns / 8, 64) + roundUp(columns / 16, 64);
    return 2 * (columns + sums) + roundUp(columns / 8, 64) + roundUp(columns / 64, 64);
}

} // namespace

TokenMultiplier::TokenMultiplier(ThreadPool& pool, const KernelTable& kernels)
    : m_pool(pool)
    , m_kernels(kernels)
    , m_of32(kRowsInHand)
    , m_of256(kRowsInHand)
{
}

Result<void> TokenMultiplier::prepare(std::size_t columns)
{
    columns = roundUp(columns, 256);
    if (columns <= m_mostColumns)
        return {};
    m_memory = Memory::allocate(kRowsInHand * bytesOfRow(columns));
    if (!m_memory)
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    m_mostColumns = columns;
    std::byte* at = m_memory.data();
    for (std::size_t row = 0; row < kRowsInHand; ++row) {
        m_of32[row].quantized = placeRow(at, columns, 32);
        m_of256[row].quantized = placeRow(at, columns, 256);
    }
    return {};
}

void TokenMultiplier::takeRows(const float* x, std::size_t xStride, std::size_t count,
                               std::span<const Product> products)
{
    bool of32 = false;
    bool of256 = false;
    for (const Product& product : products) {
        const ActivationGroup group = activationGroup(product.matrix->type());
        of32 |= group == ActivationGroup::Of32;
        of256 |= group == ActivationGroup::Of256;
    }
    const std::size_t columns = products.front().matrix->columns();
    const auto takeRow = [&](std::size_t row, unsigned) {
        const float* values = x + row * xStride;
        m_of32[row].values = values;
        m_of256[row].values = values;
        if (of32)
            m_kernels.quantize32(values, columns, m_of32[row].quantized);
        if (of256)
            m_kernels.quantize256(values, columns, m_of256[row].quantized);
    };
    if (count >= kRowsWorthSharing) {
        m_pool.run(count, takeRow);
        return;
    }
    for (std::size_t row = 0; row < count; ++row)
        takeRow(row, 0);
}

void TokenMultiplier::cut(std::span<const Product> products)
{
    m_stretches.clear();
    for (const Product& product : products) {
        const std::size_t strips = product.matrix->strips();
        const std::size_t step =
            std::max<std::size_t>(1, kBytesAtATime / product.matrix->bytesPerStrip());
        for (std::size_t begin = 0; begin < strips; begin += step)
            m_stretches.push_back({&product, begin, std::min(strips, begin + step)});
    }
}

void TokenMultiplier::multiplyStretch(const Stretch& stretch, std::size_t first,
                                      std::size_t count) const
{
    const Product& product = *stretch.product;
    const PackedMatrix& matrix = *product.matrix;
    const auto dot = m_kernels.dotStrip[static_cast<std::size_t>(matrix.type())];
    const bool of32 = activationGroup(matrix.type()) == ActivationGroup::Of32;
    const RowInput* rows = of32 ? m_of32.data() : m_of256.data();
    for (std::size_t strip = stretch.begin; strip < stretch.end; ++strip) {
        const std::size_t begin = strip * kStripRows;
        const std::size_t width = std::min(kStripRows, matrix.rows() - begin);
        float* out = product.out + first * product.outStride + begin;
        if (width == kStripRows) {
            dot(matrix.strip(strip), matrix.columns(), rows, count, out, product.outStride);
            continue;
        }
        float last[kRowsInHand * kStripRows];
        dot(matrix.strip(strip), matrix.columns(), rows, count, last, kStripRows);
        for (std::size_t row = 0; row < count; ++row)
            std::copy_n(last + row * kStripRows, width, out + row * product.outStride);
    }
}

void TokenMultiplier::multiply(const float* x, std::size_t xStride, std::size_t count,
                               std::span<const Product> products)
{
    assert(!products.empty() && products.front().matrix->columns() <= m_mostColumns);
    cut(products);
    for (std::size_t first = 0; first < count; first += kRowsInHand) {
        const std::size_t rows = std::min(kRowsInHand, count - first);
        takeRows(x + first * xStride, xStride, rows, products);
        m_pool.run(m_stretches.size(), [&](std::size_t index, unsigned) {
            multiplyStretch(m_stretches[index], first, rows);
        });
    }
}

} // namespace kernels
