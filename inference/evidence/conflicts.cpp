// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/conflicts.h"

#include "inference/evidence/allergy_mentions.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/facts.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <format>
#include <map>

namespace evidence {

namespace {

using records::MedicationKind;
using records::MedicationState;
constexpr std::size_t kPassageBytes = 320;

Sentence sentenceOf(std::string text, std::vector<int> cited, Verdict verdict)
{
    std::ranges::sort(cited);
    text = closed(std::move(text), cited);
    return {.text = std::move(text), .cited = std::move(cited), .verdict = verdict, .findings = {}};
}

std::string onDay(const records::Date& date)
{
    return date.known() ? " of " + shown(date) : std::string();
}

Sentence quoteOf(const records::Chart& chart, std::size_t document, TextSpan span,
                 std::vector<EvidenceItem>& items)
{
    EvidenceItem item = passageOf(chart, document, span.begin, span.end, kPassageBytes);
    std::string text = "A note" + onDay(item.date) + " says: \"" + item.text + "\"";
    return sentenceOf(std::move(text), {add(items, std::move(item))}, Verdict::Supported);
}

// ---- medications ----

using Group = std::vector<const records::Medication*>;

const records::Date& stopOf(const records::Medication& medication)
{
    return medication.ended.known() ? medication.ended : medication.started;
}

std::map<std::string, Group> byIngredient(const records::Chart& chart)
{
    std::map<std::string, Group> groups;
    for (const records::Medication& medication : chart.medications) {
        if (medication.kind != MedicationKind::Request &&
            medication.kind != MedicationKind::Statement)
            continue;
        std::string key;
        for (const std::string& ingredient : ingredientsOf(medication.code.name()))
            key += ingredient + " ";
        if (!key.empty())
            groups[key].push_back(&medication);
    }
    return groups;
}

bool sameStrength(const records::Medication& a, const records::Medication& b)
{
    const std::string one = strengthOf(a.code.name());
    const std::string two = strengthOf(b.code.name());
    return one.empty() || two.empty() || one == two;
}

/// An entry that says active and one that says stopped, where the stop is not simply older.
bool disagree(const records::Medication& active, const records::Medication& stopped)
{
    if (!sameStrength(active, stopped))
        return false;
    if (active.kind == MedicationKind::Statement && stopped.kind == MedicationKind::Request)
        return true; // a list that still shows what an order ended
    const records::Date& stop = stopOf(stopped);
    return active.started.known() && stop.known() && records::earlier(active.started, stop) &&
           isoDay(active.started) != isoDay(stop);
}

const records::Medication* newestOf(const Group& group, MedicationState state)
{
    const records::Medication* newest = nullptr;
    for (const records::Medication* medication : group) {
        if (medication->state != state)
            continue;
        if (newest == nullptr || records::earlier(stopOf(*newest), stopOf(*medication)))
            newest = medication;
    }
    return newest;
}

/// An order that was written after the stop makes the medicine simply active again.
bool orderedAgain(const Group& group, const records::Medication& stopped)
{
    return std::ranges::any_of(group, [&](const records::Medication* medication) {
        return medication->state == MedicationState::Active &&
               medication->kind == MedicationKind::Request && medication->started.known() &&
               !records::earlier(medication->started, stopOf(stopped));
    });
}

enum class Stance { None, Stops, Continues };

Stance stanceOf(std::string_view stem)
{
    constexpr std::array<std::string_view, 7> kStops{
        "stop", "discontinu", "ceas", "withdrawn", "discontinuation", "withdrew", "cessation"};
    constexpr std::array<std::string_view, 10> kContinues{
        "continu", "start", "restart", "resum", "recommenc",
        "commenc", "tak",   "initiat", "begin", "began"};
    if (std::ranges::find(kStops, stem) != kStops.end())
        return Stance::Stops;
    return std::ranges::find(kContinues, stem) != kContinues.end() ? Stance::Continues
                                                                   : Stance::None;
}

/// What one sentence of a note says about a medicine: the nearest verb, within a few words.
Stance stanceIn(std::string_view text, const std::vector<std::string>& ingredients)
{
    constexpr std::ptrdiff_t kReach = 4;
    const std::vector<Word> words = wordsOf(text);
    Stance stance = Stance::None;
    std::ptrdiff_t nearest = kReach + 1;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].text == "if" || words[i].text == "not" || words[i].text == "never" ||
            isRelative(words[i].text))
            return Stance::None; // plans for a case, denials and relatives are not events
        std::string drug = drugNamed(words[i].text);
        if (drug.empty())
            drug = words[i].text;
        if (std::ranges::find(ingredients, drug) == ingredients.end())
            continue;
        for (std::size_t j = 0; j < words.size(); ++j) {
            const auto distance =
                std::abs(static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(j));
            const Stance here = stanceOf(words[j].stem);
            if (here != Stance::None && distance < nearest) {
                nearest = distance;
                stance = here;
            }
        }
    }
    return stance;
}

struct NotedStop {
    std::size_t document = 0;
    TextSpan span;
};

/// The newest note that speaks about the medicine's use, where it says stopped and is newer than
/// the newest active entry.
std::optional<NotedStop> notedStop(const records::Chart& chart, const records::Medication& active)
{
    const std::set<std::string> set = ingredientsOf(active.code.name());
    const std::vector<std::string> ingredients(set.begin(), set.end());
    std::optional<NotedStop> found;
    const records::Date* when = nullptr;
    for (std::size_t i = 0; i < chart.documents.size(); ++i) {
        const records::Document& document = chart.documents[i];
        if (!document.date.known() || !active.started.known() ||
            !records::earlier(active.started, document.date) ||
            isoDay(active.started) == isoDay(document.date) ||
            (when != nullptr && records::earlier(document.date, *when)))
            continue;
        for (const TextSpan& span : piecesOf(document.text)) {
            const Stance stance =
                stanceIn(std::string_view(document.text).substr(span.begin, span.end - span.begin),
                         ingredients);
            if (stance == Stance::None)
                continue;
            when = &document.date;
            found = stance == Stance::Stops ? std::optional(NotedStop{i, span}) : std::nullopt;
        }
    }
    return found;
}

void medicationConflicts(const records::Chart& chart, std::vector<EvidenceItem>& items,
                         std::vector<Conflict>& conflicts)
{
    for (const auto& [ingredients, group] : byIngredient(chart)) {
        const records::Medication* active = newestOf(group, MedicationState::Active);
        if (active == nullptr)
            continue;
        const auto tell = [&](const records::Medication& medication) {
            EvidenceItem item = factOf(medication);
            std::string text = item.label + " says: " + item.text;
            return sentenceOf(std::move(text), {add(items, std::move(item))}, Verdict::Supported);
        };
        Conflict conflict{.kind = Conflict::Kind::Medication, .sentences = {}};
        const records::Medication* stopped = newestOf(group, MedicationState::Stopped);
        if (stopped != nullptr && disagree(*active, *stopped) && !orderedAgain(group, *stopped)) {
            conflict.sentences = {tell(*active), tell(*stopped)};
        } else if (const auto noted = notedStop(chart, *active)) {
            conflict.sentences = {tell(*active),
                                  quoteOf(chart, noted->document, noted->span, items)};
        } else {
            continue;
        }
        conflicts.push_back(std::move(conflict));
    }
}

// ---- observations ----

bool superseded(records::Standing standing)
{
    return standing == records::Standing::Preliminary || standing == records::Standing::Registered;
}

bool replaces(records::Standing standing)
{
    return standing == records::Standing::Corrected || standing == records::Standing::Amended;
}

void observationConflicts(const records::Chart& chart, std::vector<EvidenceItem>& items,
                          std::vector<Conflict>& conflicts)
{
    std::map<std::pair<std::string, std::string>, std::vector<const records::Observation*>> groups;
    for (const records::Observation& observation : chart.observations) {
        if (observation.effective.known() && observation.quantity && hasValue(observation))
            groups[{lowered(observation.code.name()), observation.effective.text}].push_back(
                &observation);
    }
    for (auto& [key, group] : groups) {
        // A preliminary value beside a final one, or a value beside its correction, is history.
        const bool corrected =
            std::ranges::any_of(group, [](auto* o) { return replaces(o->standing); });
        const bool final =
            std::ranges::any_of(group, [](auto* o) { return !superseded(o->standing); });
        std::erase_if(group, [&](auto* o) {
            return (corrected && !replaces(o->standing)) || (final && superseded(o->standing));
        });
        const bool differ = std::ranges::any_of(group, [&](auto* o) {
            return valueOf(*o) != valueOf(*group.front()) &&
                   o->source.resourceId != group.front()->source.resourceId;
        });
        if (!differ)
            continue;
        Conflict conflict{.kind = Conflict::Kind::Observation, .sentences = {}};
        for (const records::Observation* observation : group) {
            EvidenceItem item = factOf(std::array{observation});
            std::string text = item.text;
            conflict.sentences.push_back(
                sentenceOf(std::move(text), {add(items, std::move(item))}, Verdict::Supported));
        }
        conflicts.push_back(std::move(conflict));
    }
}

// ---- allergies ----

void allergyConflicts(const records::Chart& chart, std::vector<EvidenceItem>& items,
                      std::vector<Conflict>& conflicts)
{
    const auto holds = [&](bool statement) {
        return std::ranges::any_of(chart.allergies, [&](const records::Allergy& allergy) {
            return !allergy.resolved && allergy.noKnownAllergy == statement;
        });
    };
    if (holds(true) && holds(false)) {
        Conflict conflict{.kind = Conflict::Kind::Allergy, .sentences = {}};
        for (const records::Allergy& allergy : chart.allergies) {
            if (allergy.resolved)
                continue;
            EvidenceItem item = factOf(allergy);
            std::string text = item.text;
            conflict.sentences.push_back(
                sentenceOf(std::move(text), {add(items, std::move(item))}, Verdict::Supported));
        }
        conflicts.push_back(std::move(conflict));
    }
    for (const AllergyMention& mention : unlistedAllergies(chart)) {
        Conflict conflict{.kind = Conflict::Kind::Allergy, .sentences = {}};
        for (const AllergyMention::Place& place : mention.places)
            conflict.sentences.push_back(quoteOf(chart, place.document, place.span, items));
        conflict.sentences.push_back(
            sentenceOf(std::format("The allergy list does not hold {}", mention.substance), {},
                       Verdict::Computed));
        conflicts.push_back(std::move(conflict));
    }
}

} // namespace

std::vector<Conflict> findConflicts(const records::Chart& chart, ConflictScope scope,
                                    std::vector<EvidenceItem>& items)
{
    using enum ConflictScope;
    std::vector<Conflict> conflicts;
    if (scope == Allergies || scope == All)
        allergyConflicts(chart, items, conflicts);
    if (scope == Medications || scope == All)
        medicationConflicts(chart, items, conflicts);
    if (scope == Observations || scope == All)
        observationConflicts(chart, items, conflicts);
    return conflicts;
}

} // namespace evidence
