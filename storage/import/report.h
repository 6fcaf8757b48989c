// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/document.h"

#include <string>

namespace imports {

/// What `cloister-import --check` prints for a document: one line of JSON with format, patient,
/// resources and warnings (docs/formats/import.md).
[[nodiscard]] std::string reportJson(const ImportedDocument& document);
/// {"error":{"code":"several_patients","detail":"…"}}
[[nodiscard]] std::string refusalJson(const Error& refusal);

} // namespace imports
