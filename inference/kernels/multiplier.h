// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/group_multiplier.h"
#include "inference/kernels/kernel_table.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/panel_multiplier.h"
#include "inference/kernels/plain_multiplier.h"
#include "inference/kernels/product.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"
#include "inference/kernels/tile_multiplier.h"
#include "inference/kernels/token_multiplier.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace kernels {

/// Activations times weights, in two ways with a numeric definition of their own each: those of
/// generated tokens by reading the weights once in their own width, those of a prompt by unpacking
/// a panel of weights in the cache: to int8 where the type has blocks of 256 (PanelMultiplier), to
/// bfloat16 or float32 where it is a number by itself (PlainMultiplier). The types with a scale for
/// every 32 weights have one definition for both kinds (docs/decisions/0030). What it computes does
/// not depend on the number of threads, nor on how many rows there are.
///
/// Matrices must outlive a settle() of the pool (TokenMultiplier).
/// Threads: one call at a time; the work goes to the pool.
class Multiplier {
public:
    struct Options {
        Tier tier = bestTier();
        bool exact = false; // float32 panels, for both kinds of rows
        /// Panels of bfloat16 go to oneDNN, where it can.
        bool library = hasTileProducts();
    };

    /// Rows that one call of rows() may hold.
    static constexpr std::size_t kMostRows = 256;

    Multiplier(ThreadPool& pool, Options options);

    /// Makes ready for matrices with @p columns columns. All of them come before the first product.
    /// Errors: OutOfMemory.
    Result<void> prepare(std::size_t columns);

    /// Rows of generated tokens, any number (exact: kMostRows). Shapes: x [count, columns], row r
    /// at x + r * xStride, the same columns for all @p products. @p make: may be empty, when the
    /// rows are there.
    void tokens(const float* x, std::size_t xStride, std::size_t count,
                std::span<const Product> products, const MakeRow& make = {});
    /// Rows of a prompt, up to kMostRows. Shapes: x [count, columns], row r at x + r * xStride.
    void rows(const float* x, std::size_t xStride, std::size_t count,
              std::span<const Product> products, const MakeRow& make = {});

    [[nodiscard]] const KernelTable& kernels() const { return m_kernels; }

    /// To be raised with every change after which the same weights and input give other bits: what
    /// was computed before is not taken up again then.
    static constexpr int kNumerics = 2;
    /// Whether the library multiplies bfloat16, whose sums are in another order than our own.
    [[nodiscard]] bool usesLibrary() const { return m_tilePanels.has_value(); }

private:
    [[nodiscard]] bool asInt8(WeightType type) const
    {
        return !m_exact && m_int8Panels.takes(type);
    }
    void groupRows(const float* x, std::size_t xStride, std::size_t count,
                   std::span<const Product> products, const MakeRow& make);
    void panelRows(const float* x, std::size_t xStride, std::size_t count,
                   std::span<const Product> products, const MakeRow& make);
    [[nodiscard]] std::size_t panelsOf(const PackedMatrix& matrix) const;
    void takeRows(const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products, const MakeRow& make);
    void multiplyPanel(const Product& product, std::size_t panel, std::size_t count,
                       unsigned worker);

    ThreadPool& m_pool;
    const KernelTable& m_kernels;
    bool m_exact;
    TokenMultiplier m_tokens;
    GroupMultiplier m_groups;
    PanelMultiplier m_int8Panels;
    PlainMultiplier m_plainPanels;
    std::optional<TileMultiplier> m_tilePanels; // in the place of the plain ones
    std::size_t m_mostColumns = 0;
};

} // namespace kernels
