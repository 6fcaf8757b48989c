// SPDX-License-Identifier: Apache-2.0
#include "storage/byte_codec.h"

#include <cassert>
#include <limits>

namespace storage {
namespace {

void append(std::vector<std::byte>& out, std::uint64_t value, std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

} // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value)
{
    append(m_bytes, value, 1);
    return *this;
}

ByteWriter& ByteWriter::u32(std::uint32_t value)
{
    append(m_bytes, value, 4);
    return *this;
}

ByteWriter& ByteWriter::u64(std::uint64_t value, std::size_t size)
{
    append(m_bytes, value, size);
    return *this;
}

ByteWriter& ByteWriter::raw(std::span<const std::byte> bytes)
{
    m_bytes.insert(m_bytes.end(), bytes.begin(), bytes.end());
    return *this;
}

ByteWriter& ByteWriter::bytes(std::span<const std::byte> bytes)
{
    assert(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
    return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

ByteWriter& ByteWriter::text(std::string_view text)
{
    return bytes(std::as_bytes(std::span(text)));
}

std::uint64_t ByteReader::u64(std::size_t size)
{
    std::uint64_t value = 0;
    const auto taken = raw(size);
    for (std::size_t i = 0; i < taken.size(); ++i)
        value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
    return value;
}

std::uint8_t ByteReader::u8()
{
    return static_cast<std::uint8_t>(u64(1));
}
std::uint32_t ByteReader::u32()
{
    return static_cast<std::uint32_t>(u64(4));
}

std::span<const std::byte> ByteReader::raw(std::size_t size)
{
    if (m_bad || size > m_rest.size()) {
        m_bad = true;
        return {};
    }
    const auto taken = m_rest.first(size);
    m_rest = m_rest.subspan(size);
    return taken;
}

std::span<const std::byte> ByteReader::bytes()
{
    return raw(u32());
}

std::string_view ByteReader::text()
{
    const auto taken = bytes();
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
}

} // namespace storage
