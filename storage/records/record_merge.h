// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database.h"
#include "storage/records/chart.h"
#include "storage/records/record_store.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace records {

/// Brings one document into the records, in one transaction. See RecordStore::merge.
/// Threads: that of @p database.
class Merge {
public:
    Merge(storage::Database& database, const Chart& chart, std::string_view importedAt)
        : m_database(database)
        , m_chart(chart)
        , m_importedAt(importedAt)
    {
    }

    storage::Result<MergeOutcome> run(std::span<const std::byte> original);

private:
    storage::Result<bool> alreadyThere();
    storage::Result<void> findPatient();
    storage::Result<std::int64_t> patientByMedicalRecord(); // 0: none
    storage::Result<std::int64_t> patientByResource();      // 0: none
    [[nodiscard]] Date versionOfPatient() const;
    storage::Result<void> keepPatient();
    storage::Result<void> keepPatientText(const Patient& patient);
    storage::Result<void> keepIdentifiers(const Patient& patient);
    storage::Result<void> keepResourceId();
    storage::Result<void> keepDocument(std::span<const std::byte> original);
    storage::Result<void> keepFacts();

    storage::Database& m_database;
    const Chart& m_chart;
    std::string_view m_importedAt;
    std::int64_t m_patient = 0; // row
    Patient m_known;            // as it was before, when m_patient was found
    Date m_knownVersion;        // newest date that a document gave the demographics
    MergeOutcome m_outcome;
};

} // namespace records
