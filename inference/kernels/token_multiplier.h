// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/kernel_table.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/product.h"
#include "inference/kernels/thread_pool.h"

#include <cstddef>
#include <span>
#include <vector>

namespace kernels {

/// Activations of generated tokens times weights in their own width. However many rows there are,
/// a strip of weights comes from memory once. A row's result is the same bits for any number of
/// rows beside it and any number of threads.
///
/// Threads: one call at a time; the work goes to the pool.
class TokenMultiplier {
public:
    TokenMultiplier(ThreadPool& pool, const KernelTable& kernels);

    /// Makes ready for matrices with up to @p columns columns. Errors: OutOfMemory.
    Result<void> prepare(std::size_t columns);

    /// Any number of rows. Shapes: x [count, columns], row r at x + r * xStride, the same columns
    /// for all @p products.
    void multiply(const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products);

private:
    /// A run of strips of one product.
    struct Stretch {
        const Product* product;
        std::size_t begin;
        std::size_t end;
    };

    void takeRows(const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products);
    void cut(std::span<const Product> products);
    void multiplyStretch(const Stretch& stretch, std::size_t first, std::size_t count) const;

    ThreadPool& m_pool;
    const KernelTable& m_kernels;
    std::size_t m_mostColumns = 0;
    Memory m_memory;
    std::vector<RowInput> m_of32; // the rows in hand, as the types want them
    std::vector<RowInput> m_of256;
    std::vector<Stretch> m_stretches;
};

} // namespace kernels
