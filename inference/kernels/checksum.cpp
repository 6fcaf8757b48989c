// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/checksum.h"

#include "inference/kernels/thread_pool.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nmmintrin.h>
#include <vector>

namespace kernels {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78; // reflected

constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table = {};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        table[byte] = crc;
    }
    return table;
}();

std::uint64_t word(const std::byte* at)
{
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

__attribute__((target("sse4.2"))) std::uint32_t
crc32cByInstruction(std::span<const std::byte> bytes, std::uint32_t before)
{
    std::uint64_t crc = ~before;
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8)
        crc = _mm_crc32_u64(crc, word(bytes.data() + at));
    auto rest = static_cast<std::uint32_t>(crc);
    for (; at < bytes.size(); ++at)
        rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(bytes[at]));
    return ~rest;
}

constexpr std::size_t kTogether = 4;

/// Four whole pieces at once: the instruction takes three cycles, but one can begin in each.
__attribute__((target("sse4.2"))) void crc32cOfFour(const std::byte* first, std::uint32_t* out)
{
    std::uint64_t crc[kTogether] = {~0U, ~0U, ~0U, ~0U};
    for (std::size_t at = 0; at < kPieceBytes; at += 8)
        for (std::size_t i = 0; i < kTogether; ++i)
            crc[i] = _mm_crc32_u64(crc[i], word(first + i * kPieceBytes + at));
    for (std::size_t i = 0; i < kTogether; ++i)
        out[i] = ~static_cast<std::uint32_t>(crc[i]);
}

} // namespace

std::uint32_t crc32cByTable(std::span<const std::byte> bytes, std::uint32_t before)
{
    std::uint32_t crc = ~before;
    for (const std::byte byte : bytes)
        crc = (crc >> 8) ^ kTable[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFF];
    return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before)
{
    return __builtin_cpu_supports("sse4.2") ? crc32cByInstruction(bytes, before)
                                            : crc32cByTable(bytes, before);
}

std::uint32_t pieceSum(std::span<const std::byte> bytes, ThreadPool& pool)
{
    const std::size_t pieces = (bytes.size() + kPieceBytes - 1) / kPieceBytes;
    std::vector<std::uint32_t> sums(pieces);
    const bool fast = __builtin_cpu_supports("sse4.2");
    pool.run((pieces + kTogether - 1) / kTogether, [&](std::size_t index, unsigned) {
        const std::size_t first = index * kTogether;
        if (fast && (first + kTogether) * kPieceBytes <= bytes.size())
            return crc32cOfFour(bytes.data() + first * kPieceBytes, &sums[first]);
        for (std::size_t piece = first; piece < std::min(pieces, first + kTogether); ++piece) {
            const std::size_t begin = piece * kPieceBytes;
            sums[piece] = crc32c(bytes.subspan(begin, std::min(kPieceBytes, bytes.size() - begin)));
        }
    });
    return crc32c(std::as_bytes(std::span(sums)));
}

} // namespace kernels
