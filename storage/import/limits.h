// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// What one untrusted document may ask for. A lifetime of records with notes is below 10 MB.
namespace imports {

inline constexpr std::size_t kMaxDocumentBytes = std::size_t{256} << 20;
inline constexpr std::size_t kMaxEntries = 500'000;
inline constexpr int kMaxDepth = 64;                 // FHIR resources nest about 12 deep
inline constexpr std::size_t kMaxValues = 2'000'000; // JSON values of one resource
inline constexpr std::size_t kMaxFacts = 1'000'000;  // of one kind in one document
inline constexpr std::size_t kMaxWarnings = 64;
inline constexpr std::size_t kMaxNormalisedBytes = 2 * kMaxDocumentBytes;
inline constexpr std::chrono::seconds kMaxImportTime{120};

} // namespace imports
