// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/group_panel.h"
#include "inference/kernels/kernel_table.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/product.h"
#include "inference/kernels/thread_pool.h"

#include <cstddef>
#include <span>
#include <vector>

namespace kernels {

/// Many rows of activations times matrices of the types with a scale for every 32 weights. The
/// numbers are those of TokenMultiplier, bit by bit: it pays from about a dozen rows on.
///
/// Threads: one call at a time; the work goes to the pool.
class GroupMultiplier {
public:
    GroupMultiplier(ThreadPool& pool, const KernelTable& kernels);

    /// Whether the tier computes @p type here.
    [[nodiscard]] bool takes(WeightType type) const
    {
        return m_kernels.expandGroups[static_cast<std::size_t>(type)] != nullptr;
    }

    /// Makes ready for up to @p rows rows of up to @p columns columns. Errors: OutOfMemory.
    Result<void> prepare(std::size_t rows, std::size_t columns);

    /// Shapes: x [count, columns], row r at x + r * xStride, the same columns for all @p products.
    /// @p make: may be empty, when the rows are there.
    void multiply(const float* x, std::size_t xStride, std::size_t count,
                  std::span<const Product> products, const MakeRow& make = {});

private:
    /// Working memory of one thread.
    struct Workplace {
        Memory memory;
        GroupPanel panel;
        float* tile = nullptr; // [rows, kGroupPanelRows]
    };

    [[nodiscard]] bool placeActivations(std::size_t rows, std::size_t chunks);
    [[nodiscard]] static bool place(Workplace& place, std::size_t rows);
    void multiplyPanel(const Product& product, std::size_t panel, std::size_t count,
                       unsigned worker) const;

    ThreadPool& m_pool;
    const KernelTable& m_kernels;
    std::size_t m_rows = 0;
    std::size_t m_chunks = 0;
    Memory m_memory;
    std::vector<GroupActivations> m_activations; // by chunk of columns
    std::vector<Workplace> m_workplaces;         // by worker
};

} // namespace kernels
