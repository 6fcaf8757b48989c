// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/kernel_table.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/product.h"
#include "inference/kernels/thread_pool.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

/// Activations of generated tokens times weights in their own width. However many rows there are,
/// a strip of weights comes from memory once. A row's result is the same bits for any number of
/// rows beside it and any number of threads.
///
/// A call does not wait for a thread that the system has put aside (ThreadPool::runRecoverable):
/// the matrices must outlive a settle() of the pool. Threads: one call at a time; the work goes to
/// the pool.
class TokenMultiplier {
public:
    TokenMultiplier(ThreadPool& pool, const KernelTable& kernels);
    ~TokenMultiplier();
    TokenMultiplier(const TokenMultiplier&) = delete;
    TokenMultiplier& operator=(const TokenMultiplier&) = delete;

    /// Makes ready for matrices with up to @p columns columns. Errors: OutOfMemory.
    Result<void> prepare(std::size_t columns);

    /// Any number of rows. Shapes: x [count, columns], row r at x + r * xStride, the same columns
    /// for all @p products. @p make: may be empty, when the rows are there.
    void multiply(const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products, const MakeRow& make = {});

private:
    /// A run of strips of one product, with all that its computation reads.
    struct Task {
        KernelTable::DotStrip dot;
        const std::byte* strips;
        std::size_t bytesPerStrip;
        std::size_t columns;
        const RowInput* rows;
        float* out;
        std::size_t outStride;
        std::uint32_t stripCount;
        std::uint32_t rowCount;
        std::size_t width; // of the result: the last strip may have rows of the matrix to spare
    };
    /// The rows in hand, as the types want them. A thread that was put aside may still read those
    /// of an earlier call: there are as many sets as threads, so that one is always free.
    struct Hand {
        Memory memory;
        std::vector<RowInput> plain;
        std::vector<RowInput> of32;
        std::vector<RowInput> of256;
        std::uint32_t firstLoop = 0; // in which it was read
        std::uint32_t lastLoop = 0;
    };

    static void compute(const Task& task, std::byte* scratch);
    static void commit(const Task& task, const std::byte* scratch);

    Hand& freeHand();
    void takeRows(Hand& hand, const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products, const MakeRow& make);
    void cut(const Hand& hand, std::size_t first, std::size_t count,
             std::span<const Product> products);

    ThreadPool& m_pool;
    const KernelTable& m_kernels;
    std::size_t m_mostColumns = 0;
    std::vector<Hand> m_hands;
    std::vector<Task> m_tasks;
};

} // namespace kernels
