// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/warnings.h"

#include <string>
#include <string_view>

namespace imports {

/// What an attachment says: its text, or why it has none.
struct AttachmentText {
    std::string text;
    std::string unreadableReason; // empty: text is what it says (it may be empty too)
};

/// Turns the bytes of an attachment of @p contentType ("text/plain; charset=utf-8") into text:
/// plain text, HTML and XML in UTF-8, ISO 8859-1 or Windows-1252. Invisible characters and
/// elements are removed and counted.
[[nodiscard]] AttachmentText readAttachment(std::string_view contentType, std::string bytes,
                                            Warnings& warnings);

/// An XHTML narrative (Narrative.div) as text.
[[nodiscard]] std::string readNarrative(const std::string& div, Warnings& warnings);

} // namespace imports
