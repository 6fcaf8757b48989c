// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database.h"
#include "storage/records/chart.h"
#include "storage/records/fact_codec.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace records {

/// One fact as it goes into the table.
struct FactRow {
    FactKind kind;
    const Source* source;     // into the chart
    const Document* document; // for the full text; null for other kinds
    std::vector<std::byte> body;
    std::vector<std::byte> digest; // of kind, path and body: equal for equal facts
};

/// The facts of one resource, in the order of the chart.
using ResourceRows = std::vector<FactRow>;

/// The chart's facts by resource. A resource without an id of its own ("entry[12]") is known by its
/// document too, because another document's entry 12 is something else.
/// @return resources in the order of their first fact
std::vector<ResourceRows> rowsByResource(const Chart& chart);

/// True for a name that only says where in its document a resource stood.
bool isNameless(std::string_view resourceId);

std::string keyOf(const Source& source);

/// The facts of one patient in the database, while a document is merged. Threads: the database's.
class FactTable {
public:
    static storage::Result<FactTable> open(storage::Database& database, std::int64_t patient,
                                           std::string_view patientId);

    /// Learns how new the document's version of a resource is. The resource must be put or
    /// withdrawn afterwards. An older one than is known is left alone by both.
    storage::Result<void> setVersion(const ResourceVersion& version);
    /// Replaces the resource's facts where they differ from those that are there.
    /// @return true when something was changed
    storage::Result<bool> put(const ResourceRows& rows);
    /// Takes out what is known of a resource that has an id. @return true when there was something
    storage::Result<bool> withdraw(const Source& source);

private:
    struct Known {
        std::int64_t number;
        std::vector<std::byte> digest;
    };
    FactTable(storage::Database& database, std::int64_t patient, std::string_view patientId)
        : m_database(&database)
        , m_patient(patient)
        , m_patientId(patientId)
    {
    }
    storage::Result<void> load();
    storage::Result<void> loadVersions();
    storage::Result<void> remove(std::int64_t number);
    storage::Result<void> insert(const FactRow& row);
    storage::Result<void> insertPassages(std::int64_t number, const Document& document);

    storage::Database* m_database;
    std::int64_t m_patient;
    std::string m_patientId;
    std::map<std::string, std::vector<Known>> m_known; // by keyOf
    std::set<std::vector<std::byte>> m_nameless;       // digests of facts without an id
    std::map<std::string, Date> m_versions;            // newest date known, by keyOf
    std::set<std::string> m_outdated;                  // keyOf
    std::vector<storage::Statement> m_statements;
};

} // namespace records
