// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"

#include "inference/kernels/checksum.h"
#include "inference/kernels/thread_pool.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace kernels {

Result<PackedMatrix> PackedMatrix::shaped(WeightType type, std::size_t rows, std::size_t columns)
{
    const std::size_t perStrip = stripBytes(type, columns);
    if (rows == 0 || columns == 0 || rowBytes(type, columns) == 0 || perStrip == 0)
        return std::unexpected(Error{Errc::Unsupported, "a row length that the type cannot hold"});
    PackedMatrix matrix;
    matrix.m_type = type;
    matrix.m_rows = rows;
    matrix.m_columns = columns;
    matrix.m_stripBytes = perStrip;
    if (matrix.strips() > std::numeric_limits<std::size_t>::max() / perStrip)
        return std::unexpected(Error{Errc::OutOfMemory, "a matrix"});
    return matrix;
}

Result<PackedMatrix> PackedMatrix::pack(WeightType type, std::size_t rows, std::size_t columns,
                                        std::span<const std::byte> bytes, ThreadPool& pool)
{
    const std::size_t perRow = rowBytes(type, columns);
    const bool possible = rows != 0 && perRow != 0; // else shaped() says what is wrong
    if (possible && (bytes.size() / perRow != rows || bytes.size() % perRow != 0))
        return std::unexpected(Error{Errc::BadSize, "bytes of a matrix"});
    auto matrix = shaped(type, rows, columns);
    if (!matrix)
        return matrix;
    const std::size_t perStrip = matrix->m_stripBytes;
    matrix->m_memory = Memory::allocate(matrix->strips() * perStrip, Memory::Pages::Large);
    if (!matrix->m_memory)
        return std::unexpected(Error{Errc::OutOfMemory, "a matrix"});
    std::byte* const strips = matrix->m_memory.data();
    matrix->m_strips = {strips, matrix->strips() * perStrip};

    pool.run(matrix->strips(), [&](std::size_t strip, unsigned) {
        const std::size_t first = strip * kStripRows;
        const std::size_t count = std::min(kStripRows, rows - first);
        for (std::size_t lane = 0; lane < count; ++lane) {
            packRow(type, columns, bytes.data() + (first + lane) * perRow, lane,
                    strips + strip * perStrip);
        }
    });
    return matrix;
}

Result<PackedMatrix> PackedMatrix::view(WeightType type, std::size_t rows, std::size_t columns,
                                        std::span<const std::byte> strips)
{
    auto matrix = shaped(type, rows, columns);
    if (matrix && strips.size() != matrix->strips() * matrix->m_stripBytes)
        return std::unexpected(Error{Errc::BadSize, "strips of a matrix"});
    if (matrix)
        matrix->m_strips = strips;
    return matrix;
}

std::uint32_t stripLayoutMark()
{
    // Every bit of a row must be found again in the strip, at its place: the strips of two rows
    // without pattern, in a lane each, say where that is.
    constexpr std::size_t kColumns = 512;
    std::uint32_t mark = 0;
    std::uint32_t random = 1;
    for (std::size_t i = 0; i < kWeightTypes; ++i) {
        const auto type = static_cast<WeightType>(i);
        std::vector<std::byte> row(rowBytes(type, kColumns));
        std::vector<std::byte> strip(stripBytes(type, kColumns));
        for (const std::size_t lane : {std::size_t{3}, kStripRows - 1}) {
            for (std::byte& byte : row) {
                random = random * 1664525 + 1013904223;
                byte = static_cast<std::byte>(random >> 24);
            }
            packRow(type, kColumns, row.data(), lane, strip.data());
        }
        mark = crc32c(strip, mark);
    }
    return mark;
}

} // namespace kernels
