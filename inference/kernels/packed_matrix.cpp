// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"

#include "inference/kernels/thread_pool.h"

#include <algorithm>
#include <limits>

namespace kernels {

Result<PackedMatrix> PackedMatrix::pack(WeightType type, std::size_t rows, std::size_t columns,
                                        std::span<const std::byte> bytes, ThreadPool& pool)
{
    const std::size_t perRow = rowBytes(type, columns);
    const std::size_t perStrip = stripBytes(type, columns);
    if (rows == 0 || columns == 0 || perRow == 0 || perStrip == 0)
        return std::unexpected(Error{Errc::Unsupported, "a row length that the type cannot hold"});
    if (bytes.size() / perRow != rows || bytes.size() % perRow != 0)
        return std::unexpected(Error{Errc::BadSize, "bytes of a matrix"});

    PackedMatrix matrix;
    matrix.m_type = type;
    matrix.m_rows = rows;
    matrix.m_columns = columns;
    matrix.m_stripBytes = perStrip;
    if (matrix.strips() > std::numeric_limits<std::size_t>::max() / perStrip)
        return std::unexpected(Error{Errc::OutOfMemory, "a matrix"});
    matrix.m_memory = Memory::allocate(matrix.strips() * perStrip, Memory::Pages::Large);
    if (!matrix.m_memory)
        return std::unexpected(Error{Errc::OutOfMemory, "a matrix"});

    pool.run(matrix.strips(), [&](std::size_t strip, unsigned) {
        const std::size_t first = strip * kStripRows;
        const std::size_t count = std::min(kStripRows, rows - first);
        for (std::size_t lane = 0; lane < count; ++lane) {
            packRow(type, columns, bytes.data() + (first + lane) * perRow, lane,
                    matrix.m_memory.data() + strip * perStrip);
        }
    });
    return matrix;
}

} // namespace kernels
