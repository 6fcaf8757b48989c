// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imports {

/// RFC 4648 section 4, with spaces and line ends between the characters allowed (FHIR's
/// base64Binary). Nothing for anything else: wrong characters, padding, or a cut end.
[[nodiscard]] std::optional<std::string> decodeBase64(std::string_view text);

} // namespace imports
