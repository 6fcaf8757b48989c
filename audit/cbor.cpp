// SPDX-License-Identifier: Apache-2.0
#include "audit/cbor.h"

namespace audit {

void CborWriter::head(unsigned major, std::uint64_t argument)
{
    const auto top = static_cast<unsigned>(major << 5U);
    if (argument < 24) {
        m_out.push_back(static_cast<std::byte>(top | argument));
        return;
    }
    // 24, 25, 26, 27 announce 1, 2, 4, 8 bytes of argument, big-endian.
    unsigned size = 1;
    unsigned code = 24;
    while (size < 8 && (argument >> (8U * size)) != 0) {
        size *= 2;
        ++code;
    }
    m_out.push_back(static_cast<std::byte>(top | code));
    for (unsigned left = size; left > 0; --left)
        m_out.push_back(static_cast<std::byte>(argument >> (8U * (left - 1))));
}

void CborWriter::bytes(Bytes value)
{
    head(2, value.size());
    m_out.insert(m_out.end(), value.begin(), value.end());
}

void CborWriter::text(std::string_view value)
{
    head(3, value.size());
    m_out.insert(m_out.end(), asBytes(value).begin(), asBytes(value).end());
}

std::uint64_t CborReader::head(unsigned major)
{
    if (m_failed || m_in.empty()) {
        m_failed = true;
        return 0;
    }
    const auto first = std::to_integer<unsigned>(m_in[0]);
    const unsigned code = first & 0x1FU;
    if (first >> 5U != major || code > 27) {
        m_failed = true;
        return 0;
    }
    const std::size_t size = code < 24 ? 0 : std::size_t{1} << (code - 24);
    if (m_in.size() < 1 + size) {
        m_failed = true;
        return 0;
    }
    std::uint64_t argument = code;
    if (size > 0) {
        argument = 0;
        for (const std::byte part : m_in.subspan(1, size))
            argument = argument << 8U | std::to_integer<std::uint64_t>(part);
        // The smallest argument that needs this many bytes.
        const std::uint64_t least = size == 1 ? 24 : std::uint64_t{1} << (4U * size);
        m_failed = argument < least;
    }
    m_in = m_in.subspan(1 + size);
    return m_failed ? 0 : argument;
}

Bytes CborReader::string(unsigned major)
{
    const std::uint64_t size = head(major);
    if (m_failed || size > m_in.size()) {
        m_failed = true;
        return {};
    }
    const Bytes value = m_in.first(size);
    m_in = m_in.subspan(size);
    return value;
}

std::string_view CborReader::text()
{
    const std::string_view value = asText(string(3));
    if (!isUtf8(value)) {
        m_failed = true;
        return {};
    }
    return value;
}

bool isUtf8(std::string_view text)
{
    std::size_t at = 0;
    while (at < text.size()) {
        const auto first = static_cast<unsigned char>(text[at++]);
        if (first < 0x80)
            continue;
        const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || text.size() - at < more)
            return false;
        std::uint32_t point = first & (0x3FU >> more);
        for (unsigned i = 0; i < more; ++i) {
            const auto next = static_cast<unsigned char>(text[at++]);
            if ((next & 0xC0U) != 0x80U)
                return false;
            point = point << 6U | (next & 0x3FU);
        }
        // Overlong forms and surrogates would give one text two encodings.
        const std::uint32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
        if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
            return false;
    }
    return true;
}

} // namespace audit
