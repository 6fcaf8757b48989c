// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

using records::MedicationKind;
using records::MedicationState;

MedicationKind kindOf(const std::string& type)
{
    if (type == "MedicationStatement")
        return MedicationKind::Statement;
    if (type == "MedicationAdministration")
        return MedicationKind::Administration;
    return type == "MedicationDispense" ? MedicationKind::Dispense : MedicationKind::Request;
}

MedicationState stateOf(const std::string& status)
{
    if (status == "active" || status == "in-progress")
        return MedicationState::Active;
    if (status == "stopped" || status == "not-taken")
        return MedicationState::Stopped;
    if (status == "completed")
        return MedicationState::Completed;
    if (status == "on-hold")
        return MedicationState::OnHold;
    if (status == "cancelled" || status == "not-done" || status == "declined")
        return MedicationState::Cancelled;
    if (status == "draft" || status == "intended" || status == "preparation")
        return MedicationState::Draft;
    return MedicationState::Unknown;
}

std::string statusReasonOf(const JsonValue& resource)
{
    std::string words = nameOf(resource["statusReason"]);
    for (const JsonValue& reason : resource["statusReason"].elements())
        append(words, "; ", nameOf(reason));
    append(words, "; ", nameOf(resource["statusReasonCodeableConcept"]));
    append(words, "; ", resource["statusReasonReference"]["display"].string());
    if (resource["status"].string() == "not-taken")
        append(words, "; ", "recorded as not taken");
    return words;
}

std::string dosageOf(const JsonValue& resource)
{
    if (resource["dosage"].isObject())
        return dosageWords(resource["dosage"]);
    const char* name = resource.has("dosageInstruction") ? "dosageInstruction" : "dosage";
    std::string words;
    for (const JsonValue& dosage : resource[name].elements())
        append(words, "; then ", dosageWords(dosage));
    return words;
}

/// The period that a request's timing is bound to.
const JsonValue& boundsOf(const JsonValue& resource)
{
    return resource["dosageInstruction"].at(0)["timing"]["repeat"]["boundsPeriod"];
}

void readTimes(const JsonValue& resource, records::Medication& medication)
{
    medication.started = startOf(resource, "effective");
    medication.ended = endOf(resource, "effective");
    if (medication.started.text.empty())
        medication.started = dateOf(resource["authoredOn"]);
    if (medication.started.text.empty())
        medication.started = dateOf(boundsOf(resource)["start"]);
    if (medication.started.text.empty())
        medication.started = dateOf(resource["whenHandedOver"]);
    if (medication.started.text.empty())
        medication.started = dateOf(resource["whenPrepared"]);
    if (medication.started.text.empty())
        medication.started = dateOf(resource["dateAsserted"]);
    if (medication.ended.text.empty())
        medication.ended = dateOf(boundsOf(resource)["end"]);
}

/// "Do not give": an order against a medicine must never stand among those that are taken.
void readProhibition(const ResourceContext& context, records::Chart& chart)
{
    records::OtherEntry entry;
    entry.kind = context.source.resourceType;
    entry.code = context.conceptOrReference("medication");
    entry.status = context.resource["status"].string();
    entry.detail = "Order not to give this medicine";
    append(entry.detail, "; reason: ", context.reasons());
    append(entry.detail, "; ", notesOf(context.resource["note"]));
    entry.date = dateOf(context.resource["authoredOn"]);
    entry.source = context.source;
    chart.others.push_back(std::move(entry));
}

} // namespace

void readMedication(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    if (resource["doNotPerform"].isTrue()) {
        readProhibition(context, chart);
        return;
    }
    records::Medication medication;
    medication.code = context.conceptOrReference("medication");
    medication.kind = kindOf(context.source.resourceType);
    medication.state = stateOf(resource["status"].string());
    const std::string& intent = resource["intent"].string();
    if (medication.state == MedicationState::Active &&
        (intent == "proposal" || intent == "plan" || intent == "option"))
        medication.state = MedicationState::Draft;
    medication.dosage = dosageOf(resource);
    medication.reason = context.reasons();
    medication.statusReason = statusReasonOf(resource);
    readTimes(resource, medication);
    medication.note = notesOf(resource["note"]);
    medication.source = context.source;
    chart.medications.push_back(std::move(medication));
}

} // namespace imports
