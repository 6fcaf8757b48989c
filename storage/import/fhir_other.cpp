// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"

#include <algorithm>
#include <array>

namespace imports {

namespace {

/// Types that become an OtherEntry.
constexpr std::array<std::string_view, 24> kOtherTypes{"AdverseEvent",
                                                       "Appointment",
                                                       "CarePlan",
                                                       "CareTeam",
                                                       "ClinicalImpression",
                                                       "Communication",
                                                       "CommunicationRequest",
                                                       "DetectedIssue",
                                                       "Device",
                                                       "DeviceRequest",
                                                       "DeviceUseStatement",
                                                       "EpisodeOfCare",
                                                       "Flag",
                                                       "Goal",
                                                       "ImagingStudy",
                                                       "Immunization",
                                                       "ImmunizationRecommendation",
                                                       "Media",
                                                       "NutritionOrder",
                                                       "Procedure",
                                                       "RiskAssessment",
                                                       "ServiceRequest",
                                                       "Specimen",
                                                       "SupplyDelivery"};

/// Where the different types keep what they are about.
records::Concept codeOfOther(const JsonValue& resource)
{
    for (const char* name : {"code", "vaccineCode", "type", "event", "description", "category",
                             "procedureCode", "appointmentType", "serviceType"}) {
        const JsonValue& member = resource[name];
        const JsonValue& coded = member.kind == JsonValue::Kind::Array ? member.at(0) : member;
        records::Concept code = conceptOf(coded);
        if (!code.name().empty())
            return code;
    }
    records::Concept named;
    for (const char* name : {"title", "summary", "description"}) {
        if (named.text.empty())
            named.text = resource[name].string();
    }
    for (const char* name : {"suppliedItem", "codeCodeableConcept"}) {
        if (named.text.empty())
            named.text = nameOf(resource[name].has("itemCodeableConcept")
                                    ? resource[name]["itemCodeableConcept"]
                                    : resource[name]);
    }
    if (named.text.empty())
        named.text = resource["deviceName"].at(0)["name"].string();
    if (named.text.empty())
        named.text = nameOf(resource["prediction"].at(0)["outcome"]);
    if (named.text.empty())
        named.text = resource["resourceType"].string();
    return named;
}

records::Date dateOfOther(const JsonValue& resource)
{
    for (const char* name : {"performed", "occurrence", "effective", "start", "timing"}) {
        records::Date date = startOf(resource, name);
        if (!date.text.empty())
            return date;
    }
    for (const char* name :
         {"date", "started", "authoredOn", "startDate", "start", "sent", "created",
          "identifiedDateTime", "recorded", "statusDate", "manufactureDate"}) {
        if (resource.has(name))
            return dateOf(resource[name]);
    }
    return dateOf(resource["period"]["start"]);
}

void appendLabelled(std::string& detail, std::string_view label, const std::string& words)
{
    if (!words.empty())
        append(detail, "; ", std::string(label) + words);
}

void appendNames(std::string& detail, std::string_view label, const JsonValue& concepts)
{
    std::string names;
    for (const JsonValue& coded : concepts.elements())
        append(names, ", ", nameOf(coded));
    appendLabelled(detail, label, names);
}

std::string plannedActivities(const JsonValue& carePlan)
{
    std::string words;
    for (const JsonValue& activity : carePlan["activity"].elements()) {
        std::string name = nameOf(activity["detail"]["code"]);
        if (name.empty())
            name = activity["detail"]["description"].string();
        if (activity["detail"]["doNotPerform"].isTrue())
            name.insert(0, "do not: ");
        append(words, ", ", name);
    }
    return words;
}

std::string doseOf(const JsonValue& immunization)
{
    const auto dose = quantityOf(immunization["doseQuantity"]);
    return dose ? wordsOf(*dose) : std::string();
}

std::string detailOf(const ResourceContext& context)
{
    const JsonValue& resource = context.resource;
    std::string detail;
    if (resource["doNotPerform"].isTrue())
        detail = "Order not to do this";
    appendNames(detail, "body site: ", resource["bodySite"]);
    appendLabelled(detail, "site: ", nameOf(resource["site"]));
    appendLabelled(detail, "dose: ", doseOf(resource));
    appendLabelled(detail, "lot: ", resource["lotNumber"].string());
    appendLabelled(detail, "activities: ", plannedActivities(resource));
    appendLabelled(detail, "reason: ", context.reasons());
    appendLabelled(detail, "status reason: ", nameOf(resource["statusReason"]));
    appendLabelled(detail, "outcome: ", nameOf(resource["outcome"]));
    appendNames(detail, "complication: ", resource["complication"]);
    appendLabelled(detail, "severity: ", nameOf(resource["severity"]));
    appendLabelled(detail, "achievement: ", nameOf(resource["achievementStatus"]));
    for (const JsonValue& prediction : resource["prediction"].elements()) {
        std::string risk = nameOf(prediction["outcome"]);
        if (prediction.has("probabilityDecimal"))
            append(risk, ": ", prediction["probabilityDecimal"].text);
        append(risk, ": ", nameOf(prediction["qualitativeRisk"]));
        appendLabelled(detail, "risk: ", risk);
    }
    for (const JsonValue& series : resource["series"].elements())
        append(detail, "; ", series["description"].string());
    for (const char* name : {"summary", "detail", "comment", "mitigation"})
        append(detail, "; ", resource[name].string());
    append(detail, "; ", resource["description"].string());
    append(detail, "; ", notesOf(resource["note"]));
    return detail;
}

} // namespace

bool readOther(const ResourceContext& context, records::Chart& chart)
{
    if (std::ranges::find(kOtherTypes, context.source.resourceType) == kOtherTypes.end())
        return false;
    records::OtherEntry entry;
    entry.kind = context.source.resourceType;
    entry.code = codeOfOther(context.resource);
    entry.status = context.resource["status"].string();
    if (entry.status.empty())
        entry.status = context.resource["lifecycleStatus"].string();
    entry.detail = detailOf(context);
    entry.date = dateOfOther(context.resource);
    entry.source = context.source;
    chart.others.push_back(std::move(entry));
    return true;
}

void readList(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    readEmptyAllergyList(context, resource, "", chart);
    records::OtherEntry entry;
    entry.kind = context.source.resourceType;
    entry.code = conceptOf(resource["code"]);
    if (entry.code.name().empty())
        entry.code.text = resource["title"].string();
    entry.status = resource["status"].string();
    entry.detail = nameOf(resource["emptyReason"]);
    for (const JsonValue& element : resource["entry"].elements()) {
        std::string name = context.referenceName(element["item"]);
        if (element["deleted"].isTrue())
            name += " (removed)";
        append(entry.detail, ", ", name);
    }
    append(entry.detail, "; ", notesOf(resource["note"]));
    entry.date = dateOf(resource["date"]);
    entry.source = context.source;
    chart.others.push_back(std::move(entry));
}

void readFamilyHistory(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    records::OtherEntry common;
    common.kind = context.source.resourceType;
    common.status = resource["status"].string();
    common.date = dateOf(resource["date"]);
    std::string relative = nameOf(resource["relationship"]);
    append(relative, ", ", resource["name"].string());
    if (resource["deceasedBoolean"].isTrue())
        relative += ", deceased";
    else if (const auto age = quantityOf(resource["deceasedAge"]))
        relative += ", died at age " + wordsOf(*age);

    const auto& conditions = resource["condition"].elements();
    for (std::size_t i = 0; i < conditions.size(); ++i) {
        records::OtherEntry entry = common;
        entry.code = conceptOf(conditions[i]["code"]);
        entry.detail = relative;
        if (const records::Date onset = startOf(conditions[i], "onset"); !onset.text.empty())
            append(entry.detail, "; ", "onset " + onset.text);
        append(entry.detail, "; ", nameOf(conditions[i]["outcome"]));
        if (conditions[i]["contributedToDeath"].isTrue())
            append(entry.detail, "; ", "contributed to death");
        append(entry.detail, "; ", notesOf(conditions[i]["note"]));
        append(entry.detail, "; ", notesOf(resource["note"]));
        entry.source = context.at("condition[" + std::to_string(i) + "]");
        chart.others.push_back(std::move(entry));
    }
    if (conditions.empty()) {
        common.code = conceptOf(resource["relationship"]);
        common.detail = relative;
        append(common.detail, "; ", notesOf(resource["note"]));
        common.source = context.source;
        chart.others.push_back(std::move(common));
    }
}

void readEncounter(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    records::Encounter encounter;
    encounter.type = conceptOf(resource["type"].at(0));
    if (encounter.type.name().empty())
        encounter.type = conceptOf(resource["serviceType"]);
    encounter.classCode = resource["class"]["code"].string();
    if (encounter.type.name().empty())
        encounter.type.text = resource["class"]["display"].string();
    encounter.reason = context.reasons();
    encounter.location = context.referenceName(resource["location"].at(0)["location"]);
    if (encounter.location.empty())
        encounter.location = context.referenceName(resource["serviceProvider"]);
    encounter.status = resource["status"].string();
    encounter.started = dateOf(resource["period"]["start"]);
    encounter.ended = dateOf(resource["period"]["end"]);
    encounter.source = context.source;
    chart.encounters.push_back(std::move(encounter));
}

} // namespace imports
