// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/hidden_text.h"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

/// Little-endian values one behind the other: the bytes under codec.h.
namespace imports {

/// Appends values; never fails.
class Writer {
public:
    static constexpr bool kReads = false;

    void byte(std::uint8_t value) { m_bytes.push_back(static_cast<char>(value)); }

    template <std::unsigned_integral T>
    void number(T value)
    {
        for (std::size_t i = 0; i < sizeof(T); ++i)
            byte(static_cast<std::uint8_t>(value >> (8 * i) & 0xFFU));
    }

    void text(const std::string& value)
    {
        number(static_cast<std::uint32_t>(value.size()));
        m_bytes += value;
    }

    void raw(std::string_view bytes) { m_bytes += bytes; }
    std::string take() { return std::move(m_bytes); }

private:
    std::string m_bytes;
};

/// Takes values from bytes that aren't trusted. The first fault stays, with its place; from then on
/// everything reads as empty.
class Reader {
public:
    static constexpr bool kReads = true;

    explicit Reader(std::string_view bytes)
        : m_bytes(bytes)
    {
    }

    void fail(std::string_view why)
    {
        if (m_fault.empty())
            m_fault = std::string(why) + " at byte " + std::to_string(m_position);
        m_position = m_bytes.size();
    }

    [[nodiscard]] bool failed() const { return !m_fault.empty(); }
    [[nodiscard]] const std::string& fault() const { return m_fault; }
    [[nodiscard]] std::size_t left() const { return m_bytes.size() - m_position; }

    std::uint8_t byte()
    {
        const std::string_view one = raw(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }

    template <std::unsigned_integral T>
    T number()
    {
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value | static_cast<T>(T{byte()} << (8 * i)));
        return value;
    }

    std::string text()
    {
        const std::size_t length = number<std::uint32_t>();
        const std::string_view taken = raw(length);
        if (firstInvalidUtf8(taken) != std::string_view::npos) {
            fail("text is not UTF-8");
            return {};
        }
        return std::string(taken);
    }

    std::string_view raw(std::size_t length)
    {
        if (length > left()) {
            fail("cut off");
            return {};
        }
        const std::string_view taken = m_bytes.substr(m_position, length);
        m_position += length;
        return taken;
    }

private:
    std::string_view m_bytes;
    std::size_t m_position = 0;
    std::string m_fault;
};

} // namespace imports
