// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_index.h"
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_shape.h"
#include "storage/import/fhir_values.h"
#include "storage/import/json_reader.h"
#include "storage/import/limits.h"
#include "storage/import/sha256.h"

#include <algorithm>
#include <array>
#include <new>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace imports {

namespace {

/// Types that hold nothing about health, or only serve others; passed over without a word.
constexpr std::array<std::string_view, 22> kServing{
    "Account",       "AuditEvent",        "Binary",       "Claim",
    "ClaimResponse", "Coverage",          "Endpoint",     "ExplanationOfBenefit",
    "Group",         "HealthcareService", "Invoice",      "Location",
    "Medication",    "OperationOutcome",  "Organization", "Patient",
    "Practitioner",  "PractitionerRole",  "Provenance",   "RelatedPerson",
    "Substance",     "Subscription"};

constexpr std::size_t kMaxTypeLetters = 64;

bool isTypeName(const std::string& type)
{
    return !type.empty() && type.size() <= kMaxTypeLetters && std::ranges::all_of(type, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

/// What the first reading leaves of an entry.
struct Slot {
    std::string type;
    std::string id;
    std::string name;        // in Source: id, or "entry[N]"
    records::Date updated;   // meta.lastUpdated
    bool superseded = false; // a newer version of the same resource stands in the bundle
};

std::string entryName(std::size_t entry)
{
    return "entry[" + std::to_string(entry) + "]";
}

/// Reads one bundle: twice through its entries, since a reference may point forwards.
class BundleReader {
public:
    explicit BundleReader(std::string bytes)
        : m_hash(sha256Hex(bytes))
        , m_reader(std::move(bytes))
    {
    }

    Result<ImportedDocument> read();

private:
    using Outcome = Result<void>;

    Outcome index();
    Outcome indexEntry(std::size_t entry);
    Outcome takePatient(std::size_t entry, JsonValue& resource);
    void nameEntries();
    void keepVersions();
    Outcome readEntry(std::size_t entry);
    [[nodiscard]] bool leftOut(const JsonValue& resource);
    Outcome checkSubject(std::size_t entry, const JsonValue& resource, bool& readOn);
    void dispatch(const ResourceContext& context);
    [[nodiscard]] bool withinLimits() const;
    [[nodiscard]] records::Source sourceOf(std::size_t entry) const;
    void dropRepeatedTexts();

    std::string m_hash;
    JsonReader m_reader;
    BundleOutline m_outline;
    std::vector<Slot> m_slots;
    FhirIndex m_index;
    Warnings m_warnings;
    ImportedDocument m_document;
    std::optional<std::size_t> m_patient; // entry
};

records::Source BundleReader::sourceOf(std::size_t entry) const
{
    return {m_hash,
            m_slots[entry].type,
            m_slots[entry].name,
            {},
            m_outline.entries[entry].begin,
            m_outline.entries[entry].end};
}

BundleReader::Outcome BundleReader::indexEntry(std::size_t entry)
{
    const BundleEntry& place = m_outline.entries[entry];
    Slot& slot = m_slots[entry];
    if (place.begin == place.end)
        return {};
    Warnings counted; // the second reading counts
    auto resource = m_reader.read(place.begin, place.end, counted);
    if (!resource)
        return std::unexpected(resource.error());
    slot.type = (*resource)["resourceType"].string();
    if (!isTypeName(slot.type))
        return std::unexpected(Error{Errc::NotABundle, entryName(entry) + " has no resourceType"});
    slot.id = (*resource)["id"].string();
    slot.updated = dateOf((*resource)["meta"]["lastUpdated"]);
    ++m_document.resources[slot.type];
    m_index.add(entry, place.fullUrl, *resource);

    if (slot.type == "Patient") {
        if (m_patient)
            return std::unexpected(
                Error{Errc::SeveralPatients,
                      entryName(*m_patient) + " and " + entryName(entry) + " are both a Patient"});
        m_patient = entry;
        m_index.setPatient(entry, place.fullUrl, *resource);
        return takePatient(entry, *resource);
    }
    return {};
}

/// Whose record it is must be told by something that people know the patient by.
BundleReader::Outcome BundleReader::takePatient(std::size_t entry, JsonValue& resource)
{
    // A Patient has nothing that could turn its meaning round.
    std::ignore = checkShape(resource, entry, m_warnings);
    m_document.chart.patient = readPatient(resource, {});
    const records::Patient& patient = m_document.chart.patient;
    const bool named = !patient.displayName().empty();
    if (!named && patient.identifiers.empty() && m_slots[entry].id.empty())
        return std::unexpected(
            Error{Errc::NoPatient,
                  entryName(entry) + " is a Patient without a name, an identifier or an id"});
    if (!named)
        m_warnings.add(Notice::UnnamedPatient);
    if (!named && patient.identifiers.empty())
        m_warnings.add(Notice::UnidentifiedPatient);
    return {};
}

void BundleReader::nameEntries()
{
    std::unordered_map<std::string, std::size_t> newest; // "Type/id" -> entry
    for (std::size_t entry = 0; entry < m_slots.size(); ++entry) {
        Slot& slot = m_slots[entry];
        slot.name = slot.id.empty() ? entryName(entry) : slot.id;
        if (slot.id.empty())
            continue;
        const auto [found, isFirst] = newest.try_emplace(slot.type + "/" + slot.id, entry);
        if (isFirst)
            continue;
        Slot& other = m_slots[found->second];
        if (records::earlier(other.updated, slot.updated) && other.updated.known()) {
            other.superseded = true;
            found->second = entry;
        } else if (records::earlier(slot.updated, other.updated) && slot.updated.known()) {
            slot.superseded = true;
        } else {
            // Nothing tells which is newer: both are kept, and both can be cited.
            slot.name = entryName(entry);
            m_warnings.add(Notice::DuplicateId);
            continue;
        }
        m_warnings.add(Notice::OlderVersion);
    }
}

BundleReader::Outcome BundleReader::index()
{
    m_slots.resize(m_outline.entries.size());
    for (std::size_t entry = 0; entry < m_slots.size(); ++entry) {
        if (auto done = indexEntry(entry); !done)
            return done;
    }
    if (!m_patient)
        return std::unexpected(Error{Errc::NoPatient, "no entry is a Patient"});
    nameEntries();
    m_document.chart.patient.source = sourceOf(*m_patient);
    m_document.chart.patient.resourceId = m_slots[*m_patient].name;
    keepVersions();
    return {};
}

/// Serving types (bills, locations) never become facts, so nothing asks for their versions.
void BundleReader::keepVersions()
{
    for (const Slot& slot : m_slots) {
        const bool asked = slot.type == "Patient" || !std::ranges::contains(kServing, slot.type);
        if (asked && !slot.superseded && !slot.id.empty() && slot.name == slot.id &&
            slot.updated.known())
            m_document.chart.versions.push_back({slot.type, slot.id, slot.updated});
    }
}

bool BundleReader::leftOut(const JsonValue& resource)
{
    const JsonValue& verification = resource["verificationStatus"];
    const bool inError = resource["status"].string() == "entered-in-error" ||
                         resource["docStatus"].string() == "entered-in-error" ||
                         hasCode(verification, "entered-in-error");
    if (inError)
        m_warnings.add(Notice::EnteredInError);
    else if (hasCode(verification, "refuted"))
        m_warnings.add(Notice::Refuted);
    else if (!resource["modifierExtension"].elements().empty())
        m_warnings.add(Notice::ModifierExtension);
    else
        return false;
    return true;
}

BundleReader::Outcome BundleReader::checkSubject(std::size_t entry, const JsonValue& resource,
                                                 bool& readOn)
{
    readOn = true;
    switch (m_index.subjectOf(resource, m_outline.entries[entry].fullUrl)) {
    case FhirIndex::Subject::ThisPatient:
        break;
    case FhirIndex::Subject::Somebody:
        return std::unexpected(
            Error{Errc::MixedPatients,
                  entryName(entry) + " (" + m_slots[entry].type + ") is about another patient"});
    case FhirIndex::Subject::NoPatient:
        m_warnings.add(Notice::NotThisPatient);
        readOn = false;
        break;
    case FhirIndex::Subject::NotSaid:
        m_warnings.add(Notice::NoSubject);
        break;
    }
    return {};
}

void BundleReader::dispatch(const ResourceContext& context)
{
    using Reader = void (*)(const ResourceContext&, records::Chart&);
    static const std::unordered_map<std::string_view, Reader> kReaders{
        {"Observation", readObservation},
        {"Condition", readCondition},
        {"AllergyIntolerance", readAllergy},
        {"MedicationRequest", readMedication},
        {"MedicationStatement", readMedication},
        {"MedicationAdministration", readMedication},
        {"MedicationDispense", readMedication},
        {"Encounter", readEncounter},
        {"DocumentReference", readDocumentReference},
        {"DiagnosticReport", readDiagnosticReport},
        {"Composition", readComposition},
        {"QuestionnaireResponse", readQuestionnaireResponse},
        {"FamilyMemberHistory", readFamilyHistory},
        {"List", readList},
    };
    const std::string& type = context.source.resourceType;
    if (const auto reader = kReaders.find(type); reader != kReaders.end())
        reader->second(context, m_document.chart);
    else if (type == "Bundle")
        m_warnings.add(Notice::NestedBundle);
    else if (!readOther(context, m_document.chart))
        m_warnings.add(Notice::NotRead);
}

BundleReader::Outcome BundleReader::readEntry(std::size_t entry)
{
    const BundleEntry& place = m_outline.entries[entry];
    if (place.begin == place.end || entry == *m_patient)
        return {};
    auto resource = m_reader.read(place.begin, place.end, m_warnings);
    if (!resource)
        return std::unexpected(resource.error());

    const bool serving = std::ranges::find(kServing, m_slots[entry].type) != kServing.end();
    bool readOn = !serving;
    if (serving) {
        // A bill of somebody else betrays a mixed bundle as well as a note does.
        if (m_index.subjectOf(*resource, place.fullUrl) == FhirIndex::Subject::Somebody)
            return checkSubject(entry, *resource, readOn);
        return {};
    }
    if (auto checked = checkSubject(entry, *resource, readOn); !checked || !readOn)
        return checked;
    if (m_slots[entry].superseded)
        return {};
    if (!checkShape(*resource, entry, m_warnings))
        return {};
    if (leftOut(*resource)) {
        m_document.chart.withdrawn.push_back(sourceOf(entry));
        return {};
    }

    const std::function<JsonValue(std::size_t)> again = [this](std::size_t other) {
        Warnings counted;
        const BundleEntry& there = m_outline.entries[other];
        auto value = m_reader.read(there.begin, there.end, counted);
        return value ? std::move(*value) : JsonValue{};
    };
    dispatch({*resource, m_index, sourceOf(entry), m_warnings, again});
    return {};
}

bool BundleReader::withinLimits() const
{
    const records::Chart& chart = m_document.chart;
    return std::max({chart.allergies.size(), chart.conditions.size(), chart.medications.size(),
                     chart.observations.size(), chart.encounters.size(), chart.others.size(),
                     chart.documents.size()}) <= kMaxFacts;
}

/// A note often stands twice in a bundle, as DocumentReference and as DiagnosticReport. Kept is
/// the DocumentReference, else the first.
void BundleReader::dropRepeatedTexts()
{
    auto& documents = m_document.chart.documents;
    std::stable_partition(documents.begin(), documents.end(),
                          [](const records::Document& document) {
                              return document.source.resourceType == "DocumentReference";
                          });
    std::unordered_set<std::string> seen;
    std::vector<records::Document> kept;
    kept.reserve(documents.size());
    for (records::Document& document : documents) {
        const std::string key = document.date.text.substr(0, 10) + "\n" + document.text;
        if (!document.text.empty() && !seen.insert(key).second)
            m_warnings.add(Notice::DuplicateText);
        else
            kept.push_back(std::move(document));
    }
    documents = std::move(kept);
}

Result<ImportedDocument> BundleReader::read()
{
    Warnings ignored; // of the bundle's own members
    auto outline = m_reader.outline(ignored);
    if (!outline)
        return std::unexpected(outline.error());
    m_outline = std::move(*outline);
    m_document.format = "fhir-r4-bundle";
    if (auto done = index(); !done)
        return std::unexpected(done.error());
    for (std::size_t entry = 0; entry < m_slots.size(); ++entry) {
        if (auto done = readEntry(entry); !done)
            return std::unexpected(done.error());
        if (!withinLimits())
            return std::unexpected(Error{Errc::TooLarge, "more facts than allowed"});
    }
    dropRepeatedTexts();
    m_document.warnings = m_warnings.list();
    return std::move(m_document);
}

} // namespace

Result<ImportedDocument> readFhirBundle(std::string bytes)
{
    try {
        return BundleReader(std::move(bytes)).read();
    } catch (const std::bad_alloc&) {
        return std::unexpected(Error{Errc::TooLarge, "more than memory holds"});
    }
}

} // namespace imports
