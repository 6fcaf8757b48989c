// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace engine {

/// Follows a text byte by byte as long as it is ordinary: well-formed UTF-8, perhaps cut at its
/// end, without control characters, quotes, backslashes and opening brackets. Most constraints
/// treat all ordinary characters alike.
class PlainText {
public:
    /// What may follow so far.
    struct Range {
        std::uint8_t first = 0;
        std::uint8_t last = 0;
        bool operator==(const Range&) const = default;
    };

    static constexpr bool isPlainAscii(unsigned byte)
    {
        return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && byte != '[';
    }

    static constexpr bool isPlainLead(unsigned byte) { return byte >= 0xC2 && byte <= 0xF4; }

    constexpr void add(std::uint8_t byte)
    {
        if (m_missing > 0) {
            m_plain = m_plain && byte >= m_next.first && byte <= m_next.last;
            m_next = {0x80, 0xBF};
            m_begun = --m_missing > 0 ? m_begun + 1 : 0;
            return;
        }
        m_plain = m_plain && (isPlainAscii(byte) || isPlainLead(byte));
        m_missing = byte < 0xC2 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        m_begun = m_missing > 0 ? 1 : 0;
        m_next = {0x80, 0xBF};
        // Over-long forms, surrogates, and what lies above U+10FFFF show in the second byte.
        if (byte == 0xE0)
            m_next.first = 0xA0;
        else if (byte == 0xED)
            m_next.last = 0x9F;
        else if (byte == 0xF0)
            m_next.first = 0x90;
        else if (byte == 0xF4)
            m_next.last = 0x8F;
    }

    [[nodiscard]] constexpr bool isPlain() const { return m_plain; }
    /// Bytes at the end that are no whole character yet.
    [[nodiscard]] constexpr unsigned begun() const { return m_begun; }
    [[nodiscard]] constexpr unsigned missing() const { return m_missing; }
    /// Of these, where missing() > 0.
    [[nodiscard]] constexpr Range next() const { return m_next; }
    bool operator==(const PlainText&) const = default;

private:
    bool m_plain = true;
    unsigned m_missing = 0;
    unsigned m_begun = 0;
    Range m_next;
};

} // namespace engine
