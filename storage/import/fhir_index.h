// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/json_reader.h"
#include "storage/import/json_value.h"
#include "storage/records/chart.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace imports {

/// What another resource needs of one that it refers to.
struct Referenced {
    std::string type;
    std::size_t entry = 0;
    records::Concept code; // Medication, Condition, Observation, Procedure ...
    std::string name;      // Practitioner, Organization, Location
};

/// The resources of a bundle by everything that may be written in a reference: fullUrl,
/// "Type/id", an absolute address that ends in them. Filled entry by entry, then only asked.
/// Source: hl7.org/fhir/R4/references.html, bundle.html#references.
class FhirIndex {
public:
    /// Of two resources with the same address the first is found.
    void add(std::size_t entry, const std::string& fullUrl, const JsonValue& resource);

    /// The bundle's resource; nothing for contained and unknown ones.
    [[nodiscard]] const Referenced* find(std::string_view reference) const;

    void setPatient(std::size_t entry, const std::string& fullUrl, const JsonValue& patient);

    enum class Subject { ThisPatient, Somebody, NoPatient, NotSaid };
    /// Whom @p resource is about, by subject, patient, beneficiary or for. @p from: the fullUrl of
    /// its entry, which a relative reference is of.
    [[nodiscard]] Subject subjectOf(const JsonValue& resource, std::string_view from) const;
    /// Whom @p reference, a member of @p resource, leads to.
    [[nodiscard]] Subject judge(const JsonValue& reference, const JsonValue& resource,
                                std::string_view from = {}) const;

private:
    [[nodiscard]] bool sharesIdentifier(const JsonValue& identifiers) const;
    /// @p query: what stands behind "Patient?identifier=".
    [[nodiscard]] bool isNamedBy(std::string_view query) const;
    [[nodiscard]] Subject judgeAddress(std::string_view address, std::string_view from) const;

    std::unordered_map<std::string, std::size_t> m_byAddress; // fullUrl, "Type/id"
    std::vector<Referenced> m_resources;
    std::size_t m_patientEntry = 0;
    std::string m_patientId;
    std::string m_patientUrl;
    std::string m_patientBase; // of an http(s) fullUrl; empty: ids are the bundle's own
    std::vector<std::pair<std::string, std::string>> m_patientIdentifiers; // system, value
};

/// A contained resource by its "#id"; null when there is none.
[[nodiscard]] const JsonValue& containedResource(const JsonValue& resource,
                                                 std::string_view reference);

/// The code of a Medication, Condition, Substance ... : what stands for it in words.
[[nodiscard]] records::Concept codeOfResource(const JsonValue& resource);

/// "Patient/17" of "http://server/fhir/Patient/17/_history/2"; "" when it ends otherwise.
[[nodiscard]] std::string_view typeAndId(std::string_view address);

} // namespace imports
