// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/topics.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/phrases.h"
#include "inference/evidence/prose.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace evidence {

namespace {

using View = std::string_view;

bool isOneOf(View word, View list)
{
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word)
            return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// The kind of entry that a word asks for; nullopt: none.
std::optional<Topic> kindNamed(View stem)
{
    if (isOneOf(stem, "medication medicin med drug prescription tablet pill dos dosag"))
        return Topic::Medication;
    if (isOneOf(stem, "allergy allergic"))
        return Topic::Allergy;
    if (isOneOf(stem, "lab laboratory result test value bloods measurement vital"))
        return Topic::Observation;
    if (isOneOf(stem, "problem diagnos diagnosis condition disease diseas illness comorbidity"))
        return Topic::Condition;
    if (isOneOf(stem,
                "visit encounter admission admitted admit appointment attendanc hospitalization"))
        return Topic::Encounter;
    if (isOneOf(stem, "procedur surgery operation surgical vaccin vaccination immunization immunis "
                      "immunisation vaccinat"))
        return Topic::Other;
    return std::nullopt;
}

/// Words that shape a question and are looked for nowhere.
bool isShape(const Word& word)
{
    return isCommon(word) ||
           isOneOf(word.text,
                   "why cause caused causes happened happen change changed changes summarise "
                   "summarize overview "
                   "handover handoff compare explain tell list describe since year years month "
                   "months week weeks "
                   "ever recent currently give tried anything reasons explanation outcome say said "
                   "says told "
                   "write about should did does patient's she he they her his their my any");
}

bool pointsToPatient(View word)
{
    constexpr std::array<View, 16> kEndings{
        "itis", "ectomy", "oscopy", "emia",   "aemia", "osis",  "pathy", "algia",
        "oma",  "graphy", "ostomy", "plasty", "uria",  "pnoea", "pnea",  "sclerosis"};
    const bool medical = word.size() > 6 && std::ranges::any_of(kEndings, [&](View ending) {
                             return word.ends_with(ending);
                         });
    return medical ||
           isOneOf(word,
                   "mri ct xray ultrasound ecg ekg echo biopsy tumour tumor lesion fracture wound "
                   "stroke seizure "
                   "injury swelling cough drug medicine vaccinated immunised allergic anaemia") ||
           isOneOf(word, "patient she he they her his him their chart record records note notes "
                         "letter history clinic "
                         "hospital treatment therapy surgery operation scan symptom symptoms smoke "
                         "smoker smoking alcohol "
                         "pregnant pregnancy pain fever rash infection cancer blood heart kidney "
                         "liver lung vaccine dose "
                         "discharge admission diagnosis prognosis ward doctor nurse weight diet "
                         "exercise mobility");
}

void addDrug(Term& term, const std::string& name)
{
    term.stems.insert(stemOf(name));
    for (const std::string& alias : aliasesOf(name))
        term.stems.insert(stemOf(alias));
}

/// The record may use any of the names.
void addSynonyms(Term& term, View synonyms)
{
    while (!synonyms.empty()) {
        const std::size_t end = std::min(synonyms.find('|'), synonyms.size());
        const View name = synonyms.substr(0, end);
        if (name.find(' ') == View::npos && name.size() > 2)
            term.stems.insert(stemOf(name));
        synonyms.remove_prefix(std::min(end + 1, synonyms.size()));
    }
}

Term termOf(const Phrase& phrase, const std::vector<Word>& words)
{
    Term term{.written = {}, .stems = {}};
    for (std::size_t i = phrase.first; i < phrase.last; ++i) {
        term.written += (term.written.empty() ? "" : " ") + words[i].text;
        if (!isCommon(words[i]) && words[i].text.size() > 1)
            term.stems.insert(words[i].stem);
    }
    if (phrase.role == Role::Drug) {
        addDrug(term, phrase.name);
    } else if (phrase.role == Role::Measurement) {
        if (const Analyte* analyte = analyteNamed(phrase.name))
            addSynonyms(term, analyte->synonyms);
    } else if (phrase.role == Role::Disease) {
        addSynonyms(term, synonymsOfDisease(phrase.name));
    }
    return term;
}

int dayNumber(int year, int month, int day)
{
    const std::chrono::sys_days days = std::chrono::year(year) /
                                       std::chrono::month(static_cast<unsigned>(month)) /
                                       std::chrono::day(static_cast<unsigned>(day));
    return static_cast<int>(days.time_since_epoch().count());
}

/// "since 2024", "before March 2020", "in 2019", "between 2019 and 2021", "last year".
void readWindow(Topics& topics, View question, const std::vector<Word>& words, Day today)
{
    for (const DateMention& date : datesIn(question)) {
        if (date.year == 0)
            continue;
        const auto first = firstDayOf(date.year, date.month, date.day);
        const auto last = lastDayOf(date.year, date.month, date.day);
        std::string before;
        for (const Word& word : words) {
            if (word.end <= date.begin)
                before = word.text;
        }
        if (before == "since" || before == "after" || before == "from" || before == "between") {
            topics.from = first;
        } else if (before == "before" || before == "until" || before == "till" || before == "by" ||
                   ((before == "to" || before == "and") && topics.from)) {
            topics.to = last;
        } else {
            topics.from = first;
            topics.to = last;
        }
    }
    if (topics.from || topics.to)
        return;
    const int now = dayNumber(today.year, today.month, today.day);
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool past = words[i - 1].text == "last" || words[i - 1].text == "past";
        const int days = words[i].text == "year"    ? 365
                         : words[i].text == "month" ? 31
                         : words[i].text == "week"  ? 7
                                                    : 0;
        if (past && days != 0)
            topics.from = now - days;
    }
}

/// "And the dose?", "Why was that?", "When did it change?": but not "this patient".
bool pointsBack(const std::vector<Word>& words)
{
    if (!words.empty() && isOneOf(words.front().text, "and but so or then"))
        return true;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool last = i + 1 == words.size();
        if (isOneOf(words[i].text, "it its those these them"))
            return true;
        if (isOneOf(words[i].text, "that this") && (last || kindNamed(words[i + 1].stem)))
            return true;
    }
    return false;
}

bool namesAnything(const Topics& topics)
{
    return !topics.terms.empty() || !topics.kinds.empty() || topics.everything;
}

} // namespace

std::optional<int> firstDayOf(int year, int month, int day)
{
    if (year == 0)
        return std::nullopt;
    return dayNumber(year, month == 0 ? 1 : month, day == 0 ? 1 : day);
}

std::optional<int> lastDayOf(int year, int month, int day)
{
    if (year == 0)
        return std::nullopt;
    if (day != 0)
        return dayNumber(year, month, day);
    return (month == 0 || month == 12 ? dayNumber(year + 1, 1, 1) : dayNumber(year, month + 1, 1)) -
           1;
}

Topics topicsOf(View question, const records::Chart& chart, Day today)
{
    Topics topics;
    const std::vector<Word> words = wordsOf(question);
    std::vector<std::string> drugs = drugWords(chart);
    std::ranges::sort(drugs);
    std::set<std::string> names;
    for (const Word& word : wordsOf(chart.patient.given + " " + chart.patient.family))
        names.insert(word.text);
    std::vector<bool> taken(words.size(), false);
    for (const DateMention& date : datesIn(question)) {
        for (std::size_t i = 0; i < words.size(); ++i)
            taken[i] = taken[i] || (words[i].begin < date.end && words[i].end > date.begin);
    }
    for (const Phrase& phrase : phrasesIn(question, words, drugs)) {
        const bool named = phrase.role == Role::Drug || phrase.role == Role::Measurement ||
                           phrase.role == Role::Disease;
        topics.ofThePatient = topics.ofThePatient || named || phrase.role == Role::Allergy;
        if (phrase.role == Role::Allergy)
            topics.kinds.insert(Topic::Allergy);
        for (std::size_t i = phrase.first; i < phrase.last; ++i)
            taken[i] = true;
        if (named)
            topics.terms.push_back(termOf(phrase, words));
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        const bool name = names.contains(word.text);
        topics.ofThePatient = topics.ofThePatient || name || pointsToPatient(word.text);
        topics.everything =
            topics.everything ||
            isOneOf(word.text, "summary summarise summarize overview handover handoff sbar");
        topics.latest = topics.latest || isOneOf(word.text, "last latest newest recent");
        topics.family = topics.family || isRelative(word.text);
        if (const auto kind = kindNamed(word.stem))
            topics.kinds.insert(*kind);
        else if (!taken[i] && !name && !isShape(word) && !isDenial(word.text)) {
            Term term{.written = word.text, .stems = {word.stem}};
            for (const std::string& drug : drugsOfClass(word.stem))
                addDrug(term, drug);
            topics.terms.push_back(std::move(term));
        }
    }
    topics.ofThePatient = topics.ofThePatient || !topics.kinds.empty() || topics.everything;
    readWindow(topics, question, words, today);
    topics.refersBack =
        !namesAnything(topics) || (topics.terms.empty() && !topics.everything && pointsBack(words));
    return topics;
}

Topics topicsOf(View question, std::span<const std::string> earlier, const records::Chart& chart,
                Day today)
{
    Topics topics = topicsOf(question, chart, today);
    if (!topics.refersBack)
        return topics;
    for (const std::string& before : earlier) {
        Topics known = topicsOf(before, chart, today);
        if (!namesAnything(known))
            continue;
        topics.terms = std::move(known.terms);
        if (topics.kinds.empty())
            topics.kinds = std::move(known.kinds);
        topics.everything = known.everything;
        topics.family = topics.family || known.family;
        topics.ofThePatient = topics.ofThePatient || known.ofThePatient;
        break;
    }
    return topics;
}

} // namespace evidence
