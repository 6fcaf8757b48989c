// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/document.h"
#include "storage/import/limits.h"

#include <chrono>
#include <filesystem>
#include <span>

namespace imports {

/// Reads one untrusted document in a confined child, `cloister-import`, and checks what it says:
/// every Source must name @p document's hash and lie inside it. Blocks until the child has ended,
/// at most @p limit. @p program: the importer, an absolute path.
/// Errors: those of readFhirBundle() as the child reports them; Importer, TimedOut, Sandbox,
/// BadEncoding when the child does not answer as it should. Threads: any.
[[nodiscard]] Result<ImportedDocument>
importConfined(const std::filesystem::path& program, std::span<const std::byte> document,
               std::chrono::milliseconds limit = kMaxImportTime);

} // namespace imports
