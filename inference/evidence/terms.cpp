// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/terms.h"

#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"
#include "inference/evidence/vocabulary.h"

#include <algorithm>
#include <iterator>

namespace evidence {

namespace {

using View = std::string_view;

void addDrug(Term& term, const std::string& name)
{
    term.drugs.insert(name);
    term.stems.insert(stemOf(name));
    for (const std::string& alias : aliasesOf(name))
        term.stems.insert(stemOf(alias));
}

/// The record may use any of the names.
void addSynonyms(Term& term, View synonyms)
{
    eachPart(synonyms, '|', [&](View synonym) {
        const std::vector<Word> words = wordsOf(synonym);
        if (words.size() == 1 && words.front().text.size() > 2)
            term.stems.insert(words.front().stem);
        if (words.size() > 1) {
            std::vector<std::string>& stems = term.phrases.emplace_back();
            std::ranges::transform(words, std::back_inserter(stems), &Word::stem);
        }
    });
}

} // namespace

Term termOf(const Phrase& phrase, const std::vector<Word>& words)
{
    Term term;
    term.named = true;
    std::vector<std::string> stems;
    for (std::size_t i = phrase.first; i < phrase.last; ++i) {
        term.written += (term.written.empty() ? "" : " ") + words[i].text;
        stems.push_back(words[i].stem);
    }
    if (stems.size() > 1)
        term.phrases.push_back(stems);
    else if (words[phrase.first].text.size() > 1)
        term.stems.insert(stems.front());
    if (phrase.role == Role::Drug) {
        term.topic = Topic::Medication;
        addDrug(term, phrase.name);
    } else if (phrase.role == Role::Measurement) {
        if (const Analyte* analyte = analyteNamed(phrase.name)) {
            addSynonyms(term, analyte->synonyms);
            addMeasurements(term, {analyte});
        }
    } else if (phrase.role == Role::Disease) {
        term.topic = Topic::Condition;
        addSynonyms(term, synonymsOfDisease(phrase.name));
        addMeasurements(term, measuredBy(phrase.name));
    }
    return term;
}

Term termOf(const DrugClass& group, const std::vector<std::string>& drugs)
{
    Term term;
    term.named = true;
    term.topic = Topic::Medication;
    addSynonyms(term, group.names);
    for (const std::string& name : membersOf(group))
        addDrug(term, name);
    for (const std::string& name : drugs) {
        if (isMember(group, name))
            addDrug(term, name);
    }
    return term;
}

Term termOf(const Analyte& analyte)
{
    Term term;
    term.named = true;
    addSynonyms(term, analyte.synonyms);
    addMeasurements(term, {&analyte});
    return term;
}

void addMeasurements(Term& term, const std::vector<const Analyte*>& found)
{
    if (!term.topic && !found.empty())
        term.topic = Topic::Observation;
    for (const Analyte* analyte : found) {
        if (!std::ranges::contains(term.analytes, analyte))
            term.analytes.push_back(analyte);
        for (const Analyte* narrower : narrowerThan(*analyte))
            term.analytes.push_back(narrower);
    }
}

TermMatcher::TermMatcher(const std::vector<Term>& terms)
{
    for (std::size_t i = 0; i < terms.size(); ++i) {
        for (const std::string& stem : terms[i].stems)
            m_byStem[stem].push_back({.term = i, .rest = {}});
        for (const std::vector<std::string>& phrase : terms[i].phrases)
            m_byStem[phrase.front()].push_back(
                {.term = i, .rest = {phrase.begin() + 1, phrase.end()}});
    }
}

bool TermMatcher::follows(const std::vector<Word>& words, std::size_t first, const Entry& entry)
{
    if (first + entry.rest.size() >= words.size())
        return false;
    for (std::size_t i = 0; i < entry.rest.size(); ++i) {
        if (words[first + 1 + i].stem != entry.rest[i])
            return false;
    }
    return true;
}

} // namespace evidence
