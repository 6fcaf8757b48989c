// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/mentions.h"

#include "inference/evidence/kin.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

/// Whether a field of @p text, or the end of its first one, is @p status.
bool hasStatus(View text, View status)
{
    const View head = text.substr(0, text.find(';'));
    const std::string told = ", " + std::string(status);
    const std::size_t at = head.find(told);
    if (at != View::npos &&
        (at + told.size() == head.size() || head.substr(at + told.size()).starts_with(", ")))
        return true;
    const std::string field = "; " + std::string(status);
    for (std::size_t from = text.find(field); from != View::npos;
         from = text.find(field, from + 1)) {
        if (from + field.size() == text.size() || text[from + field.size()] == ';')
            return true;
    }
    return false;
}

/// Others of these are events: completed, they were done.
bool isCourse(View text)
{
    constexpr std::array<View, 7> kKinds{
        "CarePlan:",     "CareTeam:",          "Goal:",
        "DeviceUse",     "MedicationRequest:", "MedicationStatement:",
        "EpisodeOfCare:"};
    return std::ranges::any_of(kKinds, [&](View kind) { return text.starts_with(kind); });
}

std::string kinOfStem(const std::string& stem)
{
    return kinOf({.text = stem, .stem = stem});
}

} // namespace

std::vector<Thing> thingsOf(const Reading& claim)
{
    std::vector<Thing> things;
    for (const TermClaim& term : claim.terms) {
        if ((term.role != Role::Drug && term.role != Role::Disease) || term.cause)
            continue;
        Thing thing{&term, term.role, term.name, {}, term.shown};
        for (const std::string& stem : term.stems)
            thing.kin.push_back(kinOfStem(stem));
        things.push_back(std::move(thing));
    }
    for (const WordClaim& word : claim.words) {
        if (!word.common && !word.cause)
            things.push_back({&word, Role::Cause, {}, {word.kin}, word.text});
    }
    return things;
}

std::vector<const Place*> placesOf(const Thing& thing, const ReadItem& item)
{
    std::vector<const Place*> places;
    for (const TermClaim& term : item.reading.terms) {
        const bool named = !thing.name.empty() && term.name == thing.name;
        const bool inside =
            thing.kin.size() == 1 && std::ranges::any_of(term.stems, [&](const std::string& stem) {
                return kinOfStem(stem) == thing.kin.front();
            });
        if (named || inside)
            places.push_back(&term);
    }
    for (const WordClaim& word : item.reading.words) {
        if (thing.kin.size() == 1 && word.kin == thing.kin.front())
            places.push_back(&word);
    }
    return places;
}

bool isOver(const EvidenceItem& item)
{
    if (item.kind != Kind::Fact)
        return false;
    const auto any = [&](std::initializer_list<View> statuses) {
        return std::ranges::any_of(statuses,
                                   [&](View status) { return hasStatus(item.text, status); });
    };
    switch (item.topic) {
    case Topic::Medication:
        return any({"stopped", "completed", "cancelled", "draft, not ordered"});
    case Topic::Condition:
        return any({"resolved", "inactive"});
    case Topic::Allergy:
        return any({"resolved"});
    case Topic::Other:
        return any({"inactive", "stopped", "ended", "revoked", "cancelled", "resolved"}) ||
               (isCourse(item.text) && any({"completed"}));
    default:
        return false;
    }
}

bool isLive(const EvidenceItem& item)
{
    const bool kept = item.topic == Topic::Medication || item.topic == Topic::Condition;
    return item.kind == Kind::Fact && kept && hasStatus(item.text, "active");
}

} // namespace evidence
