// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/entry.h"
#include "audit/hash.h"

#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace audit {

/// The sections of an export, still unproven. The views point into the file.
struct ExportSections {
    std::vector<std::string_view> notes;
    std::vector<Hash> leaves;
    std::map<std::uint64_t, Disclosure> disclosures;
    Bytes entries; // frames, to the end of the file
};

/// Takes @p file apart. Errors: Corrupt, naming the section.
Result<ExportSections> readExport(Bytes file);

} // namespace audit
