// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kernels {

class ThreadPool;

/// CRC-32C of @p bytes, going on from @p before, the CRC of what stands in front of them.
/// Source: RFC 3720, appendix B.4 (polynomial 0x1EDC6F41, reflected).
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

/// The same by table, as on processors without SSE4.2.
[[nodiscard]] std::uint32_t crc32cByTable(std::span<const std::byte> bytes,
                                          std::uint32_t before = 0);

/// Bytes of a piece of pieceSum().
inline constexpr std::size_t kPieceBytes = 64 << 10;

/// The CRC-32C of the CRC-32Cs (little endian) of the pieces of kPieceBytes that @p bytes is made
/// of: pieces can be summed by all threads, and four at a time by each, at the speed of memory.
[[nodiscard]] std::uint32_t pieceSum(std::span<const std::byte> bytes, ThreadPool& pool);

} // namespace kernels
