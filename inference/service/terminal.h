// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// One line from descriptor @p descriptor, read byte by byte so that the next reader finds the next
/// line. Nothing at the end, and for a line of more than 1,024 bytes.
[[nodiscard]] std::optional<std::string> readLine(int descriptor);

/// Asks on the controlling terminal, without echo. Nothing when there is no terminal.
[[nodiscard]] std::optional<std::string> askHidden(std::string_view prompt);

} // namespace service
