// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/look_up.h"

#include "inference/evidence/conflicts.h"
#include "inference/evidence/coverage.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/list_answers.h"
#include "inference/evidence/question.h"
#include "inference/evidence/series.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <format>

namespace evidence {

namespace {

bool sameTime(const records::Date& a, const records::Date& b)
{
    return !records::earlier(a, b) && !records::earlier(b, a);
}

bool isAfter(const records::Date& date, Day today)
{
    return date.day != 0 && std::tuple(int{date.year}, int{date.month}, int{date.day}) >
                                std::tuple(today.year, today.month, today.day);
}

bool panelHasValue(const Panel& panel)
{
    return std::ranges::any_of(panel, [](const auto* part) { return hasValue(*part); });
}

void say(DirectAnswer& answer, std::string text, std::vector<int> cited, Verdict verdict)
{
    std::ranges::sort(cited);
    text = closed(std::move(text), cited);
    answer.sentences.push_back(
        {.text = std::move(text), .cited = std::move(cited), .verdict = verdict, .findings = {}});
}

/// One value as a sentence: the words of the evidence itself.
void sayValue(DirectAnswer& answer, const Panel& entry, std::string_view lead, Day today)
{
    EvidenceItem item = factOf(entry);
    std::string text = std::string(lead) + item.text;
    if (isAfter(item.date, today))
        text += "; this date lies in the future";
    const int number = add(answer.items, std::move(item));
    say(answer, std::move(text), {number}, Verdict::Supported);
}

/// The newest entry that has a value, with what else was recorded for the same time, and a word on
/// newer entries without one.
void sayLast(DirectAnswer& answer, const Series& series, Day today)
{
    const auto newest = std::ranges::find_if(series.entries, panelHasValue);
    if (newest == series.entries.end()) {
        sayValue(answer, series.entries.front(), "No value is recorded: ", today);
        return;
    }
    const records::Date& when = newest->front()->effective;
    for (auto entry = newest; entry != series.entries.end(); ++entry) {
        if (sameTime(entry->front()->effective, when) && panelHasValue(*entry))
            sayValue(answer, *entry, "Last value: ", today);
    }
    for (auto entry = series.entries.begin(); entry != newest; ++entry)
        sayValue(answer, *entry, "A newer entry has no value: ", today);
}

void sayAll(DirectAnswer& answer, const Series& series, Day today)
{
    const std::size_t count = series.entries.size();
    std::string text =
        std::format("{}: {} recorded", series.name,
                    count == 1 ? std::string("1 entry") : std::format("{} entries", count));
    const std::string newest = shown(series.entries.front().front()->effective);
    const std::string oldest = shown(series.entries.back().front()->effective);
    if (count > 1 && !newest.empty() && !oldest.empty())
        text += ", from " + oldest + " to " + newest + ", newest first";
    say(answer, std::move(text), {}, Verdict::Computed);
    for (const Panel& entry : series.entries)
        sayValue(answer, entry, "", today);
}

std::optional<DirectAnswer> answerValues(const LookUp& asked, const records::Chart& chart,
                                         Day today)
{
    const Resolved resolved = resolve(asked.measurement, chart, asked.said);
    if (!resolved.known && resolved.series.empty())
        return std::nullopt; // not the name of a measurement: not a question for data alone
    DirectAnswer answer{.kind = asked.kind,
                        .sentences = {},
                        .items = {},
                        .conflicts = {},
                        .coverage = {},
                        .abstention = {}};
    if (resolved.series.empty()) {
        answer.abstention = Abstention{
            .reason = Abstention::Reason::NotRecorded,
            .searched = {std::format("laboratory and vital values ({})",
                                     chart.observations.size())},
            .text = std::format("No {} is recorded among {} laboratory and vital values.",
                                asked.measurement, chart.observations.size())};
        return answer;
    }
    for (const Series& series : resolved.series) {
        if (asked.kind == DirectAnswer::Kind::LastValue)
            sayLast(answer, series, today);
        else
            sayAll(answer, series, today);
    }
    return answer;
}

/// Keeps those that speak about something in the answer.
void addConflicts(DirectAnswer& answer, const records::Chart& chart, ConflictScope scope)
{
    const auto answered = static_cast<int>(answer.items.size());
    std::vector<EvidenceItem> items = answer.items;
    for (Conflict& conflict : findConflicts(chart, scope, items)) {
        const bool touches = std::ranges::any_of(conflict.sentences, [&](const Sentence& sentence) {
            return std::ranges::any_of(sentence.cited,
                                       [&](int number) { return number <= answered; });
        });
        if (touches || scope != ConflictScope::Observations)
            answer.conflicts.push_back(std::move(conflict));
    }
    if (!answer.conflicts.empty())
        answer.items = std::move(items);
}

ConflictScope scopeOf(DirectAnswer::Kind kind)
{
    using enum DirectAnswer::Kind;
    switch (kind) {
    case Allergies:
        return ConflictScope::Allergies;
    case ActiveMedications:
    case PastMedications:
    case AllMedications:
        return ConflictScope::Medications;
    case LastValue:
    case AllValues:
        return ConflictScope::Observations;
    case Problems:
        break;
    }
    return ConflictScope::None;
}

} // namespace

std::optional<DirectAnswer> lookUp(std::string_view question, const records::Chart& chart,
                                   Day today)
{
    const std::optional<LookUp> asked = parseLookUp(question, chart.patient);
    if (!asked)
        return std::nullopt;
    using enum DirectAnswer::Kind;
    std::optional<DirectAnswer> answer;
    if (asked->kind == LastValue || asked->kind == AllValues)
        answer = answerValues(*asked, chart, today);
    else if (asked->kind == Allergies)
        answer = answerAllergies(chart);
    else if (asked->kind == Problems)
        answer = answerProblems(*asked, chart);
    else
        answer = answerMedications(asked->kind, chart, today);
    if (!answer)
        return std::nullopt;
    addConflicts(*answer, chart, scopeOf(asked->kind));
    answer->coverage = coverageOf(chart);
    // Look-ups read the structured entries; of the documents only allergies are searched for.
    if (asked->kind != Allergies && asked->kind != ActiveMedications)
        answer->coverage.searched = 0;
    return answer;
}

} // namespace evidence
