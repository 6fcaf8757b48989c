// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace imports {

enum class Errc {
    BadJson,         // not JSON, or a member stands twice
    NotABundle,      // JSON, but no FHIR R4 Bundle
    NoPatient,       // a bundle without a Patient
    SeveralPatients, // two or more Patient resources
    MixedPatients,   // a resource says that it is about somebody else
    TooLarge,        // more bytes, entries or values than the limits of limits.h
    TooDeep,         // nested deeper than the limit
    BadEncoding,     // not the normalised form (docs/formats/normalised-record.md)
    Unreadable,      // the file or pipe could not be read or written
    Sandbox,         // the importer could not be confined, so it read nothing
    Importer,        // the importer died or answered nothing
    TimedOut,        // the importer took longer than it may
};

/// The name of a refusal on the command line and on the pipe: "several_patients".
[[nodiscard]] std::string_view nameOf(Errc code);

struct Error {
    Errc code;
    std::string detail; // a sentence without patient data: byte offsets, entry numbers, FHIR types
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace imports
