// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/error.h"
#include "storage/records/chart.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace imports {

/// Something that a reader of the record should know of the import.
struct Warning {
    std::string code;        // "entered_in_error"
    std::uint64_t count = 0; // of resources or places
    std::string detail;      // a sentence without patient data

    friend bool operator==(const Warning&, const Warning&) = default;
};

/// One outside document in normalised form.
struct ImportedDocument {
    std::string format; // "fhir-r4-bundle"
    records::Chart chart;
    std::map<std::string, std::uint64_t> resources; // entries by resource type, contained ones not
    std::vector<Warning> warnings;                  // in order of code
};

/// Reads a FHIR R4 bundle about one patient. Pure: no files, no clock, no locale.
/// Every Source names the SHA-256 of @p bytes and the resource's span in them.
/// Errors: BadJson, NotABundle, NoPatient, SeveralPatients, MixedPatients, TooLarge, TooDeep.
/// Threads: any.
[[nodiscard]] Result<ImportedDocument> readFhirBundle(std::string bytes);

} // namespace imports
