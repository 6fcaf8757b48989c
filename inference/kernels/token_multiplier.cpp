// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/token_multiplier.h"

#include <algorithm>
#include <cassert>

namespace kernels {

namespace {

// A thread takes this share of what is left of the loop's weights at a time, so that all finish
// together though few tasks are handed out (each costs half a microsecond), but between 4 and 30
// microseconds' worth at the speed of memory.
constexpr std::size_t kSharesPerThread = 3;
constexpr std::size_t kLeastBytes = 64 << 10;
constexpr std::size_t kMostBytes = 512 << 10;

// As many rows as one read of the weights serves for about the same time; more take longer.
constexpr std::size_t kRowsAtMemorySpeed = 4;

// Rows in hand at once. Their rounded form stays in the second-level cache beside a strip.
constexpr std::size_t kRowsInHand = 32;

// Of one task: its results are copied once more, and must fit a thread's scratch.
constexpr std::size_t kMostStrips = 32;

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

/// Bytes that all forms of a row take together, at most.
std::size_t bytesOfRow(std::size_t columns)
{
    const std::size_t sums = roundUp(columns / 8, 64) + roundUp(columns / 16, 64);
    return columns * sizeof(float) + 2 * (columns + sums) + roundUp(columns / 8, 64) +
           roundUp(columns / 64, 64);
}

} // namespace

TokenMultiplier::TokenMultiplier(ThreadPool& pool, const KernelTable& kernels)
    : m_pool(pool)
    , m_kernels(kernels)
    , m_hands(pool.threads())
{
}

TokenMultiplier::~TokenMultiplier()
{
    m_pool.settle(); // the rows in hand go
}

Result<void> TokenMultiplier::prepare(std::size_t columns)
{
    columns = roundUp(columns, 256);
    if (columns <= m_mostColumns)
        return {};
    if (!m_pool.reserveScratch(kRowsInHand * kMostStrips * kStripRows * sizeof(float)))
        return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
    for (Hand& hand : m_hands) {
        hand.memory = Memory::allocate(kRowsInHand * bytesOfRow(columns));
        if (!hand.memory)
            return std::unexpected(Error{Errc::OutOfMemory, "working memory of the products"});
        for (auto* rows : {&hand.plain, &hand.of32, &hand.of256})
            rows->assign(kRowsInHand, {});
        std::byte* at = hand.memory.data();
        for (std::size_t row = 0; row < kRowsInHand; ++row) {
            hand.plain[row].values = reinterpret_cast<float*>(at);
            at += columns * sizeof(float);
            hand.of32[row].quantized = placeRow(at, columns, 32);
            hand.of256[row].quantized = placeRow(at, columns, 256);
        }
    }
    m_mostColumns = columns;
    return {};
}

TokenMultiplier::Hand& TokenMultiplier::freeHand()
{
    // As a rule the first one: its memory is in the cache.
    const auto hand = std::ranges::find_if(m_hands, [this](const Hand& candidate) {
        return !m_pool.isBusyWith(candidate.firstLoop, candidate.lastLoop);
    });
    assert(hand != m_hands.end()); // fewer threads can be late than there are
    hand->firstLoop = m_pool.lastLoop() + 1;
    return *hand;
}

void TokenMultiplier::takeRows(Hand& hand, const float* x, std::size_t xStride, std::size_t count,
                               std::span<const Product> products, const MakeRow& make)
{
    bool plain = false;
    bool of32 = false;
    bool of256 = false;
    for (const Product& product : products) {
        const ActivationGroup group = activationGroup(product.matrix->type());
        plain |= group == ActivationGroup::None;
        of32 |= group == ActivationGroup::Of32;
        of256 |= group == ActivationGroup::Of256;
    }
    const std::size_t columns = products.front().matrix->columns();
    const auto takeRow = [&](std::size_t row, unsigned) {
        if (make)
            make(row);
        const float* values = x + row * xStride;
        if (plain)
            std::copy_n(values, columns, const_cast<float*>(hand.plain[row].values));
        if (of32)
            m_kernels.quantize32(values, columns, hand.of32[row].quantized);
        if (of256)
            m_kernels.quantize256(values, columns, hand.of256[row].quantized);
    };
    if (count >= kRowsWorthSharing) {
        m_pool.run(count, takeRow);
        return;
    }
    for (std::size_t row = 0; row < count; ++row)
        takeRow(row, 0);
}

void TokenMultiplier::cut(const Hand& hand, std::size_t first, std::size_t count,
                          std::span<const Product> products)
{
    m_tasks.clear();
    std::size_t left = 0;
    for (const Product& product : products)
        left += product.matrix->strips() * product.matrix->bytesPerStrip();
    const std::size_t most = kMostBytes * kRowsAtMemorySpeed / std::max(count, kRowsAtMemorySpeed);
    for (const Product& product : products) {
        const PackedMatrix& matrix = *product.matrix;
        const ActivationGroup group = activationGroup(matrix.type());
        const std::vector<RowInput>& rows = group == ActivationGroup::None   ? hand.plain
                                            : group == ActivationGroup::Of32 ? hand.of32
                                                                             : hand.of256;
        std::size_t strips = 0;
        for (std::size_t begin = 0; begin < matrix.strips(); begin += strips) {
            const std::size_t share = left / (kSharesPerThread * m_pool.threads());
            const std::size_t bytes = std::min(std::max(share, kLeastBytes), most);
            strips = std::clamp<std::size_t>(bytes / matrix.bytesPerStrip(), 1, kMostStrips);
            strips = std::min(strips, matrix.strips() - begin);
            left -= strips * matrix.bytesPerStrip();
            const std::size_t rowsLeft = matrix.rows() - begin * kStripRows;
            m_tasks.push_back({.dot = m_kernels.dotStrip[static_cast<std::size_t>(matrix.type())],
                               .strips = matrix.strip(begin),
                               .bytesPerStrip = matrix.bytesPerStrip(),
                               .columns = matrix.columns(),
                               .rows = rows.data(),
                               .out = product.out + first * product.outStride + begin * kStripRows,
                               .outStride = product.outStride,
                               .stripCount = static_cast<std::uint32_t>(strips),
                               .rowCount = static_cast<std::uint32_t>(count),
                               .width = std::min(rowsLeft, strips * kStripRows)});
        }
    }
}

void TokenMultiplier::compute(const Task& task, std::byte* scratch)
{
    const std::size_t stride = task.stripCount * kStripRows;
    for (std::size_t strip = 0; strip < task.stripCount; ++strip) {
        task.dot(task.strips + strip * task.bytesPerStrip, task.columns, task.rows, task.rowCount,
                 reinterpret_cast<float*>(scratch) + strip * kStripRows, stride);
    }
}

void TokenMultiplier::commit(const Task& task, const std::byte* scratch)
{
    const std::size_t stride = task.stripCount * kStripRows;
    for (std::size_t row = 0; row < task.rowCount; ++row)
        std::copy_n(reinterpret_cast<const float*>(scratch) + row * stride, task.width,
                    task.out + row * task.outStride);
}

void TokenMultiplier::multiply(const float* x, std::size_t xStride, std::size_t count,
                               std::span<const Product> products, const MakeRow& make)
{
    assert(!products.empty() && products.front().matrix->columns() <= m_mostColumns);
    for (std::size_t first = 0; first < count; first += kRowsInHand) {
        const std::size_t rows = std::min(kRowsInHand, count - first);
        Hand& hand = freeHand();
        const MakeRow makeOwn =
            make && first > 0 ? [&](std::size_t row) { make(first + row); } : make;
        takeRows(hand, x + first * xStride, xStride, rows, products, makeOwn);
        cut(hand, first, rows, products);
        m_pool.runRecoverable(
            std::span<const Task>(m_tasks),
            [](const Task& task, std::byte* scratch, unsigned) { compute(task, scratch); },
            [](const Task& task, const std::byte* scratch) { commit(task, scratch); });
        hand.lastLoop = m_pool.lastLoop();
    }
}

} // namespace kernels
