// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_index.h"

#include "storage/import/fhir_values.h"

#include <algorithm>

namespace imports {

namespace {

bool isTypeName(std::string_view text)
{
    return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// "host/path/" of "http://Host/path/Type/id": the server that knows the id. "" where the address
/// names none. http and https are the same server, a host is written in any letters.
std::string baseOf(std::string_view address)
{
    const std::size_t scheme = address.find("://");
    if (scheme == std::string_view::npos)
        return {};
    std::string name(address.substr(0, scheme));
    std::ranges::transform(name, name.begin(), lower);
    const std::string_view last = typeAndId(address);
    if ((name != "http" && name != "https") || last.empty())
        return {};
    if (const std::size_t history = address.find("/_history/"); history != std::string_view::npos)
        address = address.substr(0, history);
    std::string base(address.substr(scheme + 3, address.size() - last.size() - scheme - 3));
    const auto hostEnd = std::ranges::find(base, '/');
    std::transform(base.begin(), hostEnd, base.begin(), lower);
    return base;
}

/// A query's value with its "%7C" read as "|".
std::string decoded(std::string_view text)
{
    const auto digit = [](char c) {
        return std::string_view("0123456789abcdef").find(lower(c)); // npos: none
    };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 &&
            digit(text[i + 2]) < 16) {
            plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

} // namespace

std::string_view typeAndId(std::string_view address)
{
    if (const std::size_t history = address.find("/_history/"); history != std::string_view::npos)
        address = address.substr(0, history);
    const std::size_t beforeId = address.rfind('/');
    if (beforeId == std::string_view::npos || beforeId == 0 || beforeId + 1 == address.size())
        return {};
    const std::size_t beforeType = address.rfind('/', beforeId - 1);
    const std::size_t begin = beforeType == std::string_view::npos ? 0 : beforeType + 1;
    return isTypeName(address.substr(begin, beforeId - begin)) ? address.substr(begin)
                                                               : std::string_view();
}

const JsonValue& containedResource(const JsonValue& resource, std::string_view reference)
{
    static const JsonValue none;
    if (!reference.starts_with('#') || reference.size() < 2)
        return none;
    for (const JsonValue& contained : resource["contained"].elements()) {
        const std::string& id = contained["id"].string();
        // Some writers put the "#" into the id as well.
        if (id == reference.substr(1) || id == reference)
            return contained;
    }
    return none;
}

records::Concept codeOfResource(const JsonValue& resource)
{
    records::Concept code;
    for (const char* name : {"code", "medicationCodeableConcept", "vaccineCode"}) {
        if (code.name().empty())
            code = conceptOf(resource[name]);
    }
    if (resource["resourceType"].string() == "Medication" && code.name().empty()) {
        // A mixture may be named by its ingredients only.
        for (const JsonValue& ingredient : resource["ingredient"].elements())
            append(code.text, " + ", nameOf(ingredient["itemCodeableConcept"]));
    }
    return code;
}

void FhirIndex::add(std::size_t entry, const std::string& fullUrl, const JsonValue& resource)
{
    const std::string& type = resource["resourceType"].string();
    Referenced referenced{type, entry, codeOfResource(resource), {}};
    if (type == "Practitioner" || type == "RelatedPerson")
        referenced.name = personName(resource["name"].at(0));
    else
        referenced.name = resource["name"].string();
    m_resources.push_back(std::move(referenced));

    const std::size_t position = m_resources.size() - 1;
    if (!fullUrl.empty())
        m_byAddress.try_emplace(fullUrl, position);
    if (const std::string& id = resource["id"].string(); !id.empty())
        m_byAddress.try_emplace(type + "/" + id, position);
}

const Referenced* FhirIndex::find(std::string_view reference) const
{
    auto found = m_byAddress.find(std::string(reference));
    if (found == m_byAddress.end()) {
        const std::string_view last = typeAndId(reference);
        if (last.empty())
            return nullptr;
        found = m_byAddress.find(std::string(last));
    }
    return found == m_byAddress.end() ? nullptr : &m_resources[found->second];
}

void FhirIndex::setPatient(std::size_t entry, const std::string& fullUrl, const JsonValue& patient)
{
    m_patientEntry = entry;
    m_patientId = patient["id"].string();
    m_patientUrl = fullUrl;
    m_patientBase = baseOf(fullUrl);
    for (const JsonValue& identifier : patient["identifier"].elements()) {
        if (!identifier["value"].string().empty())
            m_patientIdentifiers.emplace_back(identifier["system"].string(),
                                              identifier["value"].string());
    }
}

bool FhirIndex::sharesIdentifier(const JsonValue& identifiers) const
{
    return std::ranges::any_of(identifiers.elements(), [this](const JsonValue& identifier) {
        return std::ranges::find(m_patientIdentifiers, std::pair{identifier["system"].string(),
                                                                 identifier["value"].string()}) !=
               m_patientIdentifiers.end();
    });
}

bool FhirIndex::isNamedBy(std::string_view query) const
{
    const std::string token = decoded(query);
    const std::size_t bar = token.find('|');
    const std::string value = bar == std::string::npos ? token : token.substr(bar + 1);
    return std::ranges::any_of(m_patientIdentifiers, [&](const auto& identifier) {
        // Without a bar the search asks for the value in any system: it names one patient at most,
        // and finds this one. "|value" asks for one that has no system.
        return identifier.second == value &&
               (bar == std::string::npos || identifier.first == token.substr(0, bar));
    });
}

FhirIndex::Subject FhirIndex::judgeAddress(std::string_view address, std::string_view from) const
{
    if (!m_patientUrl.empty() && address == m_patientUrl)
        return Subject::ThisPatient;
    // A conditional reference names the patient by an identifier: "Patient?identifier=sys|value".
    static constexpr std::string_view kConditional = "Patient?identifier=";
    if (address.starts_with(kConditional))
        return isNamedBy(address.substr(kConditional.size())) ? Subject::ThisPatient
                                                              : Subject::Somebody;
    const std::string_view last = typeAndId(address);
    if (!last.empty() && !last.starts_with("Patient/"))
        return Subject::NoPatient;
    if (!last.empty()) {
        // An id counts on its own server only. A relative one is of the server that its entry is
        // of.
        const std::string base = baseOf(address.starts_with("Patient/") ? from : address);
        const bool elsewhere = !m_patientBase.empty() && !base.empty() && base != m_patientBase;
        return !elsewhere && !m_patientId.empty() && last.substr(8) == m_patientId
                   ? Subject::ThisPatient
                   : Subject::Somebody;
    }
    if (const Referenced* other = find(address))
        return other->entry == m_patientEntry ? Subject::ThisPatient
               : other->type == "Patient"     ? Subject::Somebody
                                              : Subject::NoPatient;
    if (address.starts_with("urn:uuid:") && address.substr(9) == m_patientId)
        return Subject::ThisPatient;
    // It leads nowhere: whoever it is, nothing shows that it is this patient.
    return Subject::Somebody;
}

FhirIndex::Subject FhirIndex::judge(const JsonValue& reference, const JsonValue& resource,
                                    std::string_view from) const
{
    const std::string& address = reference["reference"].string();
    if (address.starts_with('#')) {
        const JsonValue& contained = containedResource(resource, address);
        if (contained["resourceType"].string() != "Patient")
            return contained.isNull() ? Subject::Somebody : Subject::NoPatient;
        return sharesIdentifier(contained["identifier"]) ? Subject::ThisPatient : Subject::Somebody;
    }
    if (!address.empty())
        return judgeAddress(address, from);
    const std::string& type = reference["type"].string();
    if (!type.empty() && type != "Patient")
        return Subject::NoPatient;
    if (const JsonValue& identifier = reference["identifier"]; identifier.isObject()) {
        JsonValue list;
        list.kind = JsonValue::Kind::Array;
        list.items.push_back(identifier);
        return sharesIdentifier(list) ? Subject::ThisPatient : Subject::Somebody;
    }
    return Subject::NotSaid;
}

FhirIndex::Subject FhirIndex::subjectOf(const JsonValue& resource, std::string_view from) const
{
    Subject worst = Subject::NotSaid;
    const auto weigh = [&](const JsonValue& reference) {
        const Subject subject = judge(reference, resource, from);
        if (subject == Subject::Somebody || worst == Subject::NotSaid)
            worst = subject;
    };
    for (const char* name : {"subject", "patient", "beneficiary", "for"}) {
        const JsonValue& member = resource[name];
        if (member.isObject())
            weigh(member);
        for (const JsonValue& element : member.elements())
            weigh(element);
    }
    return worst;
}

} // namespace imports
