// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/look_up.h"

#include "inference/evidence/allergy_relations.h"
#include "inference/evidence/analytes.h"
#include "inference/evidence/conflicts.h"
#include "inference/evidence/coverage.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/direct_answer.h"
#include "inference/evidence/list_answers.h"
#include "inference/evidence/passages.h"
#include "inference/evidence/question.h"
#include "inference/evidence/series.h"
#include "inference/evidence/spelling.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

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

/// nullopt where @p value is more than a plain number.
std::optional<double> numberOf(const std::string& value)
{
    double number = 0;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

bool panelHasValue(const Panel& panel)
{
    return std::ranges::any_of(panel, [](const auto* part) { return hasValue(*part); });
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

/// "creatinine and potassium" -> both; a name that holds the word itself stays whole.
std::vector<std::string> namesIn(const LookUp& asked)
{
    if (!asked.said || analyteNamed(asked.measurement) != nullptr)
        return {asked.measurement};
    std::vector<std::string> names;
    std::string rest = asked.measurement;
    constexpr std::string_view kAnd = " and ";
    for (std::size_t at = rest.find(kAnd); at != std::string::npos; at = rest.find(kAnd)) {
        names.push_back(rest.substr(0, at));
        rest.erase(0, at + kAnd.size());
        if (rest.starts_with("the "))
            rest.erase(0, 4);
    }
    names.push_back(rest);
    return names;
}

/// Whether a note or another entry tells of what no value is recorded for.
bool isToldElsewhere(const std::string& name, const records::Chart& chart)
{
    const Analyte* analyte = analyteNamed(name);
    return analyte != nullptr && !searchDocuments(chart, {termOf(*analyte)}, 1).empty();
}

/// All values are single numbers in one unit: else none is the highest.
bool isComparable(const Series& series)
{
    const auto unitOf = [](const Panel& entry) { return entry.front()->quantity->unit; };
    const Panel* first = nullptr;
    for (const Panel& entry : series.entries) {
        if (!panelHasValue(entry))
            continue;
        if (entry.size() != 1 || !entry.front()->quantity ||
            !entry.front()->quantity->comparator.empty() ||
            !numberOf(entry.front()->quantity->value))
            return false;
        if (first != nullptr && unitOf(*first) != unitOf(entry))
            return false;
        first = &entry;
    }
    return first != nullptr;
}

/// Every entry that holds the highest or the lowest of all values.
void sayExtreme(DirectAnswer& answer, const Series& series, bool highest, Day today)
{
    std::vector<double> values;
    for (const Panel& entry : series.entries) {
        if (panelHasValue(entry))
            values.push_back(*numberOf(entry.front()->quantity->value));
    }
    const double wanted = highest ? std::ranges::max(values) : std::ranges::min(values);
    const std::string lead = std::format("{} of {} value{}: ", highest ? "Highest" : "Lowest",
                                         values.size(), values.size() == 1 ? "" : "s");
    for (const Panel& entry : series.entries) {
        if (!panelHasValue(entry) || *numberOf(entry.front()->quantity->value) != wanted)
            continue;
        sayValue(answer, entry, lead, today);
        answer.sentences.back().verdict = Verdict::Computed;
    }
}

/// What is told of one name; false: a question for more than data.
bool sayName(DirectAnswer& answer, const LookUp& asked, const std::string& name,
             const records::Chart& chart, Day today)
{
    const Resolved resolved = resolve(name, chart, asked.said);
    if (resolved.series.empty()) {
        if (!resolved.known || isToldElsewhere(name, chart))
            return false; // not the name of a measurement, or not as a value only
        const std::size_t count = chart.observations.size();
        abstain(answer,
                std::format("No {} is recorded among {} laboratory and vital values.", name, count),
                {std::format("laboratory and vital values ({})", count)});
        return true;
    }
    for (const Series& series : resolved.series) {
        if (asked.kind == DirectAnswer::Kind::LastValue)
            sayLast(answer, series, today);
        else if (asked.kind == DirectAnswer::Kind::AllValues)
            sayAll(answer, series, today);
        else if (isComparable(series))
            sayExtreme(answer, series, asked.highest, today);
        else
            return false;
    }
    return true;
}

std::optional<DirectAnswer> answerValues(const LookUp& asked, const records::Chart& chart,
                                         Day today)
{
    DirectAnswer answer = emptyAnswer(asked.kind);
    const std::vector<std::string> names = namesIn(asked);
    for (const std::string& name : names) {
        if (!sayName(answer, asked, name, chart, today))
            return std::nullopt;
    }
    if (answer.abstention && !answer.sentences.empty()) {
        // Of several names one is not recorded: said beside the others.
        std::string text = std::move(answer.abstention->text);
        answer.abstention.reset();
        say(answer, std::move(text), {}, Verdict::Computed);
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
    case ExtremeValue:
        return ConflictScope::Observations;
    case Problems:
    case Demographics:
        break;
    }
    return ConflictScope::None;
}

std::optional<DirectAnswer> answerAs(std::string_view question, const records::Chart& chart,
                                     Day today)
{
    const std::optional<LookUp> asked = parseLookUp(question, chart.patient);
    if (!asked)
        return answerDrugAllergy(question, chart, today);
    using enum DirectAnswer::Kind;
    switch (asked->kind) {
    case LastValue:
    case AllValues:
    case ExtremeValue:
        // Any words have the form of a name; those that name no measurement ask for more.
        if (auto answer = answerValues(*asked, chart, today))
            return answer;
        return answerDrugAllergy(question, chart, today);
    case Allergies:
        return answerAllergies(chart);
    case Problems:
        return answerProblems(*asked, chart);
    case Demographics:
        return answerDemographics(asked->field, chart.patient, today);
    case ActiveMedications:
    case PastMedications:
    case AllMedications:
        break;
    }
    return answerMedications(asked->kind, chart, today);
}

} // namespace

std::optional<DirectAnswer> lookUp(std::string_view question, const records::Chart& chart,
                                   Day today)
{
    std::optional<DirectAnswer> answer = answerAs(question, chart, today);
    std::vector<std::string> remarks;
    if (!answer) {
        Spelling spelling = spelled(question, chart);
        if (spelling.changed)
            answer = answerAs(spelling.question, chart, today);
        remarks = std::move(spelling.remarks);
    }
    if (!answer)
        return std::nullopt;
    addConflicts(*answer, chart, scopeOf(answer->kind));
    answer->coverage = coverageOf(chart);
    answer->coverage.remarks = remarks;
    // Look-ups read the structured entries; of the documents only allergies are searched for.
    if (answer->kind != DirectAnswer::Kind::Allergies &&
        answer->kind != DirectAnswer::Kind::ActiveMedications)
        answer->coverage.searched = 0;
    for (const std::string& remark : remarks) {
        answer->sentences.insert(answer->sentences.begin(),
                                 {.text = remark + (remark.ends_with('?') ? "" : "."),
                                  .cited = {},
                                  .verdict = Verdict::Computed,
                                  .findings = {}});
    }
    return answer;
}

} // namespace evidence
