// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/allergy_relations.h"

#include "inference/evidence/dates.h"
#include "inference/evidence/direct_answer.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/facts.h"
#include "inference/evidence/topic_words.h"

#include <algorithm>
#include <array>
#include <format>
#include <set>

namespace evidence {

namespace {

/// What an allergy is to: the ingredients of its name, and the members of a class that it names.
std::set<std::string> allergensOf(const std::string& name)
{
    std::set<std::string> allergens = ingredientsOf(name);
    const std::vector<Word> words = wordsOf(name);
    for (std::size_t first = 0; first < words.size(); ++first) {
        std::string joined;
        for (std::size_t i = first; i < std::min(words.size(), first + kLongestClassName); ++i) {
            joined += (joined.empty() ? "" : " ") + words[i].text;
            const DrugClass* group = drugClassNamed(joined);
            // "Penicillin" is one medicine here; its relatives are told as relatives.
            if (group != nullptr && drugNamed(joined).empty())
                allergens.merge(membersOf(*group));
        }
    }
    return allergens;
}

/// How @p term relates to an allergen called @p name; nullopt: not at all.
std::optional<AllergyRelation> relationOf(const Term& term, const std::string& name)
{
    const std::set<std::string> allergens = allergensOf(name);
    AllergyRelation relation{
        .asked = term.shown, .className = {}, .itself = false, .allergy = nullptr, .mention = {}};
    const DrugClass* group = nullptr;
    for (const std::string& drug : term.drugs) {
        if (allergens.contains(drug)) {
            relation.itself = term.drugs.size() == 1 || drugNamed(term.written) == drug;
            return relation;
        }
        for (const std::string& allergen : allergens) {
            if (group == nullptr)
                group = relatedClass(drug, allergen);
        }
    }
    if (group == nullptr)
        return std::nullopt;
    relation.className = shownName(*group);
    return relation;
}

/// "Should I give", "may she have", "is it safe": asks whether, not what was.
bool asksWhether(std::string_view question)
{
    std::string text = " ";
    for (const Word& word : wordsOf(question))
        text += word.text + " ";
    constexpr std::array<std::string_view, 24> kForms{
        " should i ", " should we ", " should she ", " should he ",      " can i ",
        " can we ",   " can she ",   " can he ",     " could i ",        " could we ",
        " may i ",    " may she ",   " may he ",     " safe ",           " shall i ",
        " shall we ", " ok to ",     " okay to ",    " alright to ",     " advisable ",
        " tolerate ", " allowed ",   " prescribe ",  " contraindicated "};
    return std::ranges::any_of(kForms, [&](std::string_view form) { return text.contains(form); });
}

/// Whether any word of the record is one that @p term is told by.
bool isInRecord(const Term& term, const records::Chart& chart)
{
    const TermMatcher matcher({term});
    bool found = false;
    const auto look = [&](std::string_view text) {
        if (!found)
            matcher.visit(wordsOf(text), [&](std::size_t) { found = true; });
    };
    for (const records::Medication& medication : chart.medications)
        look(factOf(medication).text);
    for (const records::Allergy& allergy : chart.allergies)
        look(factOf(allergy).text);
    for (const records::Condition& condition : chart.conditions)
        look(factOf(condition).text);
    for (const records::Encounter& encounter : chart.encounters)
        look(factOf(encounter).text);
    for (const records::OtherEntry& entry : chart.others)
        look(factOf(entry).text);
    for (const records::Observation& observation : chart.observations)
        look(observation.code.name());
    for (const records::Document& document : chart.documents)
        look(document.text);
    return found;
}

std::string leadOf(const AllergyRelation& relation)
{
    if (relation.itself)
        return std::format("An allergy to {} is recorded", relation.asked);
    if (relation.className.empty())
        return std::format("An allergy is recorded that bears on {}", relation.asked);
    return std::format("An allergy is recorded that bears on {}: both are of the class {}",
                       relation.asked, relation.className);
}

} // namespace

std::vector<AllergyRelation> allergiesAgainst(const Topics& topics, const records::Chart& chart)
{
    std::vector<AllergyRelation> relations;
    const bool asksForDrugs =
        std::ranges::any_of(topics.terms, [](const Term& term) { return !term.drugs.empty(); });
    if (topics.family || !asksForDrugs)
        return relations;
    std::vector<AllergyMention> mentions = unlistedAllergies(chart);
    for (const Term& term : topics.terms) {
        for (const records::Allergy& allergy : chart.allergies) {
            if (allergy.noKnownAllergy)
                continue;
            if (auto relation = relationOf(term, allergy.code.name())) {
                relation->allergy = &allergy;
                relations.push_back(*std::move(relation));
            }
        }
    }
    for (const Term& term : topics.terms) {
        for (const AllergyMention& mention : mentions) {
            if (auto relation = relationOf(term, mention.substance)) {
                relation->mention = mention;
                relations.push_back(*std::move(relation));
            }
        }
    }
    return relations;
}

std::vector<EvidenceItem> evidenceOf(const AllergyRelation& relation, const records::Chart& chart)
{
    if (relation.allergy != nullptr)
        return {factOf(*relation.allergy)};
    std::vector<EvidenceItem> items;
    items.reserve(relation.mention.places.size());
    for (const AllergyMention::Place& place : relation.mention.places) {
        items.push_back(passageOf(chart, place.document, place.span.begin, place.span.end,
                                  Budget{}.passageBytes));
    }
    return items;
}

std::optional<DirectAnswer> answerDrugAllergy(std::string_view question,
                                              const records::Chart& chart, Day today)
{
    const Topics topics = topicsOf(question, chart, today);
    const std::vector<AllergyRelation> relations = allergiesAgainst(topics, chart);
    if (relations.empty())
        return std::nullopt;
    const bool noneRecorded = std::ranges::none_of(topics.terms, [&](const Term& term) {
        return !term.drugs.empty() && isInRecord(term, chart);
    });
    if (!asksWhether(question) && !noneRecorded)
        return std::nullopt;
    DirectAnswer answer = emptyAnswer(DirectAnswer::Kind::Allergies);
    for (const AllergyRelation& relation : relations) {
        std::vector<int> cited;
        for (EvidenceItem& item : evidenceOf(relation, chart)) {
            const int number = add(answer.items, std::move(item));
            if (!std::ranges::contains(cited, number)) // two places may lie in one passage
                cited.push_back(number);
        }
        say(answer, leadOf(relation), cited, Verdict::Computed);
        for (const int number : cited) {
            const EvidenceItem& item = answer.items[static_cast<std::size_t>(number) - 1];
            say(answer,
                item.kind == Kind::Passage ? item.label + " says: \"" + item.text + "\""
                                           : item.text,
                {number}, Verdict::Supported);
        }
    }
    if (noneRecorded)
        say(answer, "The record holds nothing else about it", {}, Verdict::Computed);
    return answer;
}

} // namespace evidence
