// SPDX-License-Identifier: Apache-2.0
#include "storage/records/record_merge.h"

#include "storage/digest.h"
#include "storage/ids.h"
#include "storage/records/fact_codec.h"
#include "storage/records/fact_rows.h"

#include <algorithm>
#include <set>
#include <string>

namespace records {
namespace {

using storage::Errc;
using storage::Error;
using storage::Result;

std::unexpected<Error> refused(const char* code)
{
    return std::unexpected(Error{Errc::Invalid, code});
}

std::int64_t firstNumber(const storage::Statement& row)
{
    return row.integer(0);
}

/// Dates as far as both were recorded.
bool clearlyDiffer(const Date& a, const Date& b)
{
    if (!a.known() || !b.known())
        return false;
    if (a.year != b.year)
        return true;
    if (a.month == 0 || b.month == 0)
        return false;
    if (a.month != b.month)
        return true;
    return a.day != 0 && b.day != 0 && a.day != b.day;
}

bool hasMedicalRecord(const Patient& patient)
{
    return std::ranges::any_of(patient.identifiers, &Identifier::medicalRecord);
}

bool allFrom(const Chart& chart, const std::string& document)
{
    const auto from = [&](const auto& facts) {
        return std::ranges::all_of(
            facts, [&](const auto& fact) { return fact.source.document == document; });
    };
    return from(chart.allergies) && from(chart.conditions) && from(chart.medications) &&
           from(chart.observations) && from(chart.encounters) && from(chart.others) &&
           from(chart.documents);
}

/// The newer demographics, with every identifier by which the patient was ever known.
Patient united(const Patient& newer, const Patient& older)
{
    Patient patient = newer;
    for (const Identifier& identifier : older.identifiers) {
        const bool there = std::ranges::any_of(patient.identifiers, [&](const Identifier& one) {
            return one.system == identifier.system && one.value == identifier.value &&
                   one.medicalRecord == identifier.medicalRecord;
        });
        if (!there)
            patient.identifiers.push_back(identifier);
    }
    return patient;
}

} // namespace

Result<MergeOutcome> Merge::run(std::span<const std::byte> original)
{
    const std::string& hash = m_chart.patient.source.document;
    if (storage::hexOf(storage::sha256(original)) != hash || !allFrom(m_chart, hash))
        return refused("original_differs");
    auto transaction = m_database.begin();
    if (!transaction)
        return std::unexpected(transaction.error());
    const auto there = alreadyThere();
    if (!there)
        return std::unexpected(there.error());
    if (*there)
        return m_outcome;

    if (const auto found = findPatient(); !found)
        return std::unexpected(found.error());
    if (const auto kept = keepPatient(); !kept)
        return std::unexpected(kept.error());
    if (const auto kept = keepDocument(original); !kept)
        return std::unexpected(kept.error());
    if (const auto kept = keepFacts(); !kept)
        return std::unexpected(kept.error());
    if (const auto done = transaction->commit(); !done)
        return std::unexpected(done.error());
    return m_outcome;
}

Result<bool> Merge::alreadyThere()
{
    auto select = m_database.prepare("SELECT patient.id FROM document"
                                     " JOIN patient ON patient.number = document.patient"
                                     " WHERE document.hash = ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, m_chart.patient.source.document).step();
    if (!row)
        return std::unexpected(row.error());
    m_outcome.alreadyThere = *row;
    if (*row)
        m_outcome.patient = select->text(0);
    return *row;
}

Result<std::int64_t> Merge::patientByMedicalRecord()
{
    auto select = m_database.prepare("SELECT patient FROM identifier"
                                     " WHERE system = ?1 AND value = ?2 AND medical_record = 1");
    if (!select)
        return std::unexpected(select.error());
    std::set<std::int64_t> found;
    for (const Identifier& identifier : m_chart.patient.identifiers) {
        if (!identifier.medicalRecord || identifier.value.empty())
            continue;
        const auto holders =
            select->bind(1, identifier.system).bind(2, identifier.value).rows(firstNumber);
        if (!holders)
            return std::unexpected(holders.error());
        found.insert(holders->begin(), holders->end());
    }
    if (found.size() > 1)
        return refused("identifiers_of_two_patients");
    return found.empty() ? 0 : *found.begin();
}

Result<std::int64_t> Merge::patientByResource()
{
    if (isNameless(m_chart.patient.resourceId))
        return 0;
    // Where both have a medical record number and they differ, an equal Patient.id is chance.
    auto select = m_database.prepare(
        "SELECT patient FROM patient_resource AS known WHERE resource_id = ?1 AND (?2 = 0 OR NOT"
        " EXISTS (SELECT 1 FROM identifier WHERE patient = known.patient AND medical_record = 1))");
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, m_chart.patient.resourceId)
        .bind(2, std::int64_t{hasMedicalRecord(m_chart.patient) ? 1 : 0});
    const auto found = select->rows(firstNumber);
    if (!found)
        return std::unexpected(found.error());
    if (found->size() > 1)
        return refused("identifiers_of_two_patients");
    return found->empty() ? 0 : found->front();
}

Result<void> Merge::findPatient()
{
    auto found = patientByMedicalRecord();
    if (found && *found == 0)
        found = patientByResource();
    if (!found)
        return std::unexpected(found.error());
    m_patient = *found;
    if (m_patient == 0) {
        auto id = storage::randomId();
        if (!id)
            return std::unexpected(id.error());
        m_outcome.patient = std::move(*id);
        m_outcome.newPatient = true;
        return {};
    }
    auto select = m_database.prepare(
        "SELECT id, body, updated, document, span_begin, span_end FROM patient WHERE number = ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, m_patient).step();
    if (!row)
        return std::unexpected(row.error());
    m_outcome.patient = select->text(0);
    if (auto read = decodeFact(select->blob(1), m_known); !read)
        return read;
    m_knownVersion = parseDate(select->text(2));
    m_known.source = {select->text(3),
                      "Patient",
                      m_known.resourceId,
                      "",
                      static_cast<std::uint64_t>(select->integer(4)),
                      static_cast<std::uint64_t>(select->integer(5))};
    if (clearlyDiffer(m_known.born, m_chart.patient.born))
        return refused("birth_date_differs");
    return {};
}

Date Merge::versionOfPatient() const
{
    const auto place =
        std::ranges::find(m_chart.versions, "Patient", &ResourceVersion::resourceType);
    return place == m_chart.versions.end() ? Date{} : place->updated;
}

Result<void> Merge::keepPatient()
{
    const Date told = versionOfPatient();
    const bool outdated = told.known() && earlier(told, m_knownVersion);
    const Patient patient =
        outdated ? united(m_known, m_chart.patient) : united(m_chart.patient, m_known);
    const Date& version = told.known() && !outdated ? told : m_knownVersion;
    auto put = m_database.prepare(
        "INSERT INTO patient(number, id, resource_id, name, born, gender, mrn, as_of, document,"
        " span_begin, span_end, body, updated) VALUES(nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
        "?9,"
        " ?10, ?11, ?12, ?13) ON CONFLICT(number) DO UPDATE SET resource_id = excluded.resource_id,"
        " name = excluded.name, born = excluded.born, gender = excluded.gender, mrn = excluded.mrn,"
        " as_of = max(as_of, excluded.as_of), document = excluded.document,"
        " span_begin = excluded.span_begin, span_end = excluded.span_end, body = excluded.body,"
        " updated = excluded.updated");
    if (!put)
        return std::unexpected(put.error());
    const std::string name = patient.displayName();
    const std::string number = patient.medicalRecordNumber();
    const auto body = encodeFact(patient);
    auto kept = put->bind(1, m_patient)
                    .bind(2, m_outcome.patient)
                    .bind(3, patient.resourceId)
                    .bind(4, name)
                    .bind(5, patient.born.text)
                    .bind(6, patient.gender)
                    .bind(7, number)
                    .bind(8, m_importedAt)
                    .bind(9, patient.source.document)
                    .bind(10, static_cast<std::int64_t>(patient.source.begin))
                    .bind(11, static_cast<std::int64_t>(patient.source.end))
                    .bind(12, body)
                    .bind(13, version.text)
                    .run();
    if (!kept)
        return kept;
    if (m_patient == 0)
        m_patient = m_database.lastRow();
    if (auto identified = keepIdentifiers(patient); !identified)
        return identified;
    if (auto named = keepResourceId(); !named)
        return named;
    return keepPatientText(patient);
}

Result<void> Merge::keepIdentifiers(const Patient& patient)
{
    auto put = m_database.prepare("INSERT OR IGNORE INTO identifier(patient, system, value,"
                                  " medical_record) VALUES(?1, ?2, ?3, ?4)");
    if (!put)
        return std::unexpected(put.error());
    for (const Identifier& identifier : patient.identifiers) {
        auto kept = put->bind(1, m_patient)
                        .bind(2, identifier.system)
                        .bind(3, identifier.value)
                        .bind(4, std::int64_t{identifier.medicalRecord ? 1 : 0})
                        .run();
        if (!kept)
            return kept;
    }
    return {};
}

/// Every id that the patient ever came under is kept: the next document may bring an earlier one.
Result<void> Merge::keepResourceId()
{
    if (isNameless(m_chart.patient.resourceId))
        return {};
    auto put = m_database.prepare(
        "INSERT OR IGNORE INTO patient_resource(resource_id, patient) VALUES(?1, ?2)");
    if (!put)
        return std::unexpected(put.error());
    return put->bind(1, m_chart.patient.resourceId).bind(2, m_patient).run();
}

Result<void> Merge::keepPatientText(const Patient& patient)
{
    auto remove = m_database.prepare("DELETE FROM patient_text WHERE rowid = ?1");
    auto insert = m_database.prepare(
        "INSERT INTO patient_text(rowid, name, born, identifiers) VALUES(?1, ?2, ?3, ?4)");
    if (!remove || !insert)
        return std::unexpected(remove ? insert.error() : remove.error());
    if (auto gone = remove->bind(1, m_patient).run(); !gone)
        return gone;
    const std::string name = patient.family + " " + patient.given + " " + patient.prefix;
    std::string identifiers;
    for (const Identifier& identifier : patient.identifiers)
        identifiers.append(identifier.value).append("\n");
    return insert->bind(1, m_patient)
        .bind(2, name)
        .bind(3, patient.born.text)
        .bind(4, identifiers)
        .run();
}

Result<void> Merge::keepDocument(std::span<const std::byte> original)
{
    auto insert = m_database.prepare(
        "INSERT INTO document(hash, patient, imported, bytes) VALUES(?1, ?2, ?3, ?4)");
    if (!insert)
        return std::unexpected(insert.error());
    return insert->bind(1, m_chart.patient.source.document)
        .bind(2, m_patient)
        .bind(3, m_importedAt)
        .bind(4, original)
        .run();
}

Result<void> Merge::keepFacts()
{
    auto table = FactTable::open(m_database, m_patient, m_outcome.patient);
    if (!table)
        return std::unexpected(table.error());
    for (const ResourceVersion& version : m_chart.versions) {
        if (version.resourceType == "Patient")
            continue; // keepPatient() has weighed it
        if (auto known = table->setVersion(version); !known)
            return known;
    }
    for (const Source& source : m_chart.withdrawn) {
        const auto taken = table->withdraw(source);
        if (!taken)
            return std::unexpected(taken.error());
        m_outcome.added += *taken ? 1 : 0;
    }
    for (const ResourceRows& resource : rowsByResource(m_chart)) {
        const auto changed = table->put(resource);
        if (!changed)
            return std::unexpected(changed.error());
        m_outcome.added += *changed ? 1 : 0;
    }
    return {};
}

} // namespace records
