// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/kernel_table.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/panel_task.h"

#include <cstddef>
#include <vector>

namespace kernels {

/// Many rows of activations times the weights of the types with blocks of 256, as int8: a group of
/// columns of a panel is unpacked into the first-level cache, multiplied by that group of all rows,
/// and forgotten. A result has one definition: the sums over groups of 256 are whole numbers, and
/// the groups are added up from the first to the last in float32.
///
/// Threads: quantizeRow() and multiply() from several threads at once, each with its own worker
/// number; a row or a panel belongs to one of them.
class PanelMultiplier {
public:
    PanelMultiplier(const KernelTable& kernels, unsigned workers);

    /// Whether @p type is one of those that are computed here.
    [[nodiscard]] bool takes(WeightType type) const
    {
        return m_kernels.expandInt8[static_cast<std::size_t>(type)] != nullptr;
    }

    /// Makes ready for up to @p rows rows of up to @p columns columns, whole groups.
    /// Errors: OutOfMemory.
    Result<void> prepare(std::size_t rows, std::size_t columns);

    /// Row @p row of the activations. Shapes: x [columns].
    void quantizeRow(const float* x, std::size_t columns, std::size_t row);

    [[nodiscard]] static std::size_t panels(const PackedMatrix& matrix)
    {
        return (matrix.rows() + kPanelWidth - 1) / kPanelWidth;
    }
    /// Output rows of panel @p panel, of the first @p count rows of activations.
    /// Shapes: out [count, matrix.rows()], row r at out + r * outStride.
    void multiply(const PackedMatrix& matrix, std::size_t panel, std::size_t count, float* out,
                  std::size_t outStride, unsigned worker);

private:
    /// Working memory of one thread.
    struct Workplace {
        Memory memory;
        PanelWeights weights;
        float* tile = nullptr; // [rows, kPanelWidth]
    };

    static const std::byte* tileOf(const PackedMatrix& matrix, std::size_t strip,
                                   std::size_t group);
    void askAhead(const PackedMatrix& matrix, std::size_t panel, std::size_t group);

    const KernelTable& m_kernels;
    std::size_t m_rows = 0;
    std::size_t m_groups = 0;
    Memory m_activations;
    std::vector<PanelActivations> m_parts; // by group
    std::vector<Workplace> m_workplaces;   // by worker
};

} // namespace kernels
