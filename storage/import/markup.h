// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace imports {

struct PlainText {
    std::string text;
    std::uint64_t hiddenParts = 0; // elements that a browser would not show
};

/// HTML, XHTML narrative or XML as the text that a reader sees: blocks end lines, table cells are
/// set apart by " | ", entities become characters, comments, scripts and hidden elements go.
/// Any bytes are accepted; the result never holds more than the input. @p markup is valid UTF-8.
[[nodiscard]] PlainText plainTextOf(std::string_view markup);

} // namespace imports
