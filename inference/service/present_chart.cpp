// SPDX-License-Identifier: Apache-2.0
#include "inference/service/present.h"

#include "inference/evidence/conflicts.h"

#include <algorithm>
#include <array>
#include <ranges>

namespace service {

namespace {

std::string_view nameOf(records::Standing standing)
{
    switch (standing) {
    case records::Standing::Final:
        return "final";
    case records::Standing::Preliminary:
        return "preliminary";
    case records::Standing::Corrected:
        return "corrected";
    case records::Standing::Amended:
        return "amended";
    case records::Standing::Registered:
        return "registered";
    case records::Standing::Cancelled:
        return "cancelled";
    case records::Standing::Unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view nameOf(records::ConditionState state)
{
    switch (state) {
    case records::ConditionState::Active:
        return "active";
    case records::ConditionState::Inactive:
        return "inactive";
    case records::ConditionState::Resolved:
        return "resolved";
    case records::ConditionState::Unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view nameOf(records::MedicationState state)
{
    switch (state) {
    case records::MedicationState::Active:
        return "active";
    case records::MedicationState::Stopped:
        return "stopped";
    case records::MedicationState::Completed:
        return "completed";
    case records::MedicationState::OnHold:
        return "on-hold";
    case records::MedicationState::Cancelled:
        return "cancelled";
    case records::MedicationState::Draft:
        return "draft";
    case records::MedicationState::Unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view nameOf(records::MedicationKind kind)
{
    switch (kind) {
    case records::MedicationKind::Request:
        return "request";
    case records::MedicationKind::Statement:
        return "statement";
    case records::MedicationKind::Administration:
        return "administration";
    case records::MedicationKind::Dispense:
        return "dispense";
    }
    return "request";
}

api::Patient presentPatient(const records::Patient& patient)
{
    api::Patient shown{.id = patient.id,
                       .name = patient.displayName(),
                       .born = patient.born.text,
                       .died = patient.died.text,
                       .gender = patient.gender,
                       .mrn = patient.medicalRecordNumber(),
                       .address = patient.address,
                       .phone = patient.phone};
    for (const records::Identifier& identifier : patient.identifiers)
        shown.identifiers.push_back({identifier.system, identifier.value});
    return shown;
}

api::Allergy presentAllergy(const records::Allergy& allergy)
{
    return {.name = allergy.code.name(),
            .criticality = allergy.criticality,
            .verification = allergy.verification,
            .recorded = allergy.recorded.text,
            .reactions = allergy.reactions,
            .resolved = allergy.resolved,
            .source = present(allergy.source)};
}

api::Problem presentProblem(const records::Condition& condition)
{
    return {.name = condition.code.name(),
            .state = std::string(nameOf(condition.state)),
            .verification = condition.verification,
            .onset = condition.onset.text,
            .abated = condition.abated.text,
            .recorded = condition.recorded.text,
            .source = present(condition.source)};
}

api::Medication presentMedication(const records::Medication& medication)
{
    return {.name = medication.code.name(),
            .state = std::string(nameOf(medication.state)),
            .kind = std::string(nameOf(medication.kind)),
            .dosage = medication.dosage,
            .reason = medication.reason,
            .statusReason = medication.statusReason,
            .started = medication.started.text,
            .ended = medication.ended.text,
            .source = present(medication.source),
            .disagrees = {}};
}

/// What one side of a conflict says about the medicine: the state of an entry, a note's words.
std::string sayingOf(const evidence::EvidenceItem& side, const records::Chart& chart)
{
    const auto entry =
        std::ranges::find(chart.medications, side.source, &records::Medication::source);
    return entry == chart.medications.end() ? side.text : std::string(nameOf(entry->state));
}

/// Tells each medication that a source contradicts what the other sources say: the same conflicts
/// that the answers show.
void tellDisagreements(const records::Chart& chart, api::Chart& shown)
{
    std::vector<evidence::EvidenceItem> items;
    for (const evidence::Conflict& conflict :
         evidence::findConflicts(chart, evidence::ConflictScope::Medications, items)) {
        std::vector<const evidence::EvidenceItem*> sides;
        for (const evidence::Sentence& sentence : conflict.sentences) {
            for (const int number : sentence.cited)
                sides.push_back(&items.at(static_cast<std::size_t>(number) - 1));
        }
        for (std::size_t i = 0; i < chart.medications.size(); ++i) {
            const records::Source& own = chart.medications[i].source;
            if (std::ranges::none_of(sides, [&](const auto* side) { return side->source == own; }))
                continue;
            for (const evidence::EvidenceItem* side : sides) {
                if (side->source != own)
                    shown.medications[i].disagrees.push_back({side->label, sayingOf(*side, chart)});
            }
        }
    }
}

api::Lab presentLab(const records::Observation& observation)
{
    api::Lab lab{.name = observation.code.name(),
                 .panel = observation.panel,
                 .category = observation.category,
                 .text = observation.valueText.empty() ? observation.absentReason
                                                       : observation.valueText,
                 .interpretation = observation.interpretation,
                 .low = observation.low ? observation.low->value : "",
                 .high = observation.high ? observation.high->value : "",
                 .range = observation.rangeText,
                 .standing = std::string(nameOf(observation.standing)),
                 .date = observation.effective.text,
                 .source = present(observation.source)};
    if (observation.quantity) {
        lab.value = observation.quantity->value;
        lab.comparator = observation.quantity->comparator;
        lab.unit = records::shownUnit(observation.quantity->unit);
    }
    return lab;
}

api::Encounter presentEncounter(const records::Encounter& encounter)
{
    return {.type = encounter.type.name(),
            .classCode = encounter.classCode,
            .reason = encounter.reason,
            .location = encounter.location,
            .started = encounter.started.text,
            .ended = encounter.ended.text,
            .status = encounter.status,
            .source = present(encounter.source)};
}

api::OtherEntry presentOther(const records::OtherEntry& entry)
{
    return {.kind = entry.kind,
            .name = entry.code.name(),
            .status = entry.status,
            .detail = entry.detail,
            .date = entry.date.text,
            .source = present(entry.source)};
}

/// A statement about all allergies. One of a kind ("No known food allergy"), or one that a note may
/// limit, must not be read as such.
bool isPlain(const records::Allergy& statement)
{
    static constexpr std::array<std::string_view, 11> kWords{"no known allergies",
                                                             "no known allergy",
                                                             "no known allergies (situation)",
                                                             "no known allergy (situation)",
                                                             "no allergies",
                                                             "nka",
                                                             "none known",
                                                             "nil known",
                                                             "nil known allergies",
                                                             "none",
                                                             "nilknown"};
    std::string words = statement.code.name();
    while (words.ends_with('.') || words.ends_with(' '))
        words.pop_back();
    for (char& c : words)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return statement.note.empty() && std::ranges::contains(kWords, words);
}

/// Empty where one of the statements is plain.
std::string wordsOfStatements(const records::Chart& chart)
{
    std::vector<std::string> said;
    for (const records::Allergy& allergy : chart.allergies) {
        if (!allergy.noKnownAllergy)
            continue;
        if (isPlain(allergy))
            return {};
        std::string words = allergy.code.name();
        if (!allergy.note.empty())
            words += " (see its note)";
        if (!std::ranges::contains(said, words))
            said.push_back(std::move(words));
    }
    std::string all;
    for (const std::string& words : said)
        all.append(all.empty() ? "" : "; ").append(words);
    return all;
}

/// "No known allergies" is a statement of its own and never an entry of the list.
void presentAllergies(const records::Chart& chart, api::Chart& shown)
{
    for (const records::Allergy& allergy : chart.allergies)
        (allergy.noKnownAllergy ? shown.allergyStatements : shown.allergies)
            .push_back(presentAllergy(allergy));
    if (!shown.allergies.empty())
        shown.allergyStatement = "recorded";
    else
        shown.allergyStatement = shown.allergyStatements.empty() ? "not_recorded" : "none_known";
    if (shown.allergyStatement == "none_known")
        shown.allergyWords = wordsOfStatements(chart);
}

} // namespace

api::Source present(const records::Source& source)
{
    return {.document = source.document,
            .resourceType = source.resourceType,
            .resourceId = source.resourceId,
            .path = source.path,
            .begin = source.begin,
            .end = source.end};
}

api::PatientSummary present(const records::PatientSummary& patient)
{
    return {.id = patient.id,
            .name = patient.name,
            .born = patient.born,
            .gender = patient.gender,
            .mrn = patient.medicalRecordNumber,
            .dataAsOf = patient.dataAsOf};
}

api::Chart present(const records::Chart& chart)
{
    api::Chart shown{.patient = presentPatient(chart.patient), .dataAsOf = chart.dataAsOf};
    presentAllergies(chart, shown);
    for (const records::Condition& condition : chart.conditions)
        shown.problems.push_back(presentProblem(condition));
    for (const records::Medication& medication : chart.medications)
        shown.medications.push_back(presentMedication(medication));
    tellDisagreements(chart, shown);

    std::vector<const records::Observation*> newestFirst;
    newestFirst.reserve(chart.observations.size());
    for (const records::Observation& observation : chart.observations)
        newestFirst.push_back(&observation);
    std::ranges::stable_sort(newestFirst, [](const auto* a, const auto* b) {
        return records::earlier(b->effective, a->effective);
    });
    for (const records::Observation* observation : newestFirst)
        shown.labs.push_back(presentLab(*observation));

    for (const records::Encounter& encounter : chart.encounters)
        shown.encounters.push_back(presentEncounter(encounter));
    for (const records::OtherEntry& entry : chart.others)
        shown.others.push_back(presentOther(entry));
    for (std::size_t i = 0; i < chart.documents.size(); ++i) {
        const records::Document& document = chart.documents[i];
        shown.documents.push_back({.index = i,
                                   .title = document.title,
                                   .author = document.author,
                                   .date = document.date.text,
                                   .readable = document.readable,
                                   .unreadableReason = document.unreadableReason,
                                   .bytes = document.text.size(),
                                   .source = present(document.source)});
    }
    return shown;
}

api::DocumentText presentDocument(const records::Chart& chart, std::size_t index)
{
    const records::Document& document = chart.documents.at(index);
    return {.index = index,
            .title = document.title,
            .author = document.author,
            .date = document.date.text,
            .text = document.text,
            .source = present(document.source)};
}

} // namespace service
