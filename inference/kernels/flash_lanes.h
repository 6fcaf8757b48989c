// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention of a prompt's rows (flash.h) in terms of the lanes that the including tier file has
// chosen, and of products: of what type the factors are and how they are multiplied.

#include "inference/kernels/flash.h"
#include "inference/kernels/kv_load_lanes.h"
#include "inference/kernels/vector_lanes.h"

namespace kernels {
namespace {

/// Products of float32.
struct SingleProducts {
    using Element = float;
    static constexpr std::size_t kStep = 1; // inner elements that one product takes
    using Factor = Floats;

    static Factor spread(const Element* p) { return broadcast(*p); }
    static Factor factor(const Element* p) { return load(p); }
    static Floats add(Floats sum, Factor a, Factor b) { return mulAdd(a, b, sum); }
    static void storeRow(Element* p, Floats a) { store(p, a); }
    static Floats power(Floats x) { return exponential(x); }
    /// Inner element @p i of sixteen columns.
    static void storeColumns(Element* p, Floats even, Floats) { store(p, even); }
};

// Sums of a micro-tile are kept in registers: six rows of four vectors in 32 registers, six of one
// (of two registers) in 16.
constexpr int kTileRows = kAccumulators >= 4 ? 6 : 2;
constexpr int kTileVectors = kAccumulators >= 8 ? 4 : 1;

/// c [rows][16 Vectors] = c * factor + a b over the inner dimension. a [rows][aStride];
/// b [steps][bStride] of columns side by side, kStep inner elements of a column together.
template <typename Products>
struct MicroTile {
    const typename Products::Element* a;
    std::size_t aStride;
    const typename Products::Element* b;
    std::size_t bStride;
    std::size_t steps;
    float* c;
    std::size_t cStride;
    const float* factors; // of the rows of c; null: c is not read

    template <int Rows, int Vectors>
    [[gnu::always_inline]] void run() const
    {
        Floats sums[Rows][Vectors];
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v) {
                sums[r][v] = factors == nullptr
                                 ? zeroFloats()
                                 : load(c + r * cStride + 16 * v) * broadcast(factors[r]);
            }
        }
        for (std::size_t step = 0; step < steps; ++step) {
            typename Products::Factor columns[Vectors];
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v)
                columns[v] = Products::factor(b + step * bStride + 16 * Products::kStep * v);
#pragma GCC unroll 8
            for (int r = 0; r < Rows; ++r) {
                const auto row = Products::spread(a + r * aStride + step * Products::kStep);
#pragma GCC unroll 8
                for (int v = 0; v < Vectors; ++v)
                    sums[r][v] = Products::add(sums[r][v], columns[v], row);
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v)
                store(c + r * cStride + 16 * v, sums[r][v]);
        }
    }
};

template <int Rows>
struct TileColumns {
    template <int Vectors, typename Tile>
    void run(const Tile& tile) const
    {
        tile.template run<Rows, Vectors>();
    }
};
struct TileRows {
    template <int Rows, typename Tile>
    void run(const Tile& tile, std::size_t vectors) const
    {
        withCount<kTileVectors>(vectors, TileColumns<Rows>(), tile);
    }
};

/// All columns of a few rows.
template <typename Products>
void multiplyRows(MicroTile<Products> tile, std::size_t rows, std::size_t columns)
{
    for (std::size_t column = 0; column < columns; column += 16 * kTileVectors) {
        withCount<kTileRows>(rows, TileRows(), tile, (columns - column) / 16);
        tile.b += 16 * kTileVectors * Products::kStep;
        tile.c += 16 * kTileVectors;
    }
}

/// One call's working memory.
template <typename Products>
class FlashTile {
public:
    explicit FlashTile(const FlashTask& task)
        : m_task(task)
        , m_inner(roundedUp(task.head.keyLength, Products::kStep))
        , m_stride(valueStride(task.head.valueLength))
    {
        std::byte* at = task.scratch;
        const auto take = [&at]<typename T>(T*& to, std::size_t count) {
            to = reinterpret_cast<T*>(at);
            at += roundedUp(count * sizeof(T), 64);
        };
        take(m_queries, kFlashRows * m_inner);
        take(m_keys, m_inner * kFlashBlock);
        take(m_values, kFlashBlock * m_stride);
        take(m_scores, kFlashRows * kFlashBlock);
        take(m_sums, kFlashRows * m_stride);
        take(m_maxima, kFlashRows);
        take(m_weights, kFlashRows);
        take(m_factors, kFlashRows);
        take(m_scales, kFlashBlock);
    }

    void run()
    {
        begin();
        const std::size_t last = m_task.visible[m_task.rows - 1];
        for (std::size_t block = m_task.from[0] / kFlashBlock * kFlashBlock; block < last;
             block += kFlashBlock) {
            // Both ascend: the rows that see something of the block follow one another.
            std::size_t first = 0;
            while (m_task.visible[first] <= block)
                ++first;
            std::size_t end = m_task.rows;
            while (m_task.from[end - 1] >= block + kFlashBlock)
                --end;
            takeBlock(block, last);
            score(block, first, end);
            for (std::size_t row = first; row < end; ++row)
                weigh(block, row);
            sum(block, first, end);
        }
        finish();
    }

private:
    using Element = typename Products::Element;

    void begin()
    {
        for (std::size_t row = 0; row < m_task.rows; ++row) {
            const float* query = m_task.queries[row];
            const std::size_t length = m_task.head.keyLength;
            for (std::size_t i = 0; i < m_inner; i += 16) {
                float some[16] = {};
                for (std::size_t j = i; j < length && j < i + 16; ++j)
                    some[j - i] = query[j];
                Element rounded[16];
                Products::storeRow(rounded, load(some));
                for (std::size_t j = i; j < m_inner && j < i + 16; ++j)
                    m_queries[row * m_inner + j] = rounded[j - i];
            }
            for (std::size_t i = 0; i < m_stride; i += 16)
                store(m_sums + row * m_stride + i, zeroFloats());
            m_maxima[row] = kUnseen;
            m_weights[row] = 0;
        }
    }

    /// Keys and values of two pages, converted once for all rows.
    void takeBlock(std::size_t block, std::size_t last)
    {
        for (std::size_t column = 0; column < kFlashBlock; column += kPageTokens) {
            const std::size_t page = (block + column) / kPageTokens;
            if (block + column < last) {
                withKeys(m_task.head, page, [&](const auto& keys) { takeKeys(keys, column); });
                withValues(m_task.head, page,
                           [&](const auto& values) { takeValues(values, column); });
            } else {
                // Nobody sees them, and what is not a number would show even with no weight.
                takeKeys(NoNumbers(), column);
                takeValues(NoNumbers(), column);
            }
            takeScales(block + column < last ? valueScalesOf(m_task.head, page) : nullptr, column);
        }
    }

    struct NoNumbers {
        [[nodiscard]] Floats at(std::size_t, std::size_t) const { return zeroFloats(); }
    };

    /// [inner / step][64][step]
    template <typename Keys>
    void takeKeys(const Keys& keys, std::size_t column)
    {
        const std::size_t length = m_task.head.keyLength;
        for (std::size_t i = 0; i < length; i += Products::kStep) {
            for (std::size_t slot = 0; slot < kPageTokens; slot += 16) {
                Floats odd = zeroFloats();
                if constexpr (Products::kStep == 2) {
                    if (i + 1 < length)
                        odd = keys.at(i + 1, slot);
                }
                Products::storeColumns(m_keys + i * kFlashBlock + (column + slot) * Products::kStep,
                                       keys.at(i, slot), odd);
            }
        }
    }

    /// [64 / step][stride][step]
    template <typename Values>
    void takeValues(const Values& values, std::size_t column)
    {
        for (std::size_t slot = 0; slot < kPageTokens; slot += Products::kStep) {
            for (std::size_t i = 0; i < m_stride; i += 16) {
                Floats odd = zeroFloats();
                if constexpr (Products::kStep == 2)
                    odd = values.at(slot + 1, i);
                Products::storeColumns(m_values + (column + slot) * m_stride + i * Products::kStep,
                                       values.at(slot, i), odd);
            }
        }
    }

    void takeScales(const std::uint16_t* scales, std::size_t column)
    {
        for (std::size_t p = 0; p < kPageTokens; p += 16)
            store(m_scales + column + p,
                  scales == nullptr ? broadcast(1.0F) : loadHalf(scales + p));
    }

    /// Columns of the block that a row needs, in whole vectors.
    [[nodiscard]] std::size_t columnsOf(std::size_t block, std::size_t row) const
    {
        const std::size_t seen = m_task.visible[row] - block;
        return seen < kFlashBlock ? roundedUp(seen, 16) : kFlashBlock;
    }

    template <typename F>
    void eachTile(std::size_t block, std::size_t first, std::size_t end, const F& f) const
    {
        for (std::size_t row = first; row < end; row += kTileRows) {
            const std::size_t left = end - row;
            const std::size_t rows = left < kTileRows ? left : kTileRows;
            f(row, rows, columnsOf(block, row + rows - 1));
        }
    }

    void score(std::size_t block, std::size_t first, std::size_t end)
    {
        eachTile(block, first, end, [&](std::size_t row, std::size_t rows, std::size_t columns) {
            multiplyRows<Products>({m_queries + row * m_inner, m_inner, m_keys,
                                    kFlashBlock * Products::kStep, m_inner / Products::kStep,
                                    m_scores + row * kFlashBlock, kFlashBlock, nullptr},
                                   rows, columns);
        });
    }

    /// Scores become weights, in place, as the type of the products.
    void weigh(std::size_t block, std::size_t row)
    {
        float* scores = m_scores + row * kFlashBlock;
        const std::size_t seen = m_task.visible[row] - block;
        const std::size_t hidden = m_task.from[row] > block ? m_task.from[row] - block : 0;
        const bool whole = seen >= kFlashBlock && hidden == 0;
        const auto hide = [&](float value) {
            for (std::size_t p = seen; p < kFlashBlock; ++p)
                scores[p] = value;
            for (std::size_t p = 0; p < hidden; ++p)
                scores[p] = value;
        };
        if (!whole)
            hide(kUnseen);
        Floats most = load(scores);
        for (std::size_t p = 16; p < kFlashBlock; p += 16)
            most = max(most, load(scores + p));
        const float before = m_maxima[row];
        const float highest = maximum(most);
        const float now = highest > before ? highest : before;

        Floats total = zeroFloats();
        auto* weights = reinterpret_cast<Element*>(scores);
        const auto keep = [&](std::size_t p, Floats weight) {
            total = total + weight;
            Products::storeRow(weights + p, weight * load(m_scales + p));
        };
        if (whole) {
            for (std::size_t p = 0; p < kFlashBlock; p += 16)
                keep(p, Products::power(load(scores + p) - broadcast(now)));
        } else {
            for (std::size_t p = 0; p < kFlashBlock; p += 16)
                store(scores + p, Products::power(load(scores + p) - broadcast(now)));
            hide(0); // also in a row that has seen nothing yet, where each would weigh one
            for (std::size_t p = 0; p < kFlashBlock; p += 16)
                keep(p, load(scores + p));
        }
        const float shrink = now > before ? (before > kUnseen ? expf(before - now) : 0.0F) : 1.0F;
        m_factors[row] = shrink;
        m_weights[row] = m_weights[row] * shrink + ::kernels::sum(total);
        m_maxima[row] = now;
    }

    void sum(std::size_t block, std::size_t first, std::size_t end)
    {
        constexpr std::size_t kWeightStride = kFlashBlock * sizeof(float) / sizeof(Element);
        eachTile(block, first, end, [&](std::size_t row, std::size_t rows, std::size_t columns) {
            multiplyRows<Products>(
                {reinterpret_cast<const Element*>(m_scores) + row * kWeightStride, kWeightStride,
                 m_values, m_stride * Products::kStep, columns / Products::kStep,
                 m_sums + row * m_stride, m_stride, m_factors + row},
                rows, m_stride);
        });
    }

    void finish()
    {
        for (std::size_t row = 0; row < m_task.rows; ++row) {
            const float* sums = m_sums + row * m_stride;
            for (std::size_t i = 0; i < m_task.head.valueLength; ++i)
                m_task.out[row][i] = sums[i] / m_weights[row];
        }
    }

    const FlashTask& m_task;
    std::size_t m_inner;  // of a key, in whole steps
    std::size_t m_stride; // of a value
    Element* m_queries;   // [rows][inner]
    Element* m_keys;
    Element* m_values;
    float* m_scores;  // [rows][64]; then the weights in their place
    float* m_sums;    // [rows][stride]
    float* m_maxima;  // [rows]
    float* m_weights; // [rows]
    float* m_factors; // [rows]: what the sums shrink by, the maximum having grown
    float* m_scales;  // [64]
};

template <typename Products>
void flash(const FlashTask& task)
{
    FlashTile<Products>(task).run();
}

} // namespace
} // namespace kernels
