// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/facts.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <unordered_map>

namespace evidence {

namespace {

EvidenceItem factAt(const records::Source& source, Topic topic)
{
    EvidenceItem item;
    item.topic = topic;
    item.source = source;
    item.begin = source.begin;
    item.end = source.end;
    return item;
}

void append(std::string& text, std::string_view separator, std::string_view lead,
            std::string_view what)
{
    if (what.empty())
        return;
    if (!text.empty())
        text += separator;
    text += lead;
    text += oneLine(what);
}

std::string labelled(std::string_view name, const records::Date& date)
{
    std::string label(name);
    if (date.known())
        label += " " + shown(date);
    return label;
}

std::string_view nameOf(records::MedicationState state)
{
    using enum records::MedicationState;
    switch (state) {
    case Active:
        return "active";
    case Stopped:
        return "stopped";
    case Completed:
        return "completed";
    case OnHold:
        return "on hold";
    case Cancelled:
        return "cancelled";
    case Draft:
        return "draft, not ordered";
    case Unknown:
        break;
    }
    return "status not recorded";
}

std::string_view nameOf(records::MedicationKind kind)
{
    using enum records::MedicationKind;
    switch (kind) {
    case Request:
        return "Order";
    case Statement:
        return "Medication list";
    case Administration:
        return "Given";
    case Dispense:
        return "Dispensed";
    }
    return "Order";
}

std::string_view nameOf(records::ConditionState state)
{
    using enum records::ConditionState;
    switch (state) {
    case Active:
        return "active";
    case Inactive:
        return "inactive";
    case Resolved:
        return "resolved";
    case Unknown:
        break;
    }
    return "status not recorded";
}

std::string_view meaningOf(std::string_view interpretation)
{
    constexpr std::pair<std::string_view, std::string_view> kFlags[]{
        {"H", "high"},       {"HH", "critically high"},     {"HU", "critically high"},
        {"L", "low"},        {"LL", "critically low"},      {"LU", "critically low"},
        {"A", "abnormal"},   {"AA", "critically abnormal"}, {"N", "normal"},
        {"POS", "positive"}, {"NEG", "negative"},           {"IND", "indeterminate"},
        {"R", "resistant"},  {"S", "susceptible"},          {"I", "intermediate"},
        {"DET", "detected"}, {"ND", "not detected"}};
    for (const auto& [code, meaning] : kFlags) {
        if (interpretation == code)
            return meaning;
    }
    return interpretation;
}

std::string shown(const records::Quantity& quantity)
{
    std::string text = quantity.comparator + quantity.value;
    if (const std::string unit(records::shownUnit(quantity.unit)); !unit.empty())
        text += (unit == "%" ? "" : " ") + unit;
    return oneLine(text);
}

std::string rangeOf(const records::Observation& observation)
{
    if (observation.low && observation.high) {
        const std::string_view named = records::shownUnit(observation.high->unit);
        const bool sameUnit =
            observation.quantity && records::shownUnit(observation.low->unit) ==
                                        records::shownUnit(observation.quantity->unit);
        const std::string unit = sameUnit || named.empty() ? "" : " " + std::string(named);
        return oneLine(observation.low->value + "-" + observation.high->value + unit);
    }
    if (observation.low)
        return "from " + oneLine(observation.low->value);
    if (observation.high)
        return "up to " + oneLine(observation.high->value);
    return oneLine(observation.rangeText);
}

/// "Potassium 4.1 mmol/L (range 3.5-5.1, high)"
std::string reading(const records::Observation& observation)
{
    std::string text = oneLine(observation.code.name()) + " " + valueOf(observation);
    std::string aside;
    if (const std::string range = rangeOf(observation); !range.empty())
        aside = "range " + range;
    append(aside, ", ", "", flagOf(observation));
    if (!aside.empty())
        text += " (" + aside + ")";
    return text;
}

bool isLaboratory(const records::Observation& observation)
{
    return observation.category == "laboratory";
}

} // namespace

std::string_view nameOf(records::Standing standing)
{
    using enum records::Standing;
    switch (standing) {
    case Final:
        return "final";
    case Preliminary:
        return "preliminary";
    case Corrected:
        return "corrected";
    case Amended:
        return "amended";
    case Registered:
        return "registered";
    case Cancelled:
        return "cancelled";
    case Unknown:
        break;
    }
    return "";
}

bool hasValue(const records::Observation& observation)
{
    return observation.standing != records::Standing::Cancelled &&
           (observation.quantity.has_value() || !observation.valueText.empty());
}

std::string valueOf(const records::Observation& observation)
{
    if (observation.quantity)
        return shown(*observation.quantity);
    if (!observation.valueText.empty())
        return oneLine(observation.valueText);
    if (!observation.absentReason.empty())
        return "no value (" + oneLine(observation.absentReason) + ")";
    return "no value";
}

std::string flagOf(const records::Observation& observation)
{
    return oneLine(meaningOf(observation.interpretation));
}

std::string bloodPressureOf(std::span<const records::Observation* const> parts)
{
    const records::Observation* systolic = nullptr;
    const records::Observation* diastolic = nullptr;
    for (const records::Observation* part : parts) {
        const Analyte* analyte = analyteOf(*part);
        if (analyte == nullptr || !part->quantity || !part->quantity->comparator.empty())
            return {};
        if (analyte->name == "systolic blood pressure" && systolic == nullptr)
            systolic = part;
        else if (analyte->name == "diastolic blood pressure" && diastolic == nullptr)
            diastolic = part;
        else
            return {};
    }
    if (systolic == nullptr || diastolic == nullptr ||
        systolic->quantity->unit != diastolic->quantity->unit)
        return {};
    const std::string unit =
        systolic->quantity->unit == "mm[Hg]" ? "mmHg" : systolic->quantity->unit;
    return oneLine(systolic->quantity->value + "/" + diastolic->quantity->value + " " + unit);
}

EvidenceItem factOf(const records::Allergy& allergy)
{
    EvidenceItem item = factAt(allergy.source, Topic::Allergy);
    item.date = allergy.recorded.known() ? allergy.recorded : allergy.onset;
    if (allergy.noKnownAllergy) {
        item.text = "Allergy statement: " + oneLine(allergy.code.name());
    } else {
        item.text = "Allergy: " + oneLine(allergy.code.name());
        for (std::size_t i = 0; i < allergy.reactions.size(); ++i)
            append(item.text, i == 0 ? "; reaction " : ", ", "", allergy.reactions[i]);
        append(item.text, "; ", "criticality ", allergy.criticality);
        append(item.text, "; ", "", allergy.category);
        append(item.text, "; ", "", allergy.verification);
        if (allergy.resolved)
            item.text += "; resolved";
    }
    append(item.text, "; ", "since ", shown(allergy.onset));
    append(item.text, "; ", "recorded ", shown(allergy.recorded));
    append(item.text, "; ", "note: ", allergy.note);
    item.label = labelled("Allergy", item.date);
    return item;
}

EvidenceItem factOf(const records::Condition& condition)
{
    EvidenceItem item = factAt(condition.source, Topic::Condition);
    item.date = condition.onset.known() ? condition.onset : condition.recorded;
    item.text =
        "Problem: " + oneLine(condition.code.name()) + ", " + std::string(nameOf(condition.state));
    if (condition.verification != "confirmed")
        append(item.text, ", ", "", condition.verification);
    append(item.text, "; ", "since ", shown(condition.onset));
    append(item.text, "; ", "resolved ", shown(condition.abated));
    if (!condition.onset.known())
        append(item.text, "; ", "recorded ", shown(condition.recorded));
    append(item.text, "; ", "note: ", condition.note);
    item.label = labelled("Problem", item.date);
    return item;
}

EvidenceItem factOf(const records::Medication& medication)
{
    EvidenceItem item = factAt(medication.source, Topic::Medication);
    item.date = medication.ended.known() ? medication.ended : medication.started;
    item.text = "Medication: " + oneLine(medication.code.name()) + ", " +
                std::string(nameOf(medication.state));
    append(item.text, "; ", "dosage: ", medication.dosage);
    append(item.text, "; ", "started ", shown(medication.started));
    append(item.text, "; ",
           medication.state == records::MedicationState::Stopped ? "stopped " : "ended ",
           shown(medication.ended));
    append(item.text, "; ", "given for ", medication.reason);
    append(item.text, "; ", "reason for the status: ", medication.statusReason);
    append(item.text, "; ", "note: ", medication.note);
    item.label = labelled(nameOf(medication.kind), item.date);
    return item;
}

EvidenceItem factOf(const records::Encounter& encounter)
{
    EvidenceItem item = factAt(encounter.source, Topic::Encounter);
    item.date = encounter.started;
    item.text = "Visit: " + oneLine(encounter.type.name());
    append(item.text, "; ", "class ", encounter.classCode);
    append(item.text, "; ", "reason: ", encounter.reason);
    append(item.text, "; ", "at ", encounter.location);
    append(item.text, "; ", "from ", shown(encounter.started));
    if (shown(encounter.ended) != shown(encounter.started))
        append(item.text, "; ", "to ", shown(encounter.ended));
    item.label = labelled("Visit", item.date);
    return item;
}

EvidenceItem factOf(const records::OtherEntry& entry)
{
    EvidenceItem item = factAt(entry.source, Topic::Other);
    item.date = entry.date;
    item.family = entry.kind == "FamilyMemberHistory";
    const std::string kind = item.family ? "Family history" : entry.kind;
    item.text = kind + ": " + oneLine(entry.code.name());
    append(item.text, "; ", "", entry.detail);
    append(item.text, "; ", "", entry.status);
    append(item.text, "; ", "on ", shown(entry.date));
    item.label = labelled(kind, item.date);
    return item;
}

EvidenceItem factOf(std::span<const records::Observation* const> parts)
{
    const records::Observation& first = *parts.front();
    EvidenceItem item = factAt(first.source, Topic::Observation);
    if (parts.size() > 1)
        item.source.path.clear();
    item.date = first.effective;
    if (const std::string pressure = bloodPressureOf(parts); !pressure.empty()) {
        item.text = "Blood pressure " + pressure;
    } else {
        for (const records::Observation* part : parts)
            append(item.text, "; ", "", reading(*part));
        if (!first.panel.empty())
            item.text = oneLine(first.panel) + ": " + item.text;
    }
    append(item.text, " ", "on ", shown(first.effective));
    append(item.text, ", ", "", nameOf(first.standing));
    append(item.text, "; ", "note: ", first.note);
    item.label = labelled(isLaboratory(first)               ? "Lab"
                          : first.category == "vital-signs" ? "Vital sign"
                                                            : "Observation",
                          item.date);
    return item;
}

EvidenceItem factOf(const records::Patient& patient)
{
    EvidenceItem item = factAt(patient.source, Topic::Other);
    item.text = "Patient: ";
    item.text += patient.gender.empty() ? "gender not recorded" : oneLine(patient.gender);
    append(item.text, ", ", "born ", shown(patient.born));
    append(item.text, ", ", "died ", shown(patient.died));
    item.label = "Patient";
    return item;
}

EvidenceItem passageOf(const records::Chart& chart, std::size_t document, std::uint64_t begin,
                       std::uint64_t end, std::size_t bytes)
{
    const records::Document& from = chart.documents[document];
    EvidenceItem item = factAt(from.source, Topic::Note);
    item.kind = Kind::Passage;
    item.document = static_cast<int>(document);
    item.begin = std::min<std::uint64_t>(begin, from.text.size());
    item.end = std::clamp<std::uint64_t>(end, item.begin, from.text.size());
    const std::string text = unwrapped(from.text);
    item.text =
        shortened(oneLine(std::string_view(text).substr(item.begin, item.end - item.begin)), bytes);
    item.date = from.date;
    item.label =
        labelled(from.title.empty() ? "Note" : shortened(oneLine(from.title), 60), from.date);
    return item;
}

int add(std::vector<EvidenceItem>& items, EvidenceItem item)
{
    for (const EvidenceItem& present : items) {
        if (present.begin == item.begin && present.end == item.end && present.kind == item.kind &&
            present.source == item.source && present.text == item.text)
            return present.number;
    }
    item.number = static_cast<int>(items.size()) + 1;
    items.push_back(std::move(item));
    return items.back().number;
}

std::vector<Panel> panelsOf(const records::Chart& chart)
{
    std::vector<Panel> panels;
    std::unordered_map<std::string, std::size_t> known;
    for (const records::Observation& observation : chart.observations) {
        if (observation.panel.empty()) {
            panels.push_back({&observation});
            continue;
        }
        const std::string key = observation.source.document + "/" +
                                observation.source.resourceType + "/" +
                                observation.source.resourceId;
        const auto [place, isNew] = known.try_emplace(key, panels.size());
        if (isNew)
            panels.emplace_back();
        panels[place->second].push_back(&observation);
    }
    return panels;
}

std::string marks(std::span<const int> numbers)
{
    std::string text = numbers.empty() ? "" : " ";
    for (const int number : numbers)
        text += "[" + std::to_string(number) + "]";
    return text;
}

std::string closed(std::string text, std::span<const int> numbers)
{
    const std::size_t quote = text.ends_with('"') ? 1 : 0;
    const std::size_t body = text.size() - quote;
    const bool cut = std::string_view(text).substr(0, body).ends_with("..."); // shortened()
    if (!cut && body > 0 && text[body - 1] == '.')
        text.erase(body - 1, 1);
    return text + marks(numbers) + ".";
}

} // namespace evidence
