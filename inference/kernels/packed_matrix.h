// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"
#include "inference/kernels/memory.h"
#include "inference/kernels/strip_layout.h"
#include "inference/kernels/weight_type.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace kernels {

class ThreadPool;

/// A weight matrix W [rows, columns] in strips (strip_layout.h), in the bit width of its file.
/// Rows that fill up the last strip are zero.
/// Threads: const after pack() or view().
class PackedMatrix {
public:
    PackedMatrix() = default;

    /// @p bytes: the rows as in the file, one after the other.
    /// Errors: Unsupported when a row of that length cannot exist in the type, BadSize,
    /// OutOfMemory.
    static Result<PackedMatrix> pack(WeightType type, std::size_t rows, std::size_t columns,
                                     std::span<const std::byte> bytes, ThreadPool& pool);

    /// @p strips: what bytes() of the same matrix gave, in memory that outlives this object.
    /// Errors: Unsupported as pack(), BadSize.
    static Result<PackedMatrix> view(WeightType type, std::size_t rows, std::size_t columns,
                                     std::span<const std::byte> strips);

    [[nodiscard]] WeightType type() const { return m_type; }
    [[nodiscard]] std::size_t rows() const { return m_rows; }
    [[nodiscard]] std::size_t columns() const { return m_columns; }
    [[nodiscard]] std::size_t strips() const { return (m_rows + kStripRows - 1) / kStripRows; }
    [[nodiscard]] std::size_t bytesPerStrip() const { return m_stripBytes; }
    [[nodiscard]] const std::byte* strip(std::size_t index) const
    {
        return m_strips.data() + index * m_stripBytes;
    }
    /// All strips, one after the other.
    [[nodiscard]] std::span<const std::byte> bytes() const { return m_strips; }

private:
    static Result<PackedMatrix> shaped(WeightType type, std::size_t rows, std::size_t columns);

    WeightType m_type = WeightType::F32;
    std::size_t m_rows = 0;
    std::size_t m_columns = 0;
    std::size_t m_stripBytes = 0;
    std::span<const std::byte> m_strips;
    Memory m_memory; // of the strips; none of a view
};

/// A number that changes when any type's place in a strip does: that of strips kept in a file tells
/// whether they are still what the kernels read.
[[nodiscard]] std::uint32_t stripLayoutMark();

/// Puts one row of the file into its place in a strip that was zero.
/// Shapes: row [rowBytes(type, columns)]; strip [stripBytes(type, columns)]; @p lane 0..15.
void packRow(WeightType type, std::size_t columns, const std::byte* row, std::size_t lane,
             std::byte* strip);

} // namespace kernels
