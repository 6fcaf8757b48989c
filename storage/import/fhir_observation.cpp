// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_shape.h"
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

using records::Observation;
using records::Standing;

Standing standingOf(const std::string& status)
{
    if (status == "final")
        return Standing::Final;
    if (status == "preliminary")
        return Standing::Preliminary;
    if (status == "corrected")
        return Standing::Corrected;
    if (status == "amended")
        return Standing::Amended;
    if (status == "registered")
        return Standing::Registered;
    if (status == "cancelled")
        return Standing::Cancelled;
    return Standing::Unknown;
}

/// Interpretation codes are short ("H"); where only words were given, the words.
std::string interpretationOf(const JsonValue& list)
{
    std::string words;
    for (const JsonValue& interpretation : list.elements())
        append(words, ", ", codeOf(interpretation));
    return words;
}

/// The normal range in quantities; ranges of other kinds (treatment, by age) in words.
void readRanges(const JsonValue& ranges, Observation& observation)
{
    bool taken = false;
    for (const JsonValue& range : ranges.elements()) {
        const bool normal = !range.has("type") || hasCode(range["type"], "normal");
        const bool numeric = range.has("low") || range.has("high");
        std::string words = range["text"].string();
        if (normal && numeric && !taken) {
            observation.low = quantityOf(range["low"]);
            observation.high = quantityOf(range["high"]);
            taken = true;
        } else if (numeric && words.empty()) {
            words = nameOf(range["type"]);
            append(words, ": ", rangeWords(range));
        }
        for (const JsonValue& group : range["appliesTo"].elements())
            append(words, ", ", nameOf(group));
        if (range.has("age"))
            append(words, ", ", "age " + rangeWords(range["age"]));
        append(observation.rangeText, "; ", words);
    }
}

bool hasValue(const Observation& observation)
{
    return observation.quantity || !observation.valueText.empty() ||
           !observation.absentReason.empty();
}

/// The value[x] of an Observation or one of its components. Returns the member that it stands in.
std::string readValue(const JsonValue& holder, Observation& observation)
{
    observation.interpretation = interpretationOf(holder["interpretation"]);
    observation.absentReason = nameOf(holder["dataAbsentReason"]);
    readRanges(holder["referenceRange"], observation);
    observation.quantity = quantityOf(holder["valueQuantity"]);
    if (!observation.quantity)
        observation.valueText = valueWords(holder);
    // A number may stand in the document, but nobody may read one out of what isn't one.
    if (!hasValue(observation) && valueWasCut(holder))
        observation.absentReason = "the recorded value is not readable";
    for (const std::string& name : holder.names) {
        if (name.starts_with("value") && holder.has(name))
            return name;
    }
    return {};
}

std::string categoryOf(const JsonValue& categories)
{
    return codeOf(categories.at(0));
}

Observation commonOf(const ResourceContext& context)
{
    const JsonValue& resource = context.resource;
    Observation observation;
    observation.code = conceptOf(resource["code"]);
    observation.category = categoryOf(resource["category"]);
    observation.standing = standingOf(resource["status"].string());
    observation.effective = startOf(resource, "effective");
    observation.note = notesOf(resource["note"]);
    // Side and place of a measurement change what it means.
    if (const std::string site = nameOf(resource["bodySite"]); !site.empty())
        append(observation.note, "\n", "Body site: " + site);
    if (observation.effective.text.empty() && resource.has("issued")) {
        observation.effective = dateOf(resource["issued"]);
        append(observation.note, "\n", "The date is the date of issue.");
    }
    observation.source = context.source;
    return observation;
}

/// What the focus names, where it is not the patient; "" where it is.
std::string focusOf(const ResourceContext& context)
{
    std::string names;
    for (const JsonValue& focus : context.resource["focus"].elements()) {
        if (context.index.judge(focus, context.resource) == FhirIndex::Subject::ThisPatient)
            continue;
        const std::string name = context.referenceName(focus);
        append(names, ", ", name.empty() ? "somebody or something else" : name);
    }
    return names;
}

void readOfAnother(const ResourceContext& context, const std::string& focus, records::Chart& chart)
{
    const Observation common = commonOf(context);
    records::OtherEntry entry;
    entry.kind = context.source.resourceType;
    entry.code = common.code;
    entry.status = context.resource["status"].string();
    entry.detail = "About: " + focus;
    append(entry.detail, "; ", valueWords(context.resource));
    for (const JsonValue& component : context.resource["component"].elements())
        append(entry.detail, "; ", nameOf(component["code"]) + ": " + valueWords(component));
    append(entry.detail, "; ", common.note);
    entry.date = common.effective;
    entry.source = context.source;
    chart.others.push_back(std::move(entry));
}

} // namespace

void readObservation(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    if (const std::string focus = focusOf(context); !focus.empty()) {
        readOfAnother(context, focus, chart);
        return;
    }
    const Observation common = commonOf(context);
    const auto& components = resource["component"].elements();

    Observation whole = common;
    whole.source.path = readValue(resource, whole);
    // A panel's own line would be empty: its components or members carry the values.
    const bool isPanel = !components.empty() || !resource["hasMember"].elements().empty();
    if (hasValue(whole) || !isPanel)
        chart.observations.push_back(std::move(whole));

    for (std::size_t i = 0; i < components.size(); ++i) {
        Observation part = common;
        part.code = conceptOf(components[i]["code"]);
        part.panel = common.code.name();
        const std::string member = readValue(components[i], part);
        part.source.path = "component[" + std::to_string(i) + "]";
        if (!member.empty())
            part.source.path += "." + member;
        if (part.interpretation.empty())
            part.interpretation = interpretationOf(resource["interpretation"]);
        chart.observations.push_back(std::move(part));
    }
}

} // namespace imports
