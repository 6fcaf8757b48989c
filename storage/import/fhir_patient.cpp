// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

/// The name a patient goes by: official, else usual, else the first that isn't old or a nickname.
const JsonValue& shownName(const JsonValue& names)
{
    for (const char* use : {"official", "usual"}) {
        for (const JsonValue& name : names.elements()) {
            if (name["use"].string() == use)
                return name;
        }
    }
    for (const JsonValue& name : names.elements()) {
        const std::string& use = name["use"].string();
        if (use != "old" && use != "maiden" && use != "nickname")
            return name;
    }
    return names.at(0);
}

std::string joined(const JsonValue& list, std::string_view separator)
{
    std::string words;
    for (const JsonValue& element : list.elements())
        append(words, separator, element.string());
    return words;
}

std::string addressOf(const JsonValue& patient)
{
    const JsonValue& address = patient["address"].at(0);
    if (!address["text"].string().empty())
        return address["text"].string();
    std::string words = joined(address["line"], ", ");
    for (const char* part : {"city", "state", "postalCode", "country"})
        append(words, ", ", address[part].string());
    return words;
}

std::string phoneOf(const JsonValue& patient)
{
    for (const JsonValue& contact : patient["telecom"].elements()) {
        if (contact["system"].string() == "phone")
            return contact["value"].string();
    }
    return {};
}

} // namespace

records::Patient readPatient(const JsonValue& resource, records::Source source)
{
    records::Patient patient;
    patient.resourceId = source.resourceId;
    patient.source = std::move(source);

    const JsonValue& name = shownName(resource["name"]);
    patient.family = name["family"].string();
    patient.given = joined(name["given"], " ");
    patient.prefix = joined(name["prefix"], " ");
    if (patient.family.empty() && patient.given.empty())
        patient.family = name["text"].string();

    patient.born = dateOf(resource["birthDate"]);
    if (resource.has("deceasedDateTime"))
        patient.died = dateOf(resource["deceasedDateTime"]);
    else if (resource["deceasedBoolean"].isTrue())
        patient.died.text = "true";
    patient.gender = resource["gender"].string();

    for (const JsonValue& identifier : resource["identifier"].elements()) {
        if (identifier["value"].string().empty() || identifier["use"].string() == "old")
            continue;
        patient.identifiers.push_back({identifier["system"].string(), identifier["value"].string(),
                                       hasCode(identifier["type"], "MR")});
    }
    patient.address = addressOf(resource);
    patient.phone = phoneOf(resource);
    return patient;
}

} // namespace imports
