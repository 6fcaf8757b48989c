// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

/// What a reference leads to, as a concept: contained, in the bundle, or its own words.
records::Concept resolve(const ResourceContext& context, const JsonValue& reference)
{
    const std::string& address = reference["reference"].string();
    records::Concept code;
    if (address.starts_with('#')) {
        code = codeOfResource(containedResource(context.resource, address));
    } else if (const Referenced* found = context.index.find(address)) {
        // A List may name a MedicationStatement, which is named by its medicine.
        code = found->code;
    }
    if (code.name().empty()) {
        code.text = reference["display"].string();
        if (!address.empty() && code.text.empty())
            context.warnings.add(Notice::UnresolvedReference);
    }
    return code;
}

} // namespace

records::Source ResourceContext::at(std::string_view path) const
{
    records::Source place = source;
    place.path = std::string(path);
    return place;
}

records::Concept ResourceContext::conceptOrReference(std::string_view name) const
{
    const std::string stem(name);
    if (resource.has(stem + "CodeableConcept"))
        return conceptOf(resource[stem + "CodeableConcept"]);
    if (resource.has(stem + "Reference"))
        return resolve(*this, resource[stem + "Reference"]);
    return {};
}

std::string ResourceContext::referenceName(const JsonValue& reference) const
{
    if (!reference["display"].string().empty())
        return reference["display"].string();
    const std::string& address = reference["reference"].string();
    if (address.starts_with('#')) {
        const JsonValue& contained = containedResource(resource, address);
        const JsonValue& name = contained["name"];
        if (name.kind == JsonValue::Kind::Array)
            return personName(name.at(0));
        return name.string().empty() ? codeOfResource(contained).name() : name.string();
    }
    const Referenced* found = index.find(address);
    if (found == nullptr)
        return {};
    return found->name.empty() ? found->code.name() : found->name;
}

std::string ResourceContext::reasons() const
{
    std::string words;
    for (const JsonValue& reason : resource["reasonCode"].elements())
        append(words, "; ", nameOf(reason));
    for (const JsonValue& reason : resource["reasonReference"].elements())
        append(words, "; ", resolve(*this, reason).name());
    return words;
}

} // namespace imports
