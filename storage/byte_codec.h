// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The canonical bytes of this folder's small files: little-endian integers, and u32 length before
/// every string. One value has one encoding. Threads: pure values.
namespace storage {

class ByteWriter {
public:
    ByteWriter& u8(std::uint8_t value);
    ByteWriter& u32(std::uint32_t value);
    ByteWriter& u64(std::uint64_t value, std::size_t size = 8); // its lowest @p size bytes
    ByteWriter& raw(std::span<const std::byte> bytes);
    ByteWriter& bytes(std::span<const std::byte> bytes); // with its length
    ByteWriter& text(std::string_view text);             // with its length

    [[nodiscard]] const std::vector<std::byte>& written() const { return m_bytes; }

private:
    std::vector<std::byte> m_bytes;
};

/// Reads what ByteWriter wrote. After the first wrong length every read gives zero or empty and
/// finished() stays false, so a decoder asks once, at its end.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes)
        : m_rest(bytes)
    {
    }

    std::uint8_t u8();
    std::uint32_t u32();
    std::uint64_t u64(std::size_t size = 8);
    std::span<const std::byte> raw(std::size_t size);
    std::span<const std::byte> bytes();
    std::string_view text(); // into the bytes that are read

    /// All read, nothing missing, nothing left.
    [[nodiscard]] bool finished() const { return !m_bad && m_rest.empty(); }
    [[nodiscard]] bool bad() const { return m_bad; }
    [[nodiscard]] std::size_t left() const { return m_rest.size(); }

private:
    std::span<const std::byte> m_rest;
    bool m_bad = false;
};

} // namespace storage
