// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"
#include "storage/import/no_known_allergy.h"

namespace imports {

namespace {

using records::ConditionState;

ConditionState stateOf(const std::string& code)
{
    if (code == "active" || code == "recurrence" || code == "relapse")
        return ConditionState::Active;
    if (code == "inactive" || code == "remission")
        return ConditionState::Inactive;
    if (code == "resolved")
        return ConditionState::Resolved;
    return ConditionState::Unknown;
}

std::string reactionWords(const JsonValue& reaction)
{
    std::string words;
    for (const JsonValue& manifestation : reaction["manifestation"].elements())
        append(words, ", ", nameOf(manifestation));
    if (words.empty())
        words = reaction["description"].string();
    std::string details = reaction["severity"].string();
    if (const std::string substance = nameOf(reaction["substance"]); !substance.empty())
        append(details, ", ", "to " + substance);
    append(details, ", ", reaction["onset"].string());
    if (!words.empty() && !details.empty())
        words += " (" + details + ")";
    return words;
}

} // namespace

void readCondition(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    records::Condition condition;
    condition.code = conceptOf(resource["code"]);
    condition.state = stateOf(codeOf(resource["clinicalStatus"]));
    condition.verification = codeOf(resource["verificationStatus"]);
    condition.category = codeOf(resource["category"].at(0));
    condition.onset = startOf(resource, "onset");
    condition.abated = startOf(resource, "abatement");
    condition.recorded = dateOf(resource["recordedDate"]);
    condition.note = notesOf(resource["note"]);
    if (codeOf(resource["clinicalStatus"]) == "remission")
        append(condition.note, "\n", "In remission.");
    if (const std::string severity = nameOf(resource["severity"]); !severity.empty())
        append(condition.note, "\n", "Severity: " + severity);
    for (const JsonValue& site : resource["bodySite"].elements())
        append(condition.note, "\n", "Body site: " + nameOf(site));
    for (const JsonValue& stage : resource["stage"].elements()) {
        if (const std::string summary = nameOf(stage["summary"]); !summary.empty())
            append(condition.note, "\n", "Stage: " + summary);
    }
    condition.source = context.source;
    chart.conditions.push_back(std::move(condition));
}

void readAllergy(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    records::Allergy allergy;
    allergy.code = conceptOf(resource["code"]);
    for (const JsonValue& reaction : resource["reaction"].elements()) {
        if (allergy.code.name().empty())
            allergy.code = conceptOf(reaction["substance"]);
        if (std::string words = reactionWords(reaction); !words.empty())
            allergy.reactions.push_back(std::move(words));
    }
    if (allergy.code.name().empty())
        allergy.code.text = "substance not recorded";
    // What once caused a reaction is an allergy, whatever it is called.
    allergy.noKnownAllergy =
        resource["reaction"].elements().empty() && isNoKnownAllergy(allergy.code);
    if (const std::string_view words = wordsOfNoKnownAllergy(allergy.code);
        allergy.noKnownAllergy && !words.empty())
        allergy.code.text = words;

    const std::string status = codeOf(resource["clinicalStatus"]);
    allergy.resolved = status == "resolved";
    allergy.verification = codeOf(resource["verificationStatus"]);
    allergy.category = resource["category"].at(0).string();
    allergy.criticality = resource["criticality"].string();
    allergy.onset = startOf(resource, "onset");
    allergy.recorded = dateOf(resource["recordedDate"]);
    allergy.note = notesOf(resource["note"]);
    if (status == "inactive")
        append(allergy.note, "\n", "Recorded as inactive.");
    if (resource["type"].string() == "intolerance")
        append(allergy.note, "\n", "Recorded as an intolerance.");
    allergy.source = context.source;
    chart.allergies.push_back(std::move(allergy));
}

void readEmptyAllergyList(const ResourceContext& context, const JsonValue& list,
                          std::string_view path, records::Chart& chart)
{
    // LOINC 48765-2: allergies and adverse reactions.
    if (!hasCode(list["code"], "48765-2") || !hasCode(list["emptyReason"], "nilknown"))
        return;
    records::Allergy none;
    none.code = conceptOf(list["emptyReason"]);
    none.noKnownAllergy = true;
    none.recorded = dateOf(context.resource["date"]);
    none.source = context.at(path);
    chart.allergies.push_back(std::move(none));
}

} // namespace imports
