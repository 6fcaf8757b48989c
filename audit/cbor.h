// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/hash.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace audit {

/// Writes the part of CBOR that the log uses: unsigned integers, byte and text strings, arrays and
/// maps, each with the shortest head. The caller gives map keys in the order of RFC 8949 §4.2.1
/// (bytewise order of their encodings).
class CborWriter {
public:
    void unsignedInteger(std::uint64_t value) { head(0, value); }
    void bytes(Bytes value);
    void text(std::string_view value);
    void array(std::uint64_t items) { head(4, items); }
    void map(std::uint64_t pairs) { head(5, pairs); }

    [[nodiscard]] std::vector<std::byte> take() { return std::move(m_out); }

private:
    void head(unsigned major, std::uint64_t argument);

    std::vector<std::byte> m_out;
};

/// Reads what CborWriter writes and nothing else: a longer head than needed, an indefinite length,
/// another type, text that is not UTF-8 are all refused, so one value has exactly one encoding.
///
/// A failure sticks: every later call returns an empty value, and ok() is false. The views point
/// into the bytes that were given.
class CborReader {
public:
    explicit CborReader(Bytes in)
        : m_in(in)
    {
    }

    std::uint64_t unsignedInteger() { return head(0); }
    Bytes bytes() { return string(2); }
    std::string_view text();
    std::uint64_t array() { return head(4); }
    std::uint64_t map() { return head(5); }

    void fail() { m_failed = true; }
    [[nodiscard]] bool ok() const { return !m_failed; }
    [[nodiscard]] bool atEnd() const { return m_in.empty(); }

private:
    std::uint64_t head(unsigned major);
    Bytes string(unsigned major);

    Bytes m_in;
    bool m_failed = false;
};

/// The order of text keys in a map: their encodings, bytewise; so shorter keys come first.
struct CborTextOrder {
    bool operator()(std::string_view a, std::string_view b) const
    {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

[[nodiscard]] bool isUtf8(std::string_view text);

} // namespace audit
