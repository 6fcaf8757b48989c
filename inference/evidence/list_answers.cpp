// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/list_answers.h"

#include "inference/evidence/dates.h"
#include "inference/evidence/direct_answer.h"
#include "inference/evidence/facts.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <format>
#include <map>
#include <tuple>

namespace evidence {

namespace {

// ---- medications ----

bool isOver(records::MedicationState state)
{
    using enum records::MedicationState;
    return state == Stopped || state == Completed || state == Cancelled;
}

bool isWanted(const records::Medication& medication, DirectAnswer::Kind kind)
{
    using enum records::MedicationState;
    if (medication.state == Draft)
        return false;
    if (kind == DirectAnswer::Kind::ActiveMedications) {
        // A dispense that is under way is not a medicine that is taken.
        return !isOver(medication.state) && medication.kind != records::MedicationKind::Dispense;
    }
    return kind == DirectAnswer::Kind::AllMedications || isOver(medication.state);
}

/// Entries that a reader would call the same line of a list.
struct Line {
    std::vector<const records::Medication*> entries; // newest first
};

std::vector<Line> linesOf(const records::Chart& chart, DirectAnswer::Kind kind)
{
    std::map<std::tuple<bool, records::MedicationState, std::string, std::string>, Line> lines;
    for (const records::Medication& medication : chart.medications) {
        if (!isWanted(medication, kind))
            continue;
        lines[{isOver(medication.state), medication.state, lowered(medication.code.name()),
               isOver(medication.state) ? std::string() : medication.dosage}]
            .entries.push_back(&medication);
    }
    std::vector<Line> out;
    for (auto& [key, line] : lines) {
        std::ranges::stable_sort(line.entries, [](const auto* a, const auto* b) {
            return records::earlier(b->ended.known() ? b->ended : b->started,
                                    a->ended.known() ? a->ended : a->started);
        });
        out.push_back(std::move(line));
    }
    return out;
}

bool isPast(const records::Date& date, Day today)
{
    return date.day != 0 && std::tuple(int{date.year}, int{date.month}, int{date.day}) <
                                std::tuple(today.year, today.month, today.day);
}

void sayLine(DirectAnswer& answer, const Line& line, Day today)
{
    std::vector<int> cited;
    cited.reserve(line.entries.size());
    for (const records::Medication* medication : line.entries)
        cited.push_back(add(answer.items, factOf(*medication)));
    const records::Medication& newest = *line.entries.front();
    constexpr std::string_view kLead = "Medication: ";
    const std::string& fact = answer.items[static_cast<std::size_t>(cited.front()) - 1].text;
    std::string text = fact.substr(kLead.size());
    // Only the newest entry is told; what it says must not be laid on the older ones.
    const std::vector<int> told{cited.front()};
    if (newest.state == records::MedicationState::Active && isPast(newest.ended, today))
        text += "; recorded as active although this end has passed";
    say(answer, std::move(text), line.entries.size() == 1 ? cited : told, Verdict::Supported);
    if (line.entries.size() > 1) {
        say(answer,
            std::format("{} is recorded in {} entries with this status",
                        oneLine(newest.code.name()), line.entries.size()),
            cited, Verdict::Computed);
    }
}

/// "81; born 14-Jul-1945". A date that is not known to the day leaves a year open.
std::string ageOf(const records::Patient& patient, Day today)
{
    const records::Date& born = patient.born;
    if (!patient.died.known() && !patient.died.text.empty())
        return "at death not recorded; born " + oneLine(shown(born));
    const bool dead = patient.died.known();
    const Day end = dead ? Day{patient.died.year, patient.died.month, patient.died.day} : today;
    int years = end.year - born.year;
    const bool exact = born.month != 0 && born.day != 0 && end.month != 0 && end.day != 0;
    if (exact && std::pair(end.month, end.day) < std::pair(int{born.month}, int{born.day}))
        --years;
    std::string text = exact ? std::to_string(years) : std::format("{} or {}", years - 1, years);
    text += std::format("{}; born {}", dead ? " at death" : "", oneLine(shown(born)));
    if (dead)
        text += "; died " + oneLine(shown(patient.died));
    return text;
}

} // namespace

DirectAnswer answerMedications(DirectAnswer::Kind kind, const records::Chart& chart, Day today)
{
    DirectAnswer answer = emptyAnswer(kind);
    const std::vector<Line> lines = linesOf(chart, kind);
    const std::size_t total = chart.medications.size();
    if (lines.empty()) {
        const std::string_view which = kind == DirectAnswer::Kind::ActiveMedications ? "active "
                                       : kind == DirectAnswer::Kind::PastMedications ? "past "
                                                                                     : "";
        abstain(answer,
                total == 0
                    ? "No medication is recorded."
                    : std::format("No {}medication is recorded among {} entries.", which, total),
                {std::format("medications ({})", total)});
        return answer;
    }
    for (const Line& line : lines)
        sayLine(answer, line, today);
    return answer;
}

DirectAnswer answerAllergies(const records::Chart& chart)
{
    DirectAnswer answer = emptyAnswer(DirectAnswer::Kind::Allergies);
    const auto tell = [&](const records::Allergy& allergy) {
        EvidenceItem item = factOf(allergy);
        std::string text = item.text;
        say(answer, std::move(text), {add(answer.items, std::move(item))}, Verdict::Supported);
    };
    for (const records::Allergy& allergy : chart.allergies) {
        if (!allergy.noKnownAllergy && !allergy.resolved)
            tell(allergy);
    }
    for (const records::Allergy& allergy : chart.allergies) {
        if (!allergy.noKnownAllergy && allergy.resolved)
            tell(allergy);
    }
    for (const records::Allergy& allergy : chart.allergies) {
        if (allergy.noKnownAllergy)
            tell(allergy);
    }
    if (chart.allergies.empty()) {
        abstain(answer, "No allergy is recorded, and no entry says that there is none.",
                {"allergies (0)"});
    }
    return answer;
}

DirectAnswer answerProblems(const LookUp& asked, const records::Chart& chart)
{
    using enum records::ConditionState;
    DirectAnswer answer = emptyAnswer(DirectAnswer::Kind::Problems);
    // The same problem is often coded at every visit: told once, newest onset first.
    std::map<std::pair<std::string, records::ConditionState>,
             std::vector<const records::Condition*>>
        problems;
    for (const records::Condition& condition : chart.conditions) {
        const bool over = condition.state == Inactive || condition.state == Resolved;
        if (asked.all || over == asked.past)
            problems[{lowered(condition.code.name()), condition.state}].push_back(&condition);
    }
    for (auto& [key, entries] : problems) {
        std::ranges::stable_sort(entries, [](const auto* a, const auto* b) {
            return records::earlier(b->onset, a->onset);
        });
        EvidenceItem item = factOf(*entries.front());
        std::string text = item.text;
        const int first = add(answer.items, std::move(item));
        say(answer, std::move(text), {first}, Verdict::Supported);
        if (entries.size() == 1)
            continue;
        std::vector<int> cited{first};
        for (const records::Condition* entry : entries)
            cited.push_back(add(answer.items, factOf(*entry)));
        say(answer,
            std::format("{} is recorded {} times with this status",
                        oneLine(entries.front()->code.name()), entries.size()),
            cited, Verdict::Computed);
    }
    if (problems.empty()) {
        abstain(answer,
                std::format("No {}problem is recorded among {} entries.",
                            asked.past  ? "past "
                            : asked.all ? ""
                                        : "active ",
                            chart.conditions.size()),
                {std::format("problems ({})", chart.conditions.size())});
    }
    return answer;
}

DirectAnswer answerDemographics(Field field, const records::Patient& patient, Day today)
{
    DirectAnswer answer = emptyAnswer(DirectAnswer::Kind::Demographics);
    const auto tell = [&](std::string_view name, const std::string& value, Verdict verdict) {
        if (value.empty()) {
            abstain(answer, std::format("No {} is recorded for this patient.", name),
                    {"the patient's own data"});
            return;
        }
        EvidenceItem item = factOf(patient);
        if (field == Field::RecordNumber || field == Field::Address || field == Field::Phone)
            item.text += std::format(", {} {}", name, value);
        const int number = add(answer.items, std::move(item));
        std::string text = std::format("{} {}", name, value);
        if (text[0] >= 'a' && text[0] <= 'z')
            text[0] = static_cast<char>(text[0] - 32);
        say(answer, std::move(text), {number}, verdict);
    };
    switch (field) {
    case Field::Age:
        if (!patient.born.known())
            tell("date of birth", {}, Verdict::Supported);
        else
            tell("age", ageOf(patient, today), Verdict::Computed);
        break;
    case Field::Born:
        tell("date of birth", oneLine(shown(patient.born)), Verdict::Supported);
        break;
    case Field::Gender:
        tell("gender", oneLine(patient.gender), Verdict::Supported);
        break;
    case Field::RecordNumber:
        tell("medical record number", oneLine(patient.medicalRecordNumber()), Verdict::Supported);
        break;
    case Field::Address:
        tell("address", oneLine(patient.address), Verdict::Supported);
        break;
    case Field::Phone:
        tell("phone", oneLine(patient.phone), Verdict::Supported);
        break;
    }
    return answer;
}

} // namespace evidence
