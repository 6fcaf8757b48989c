// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/document.h"

#include <cstdint>
#include <string>
#include <string_view>

/// The normalised record: what the confined importer writes and the daemon reads.
/// Format: docs/formats/normalised-record.md.
namespace imports {

/// What is written. Version 1 is read as well: a document may have waited in the inbox.
inline constexpr std::uint8_t kNormalisedVersion = 2;

[[nodiscard]] std::string encodeDocument(ImportedDocument document);
[[nodiscard]] std::string encodeRefusal(const Error& refusal);

/// A document, or the refusal that the importer wrote. The bytes are not trusted: lengths, counts,
/// enumerators, UTF-8, spans and hashes are checked and nothing may follow the end.
/// Errors: BadEncoding; else the importer's own refusal.
[[nodiscard]] Result<ImportedDocument> decodeDocument(std::string_view bytes);

} // namespace imports
