// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/plain_panel.h"

#include <cstddef>
#include <vector>

namespace kernels {

/// Many rows of activations times weights as bfloat16 or float32 numbers: a block of columns of a
/// panel is widened from its strips into the first-level cache, multiplied by that block of all
/// rows, and forgotten. A result has one definition: its products added up in float32 from the
/// first column to the last.
///
/// Threads: takeRow() and multiply() from several threads at once, each with its own worker number;
/// a row or a panel belongs to one of them.
class PlainMultiplier {
public:
    PlainMultiplier(const PlainKernels& kernels, unsigned workers);

    /// Makes ready for up to @p rows rows of up to @p columns columns. Errors: OutOfMemory.
    Result<void> prepare(std::size_t rows, std::size_t columns);

    /// Row @p row of the activations. Shapes: x [columns].
    void takeRow(const float* x, std::size_t columns, std::size_t row);

    [[nodiscard]] static std::size_t panels(const PackedMatrix& matrix)
    {
        return (matrix.rows() + kPanelRows - 1) / kPanelRows;
    }
    /// Output rows of panel @p panel, of the first @p count rows of activations.
    /// Shapes: out [count, matrix.rows()], row r at out + r * outStride.
    void multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count, float* out,
                  std::size_t outStride, unsigned worker);

private:
    /// Working memory of one thread.
    struct Workplace {
        Memory memory;
        std::byte* panel = nullptr; // kPlainColumns columns
        float* tile = nullptr;      // [rows, kPanelRows]
    };

    [[nodiscard]] std::byte* rowOf(std::size_t block, std::size_t row) const
    {
        return m_activations.data() +
               (block * m_rows + row) * kPlainColumns * m_kernels.elementBytes;
    }
    void askAhead(const PackedMatrix& matrix, std::size_t panel, std::size_t block,
                  std::size_t part, std::size_t parts) const;

    const PlainKernels& m_kernels;
    std::size_t m_rows = 0;
    std::size_t m_blocks = 0;
    Memory m_activations;                // [blocks][rows][kPlainColumns] elements
    std::vector<Workplace> m_workplaces; // by worker
};

} // namespace kernels
