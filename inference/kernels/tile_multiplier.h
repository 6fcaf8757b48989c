// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/onednn_matmul.h"
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/plain_panel.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace kernels {

/// What PlainMultiplier does in bfloat16, left to oneDNN, which knows the products of whole tiles
/// (AMX) that our kernels do not: a panel is widened over its whole length, and every product has
/// as many rows of activations, wanted or not, so that a result has one definition here too. It
/// differs from PlainMultiplier's in the order of sums.
///
/// Threads: as PlainMultiplier.
class TileMultiplier {
public:
    /// @p kernels: in bfloat16.
    TileMultiplier(const PlainKernels& kernels, unsigned workers);

    /// Makes ready for up to @p rows rows of @p columns columns.
    /// Errors: as OnednnMatmul::create; OutOfMemory.
    Result<void> prepare(std::size_t rows, std::size_t columns);

    /// Row @p row of the activations. Shapes: x [columns].
    void takeRow(const float* x, std::size_t columns, std::size_t row);
    /// As PlainMultiplier::multiply, panels too.
    void multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count, float* out,
                  std::size_t outStride, unsigned worker);

private:
    [[nodiscard]] std::byte* rowOf(std::size_t row, std::size_t padded) const
    {
        return m_activations.data() + row * padded * sizeof(std::uint16_t);
    }

    const PlainKernels& m_kernels;
    std::map<std::size_t, OnednnMatmul> m_products; // by columns, rounded up to the library's step
    std::size_t m_rows = 0;
    std::size_t m_columns = 0;
    Memory m_activations;             // [rows, columns rounded up]
    std::vector<Memory> m_workplaces; // by worker: one tile of C, then a panel
};

} // namespace kernels
