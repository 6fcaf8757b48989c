// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace api {

/// One server-sent event whose data is a single line (JSON written by encode() has no newline).
[[nodiscard]] std::string encodeEvent(std::string_view name, std::string_view json);
/// A comment line: readers ignore it; it shows that both ends are alive.
inline constexpr std::string_view kKeepAlive = ":\n\n";

/// Takes server-sent events out of a byte stream that arrives in any pieces.
/// Source: HTML Living Standard, "Server-sent events" (fields event and data; lines end LF or
/// CRLF).
class EventReader {
public:
    static constexpr std::size_t kMaxEventBytes = 16UL << 20;
    using Handler = std::function<void(std::string_view name, std::string_view data)>;

    /// Calls @p handler for each event that @p bytes completes. False: an event exceeds
    /// kMaxEventBytes; the reader is then of no further use.
    bool feed(std::string_view bytes, const Handler& handler);

private:
    void line(std::string_view text, const Handler& handler);

    std::string m_line;
    std::string m_name;
    std::string m_data;
    bool m_hasData = false;
};

} // namespace api
