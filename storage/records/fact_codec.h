// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/records/chart.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// The bytes of one fact in the records database, its Source left out (that stands in columns).
/// Format: docs/formats/records.md, "Bodies". Threads: pure.
namespace records {

/// What kind of fact a row holds. The numbers are part of the format.
enum class FactKind : std::uint8_t {
    Allergy = 1,
    Condition = 2,
    Medication = 3,
    Observation = 4,
    Encounter = 5,
    Other = 6,
    Document = 7,
};

std::vector<std::byte> encodeFact(const Patient& patient);
std::vector<std::byte> encodeFact(const Allergy& fact);
std::vector<std::byte> encodeFact(const Condition& fact);
std::vector<std::byte> encodeFact(const Medication& fact);
std::vector<std::byte> encodeFact(const Observation& fact);
std::vector<std::byte> encodeFact(const Encounter& fact);
std::vector<std::byte> encodeFact(const OtherEntry& fact);
std::vector<std::byte> encodeFact(const Document& fact);

/// Reads what encodeFact wrote into @p into; its source is left alone. Errors: Corrupt.
storage::Result<void> decodeFact(std::span<const std::byte> bytes, Patient& into);
/// Adds one fact to the list of @p chart that @p kind names, with @p source. Errors: Corrupt.
storage::Result<void> decodeFact(FactKind kind, std::span<const std::byte> bytes, Source source,
                                 Chart& chart);

} // namespace records
