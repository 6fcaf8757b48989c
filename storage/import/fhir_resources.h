// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/fhir_index.h"
#include "storage/import/json_value.h"
#include "storage/import/warnings.h"
#include "storage/records/chart.h"

#include <functional>
#include <string>
#include <string_view>

/// One reader for each FHIR resource type: JSON in, facts of a chart out. Resources that are
/// entered in error, refuted or about somebody else never get here (fhir_bundle.cpp).
namespace imports {

struct ResourceContext {
    const JsonValue& resource;
    const FhirIndex& index;
    records::Source source; // path empty
    Warnings& warnings;
    /// The resource of another entry, read again; null when it can't be.
    const std::function<JsonValue(std::size_t entry)>& readEntry;

    [[nodiscard]] records::Source at(std::string_view path) const;
    /// NAME + CodeableConcept, or what NAME + Reference leads to; the reference's own display
    /// where it leads nowhere.
    [[nodiscard]] records::Concept conceptOrReference(std::string_view name) const;
    /// Name of what @p reference leads to; the reference's own display first.
    [[nodiscard]] std::string referenceName(const JsonValue& reference) const;
    /// reasonCode and reasonReference, joined by "; ".
    [[nodiscard]] std::string reasons() const;
};

[[nodiscard]] records::Patient readPatient(const JsonValue& resource, records::Source source);

/// An Observation whose focus is somebody or something else (a foetus, a donor) becomes an
/// OtherEntry: its value must never stand among the patient's own.
void readObservation(const ResourceContext& context, records::Chart& chart);
void readCondition(const ResourceContext& context, records::Chart& chart);
void readAllergy(const ResourceContext& context, records::Chart& chart);
/// MedicationRequest, MedicationStatement, MedicationAdministration, MedicationDispense.
void readMedication(const ResourceContext& context, records::Chart& chart);
void readEncounter(const ResourceContext& context, records::Chart& chart);

void readDocumentReference(const ResourceContext& context, records::Chart& chart);
void readDiagnosticReport(const ResourceContext& context, records::Chart& chart);
void readComposition(const ResourceContext& context, records::Chart& chart);
void readQuestionnaireResponse(const ResourceContext& context, records::Chart& chart);
/// A List or section of allergies that is empty because there are none.
void readEmptyAllergyList(const ResourceContext& context, const JsonValue& list,
                          std::string_view path, records::Chart& chart);

void readFamilyHistory(const ResourceContext& context, records::Chart& chart);
/// A List of medications, problems ...: what it names, in words.
void readList(const ResourceContext& context, records::Chart& chart);
/// Every type that becomes an OtherEntry as it stands. False: the type holds nothing for a chart.
[[nodiscard]] bool readOther(const ResourceContext& context, records::Chart& chart);

} // namespace imports
