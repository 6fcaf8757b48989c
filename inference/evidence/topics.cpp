// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/topics.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"
#include "inference/evidence/phrases.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/topic_words.h"
#include "inference/evidence/vocabulary.h"

#include <algorithm>
#include <chrono>

namespace evidence {

namespace {

using View = std::string_view;

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

/// Ingredients of the medicines and allergies in the chart.
std::vector<std::string> ingredientsIn(const records::Chart& chart)
{
    std::set<std::string> names;
    for (const records::Medication& medication : chart.medications)
        names.merge(ingredientsOf(medication.code.name()));
    for (const records::Allergy& allergy : chart.allergies)
        names.merge(ingredientsOf(allergy.code.name()));
    return {names.begin(), names.end()};
}

/// "hyperkalemic" is told as "hyperkalemia", and the other way round; "diabetic" as "diabetes".
void addForms(Term& term, const Word& word)
{
    term.stems.insert(word.stem);
    for (const Word& other : wordsOf(familyOf(word.text)))
        term.stems.insert(other.stem);
    std::string other = word.stem;
    if (other.ends_with("emic"))
        other.back() = 'a';
    else if (other.ends_with("emia"))
        other.back() = 'c';
    term.stems.insert(std::move(other));
}

bool isYear(View word)
{
    return word.size() == 4 && (word.starts_with("19") || word.starts_with("20")) &&
           std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

/// Reads one question, longest names first; every word counts for one thing.
class TopicReader {
public:
    TopicReader(View question, const records::Chart& chart, Day today)
        : m_question(question)
        , m_chart(chart)
        , m_today(today)
        , m_words(wordsOf(question))
        , m_taken(m_words.size(), false)
    {
        for (const Word& word : wordsOf(chart.patient.given + " " + chart.patient.family))
            m_names.insert(word.text);
    }

    Topics read()
    {
        takeDates();
        takeClasses();
        takeFindings();
        takePhrases();
        takeShortNames();
        for (std::size_t i = 0; i < m_words.size(); ++i)
            readWord(i);
        m_topics.foreign = isForeign(m_words);
        m_topics.ofThePatient =
            m_topics.ofThePatient || !m_topics.kinds.empty() || m_topics.everything;
        readWindow(m_topics, m_question, m_words, m_today);
        takeYear();
        m_topics.refersBack =
            !namesAnything(m_topics) ||
            (m_topics.terms.empty() && !m_topics.everything && pointsBack(m_words));
        return std::move(m_topics);
    }

private:
    [[nodiscard]] std::string joined(std::size_t first, std::size_t count) const
    {
        std::string text;
        for (std::size_t i = first; i < first + count; ++i)
            text += (text.empty() ? "" : " ") + m_words[i].text;
        return text;
    }

    [[nodiscard]] bool isFree(std::size_t first, std::size_t count) const
    {
        for (std::size_t i = first; i < first + count; ++i) {
            if (m_taken[i])
                return false;
        }
        return true;
    }

    void addTerm(Term term, std::size_t first, std::size_t count)
    {
        term.written = joined(first, count);
        const std::size_t begin = m_words[first].begin;
        term.shown = oneLine(m_question.substr(begin, m_words[first + count - 1].end - begin));
        for (std::size_t i = first; i < first + count; ++i)
            m_taken[i] = true;
        m_topics.ofThePatient = m_topics.ofThePatient || term.named;
        m_topics.terms.push_back(std::move(term));
    }

    void takeDates()
    {
        for (const DateMention& date : datesIn(m_question)) {
            for (std::size_t i = 0; i < m_words.size(); ++i) {
                m_taken[i] =
                    m_taken[i] || (m_words[i].begin < date.end && m_words[i].end > date.begin);
            }
        }
    }

    /// Longest first; @p termFor gives the term of some words, nullopt where they name nothing.
    template <typename TermFor>
    void take(std::size_t longest, const TermFor& termFor)
    {
        for (std::size_t count = longest; count > 0; --count) {
            for (std::size_t i = 0; i + count <= m_words.size(); ++i) {
                if (!isFree(i, count))
                    continue;
                if (std::optional<Term> term = termFor(joined(i, count)))
                    addTerm(*std::move(term), i, count);
            }
        }
    }

    void takeClasses()
    {
        const std::vector<std::string> drugs = ingredientsIn(m_chart);
        take(kLongestClassName, [&](const std::string& words) -> std::optional<Term> {
            const DrugClass* group = drugClassNamed(words);
            if (group == nullptr)
                return std::nullopt;
            Term term = termOf(*group, drugs);
            // "Blood pressure treatment" is about the pressure as well.
            const std::string treated = words.substr(0, words.find_last_of(' '));
            if (const Analyte* analyte = analyteNamed(treated); analyte != nullptr)
                addMeasurements(term, {analyte});
            return term;
        });
    }

    /// "Kidney function", "hyperkalaemic": told by measurements, and by their own words.
    void takeFindings()
    {
        take(3, [&](const std::string& words) -> std::optional<Term> {
            const std::vector<const Analyte*> found = measuredBy(words);
            if (found.empty() || !diseaseNamed(words).empty())
                return std::nullopt; // a disease has more names than these
            Term term;
            term.named = true;
            const std::vector<Word> parts = wordsOf(words);
            if (parts.size() == 1)
                addForms(term, parts.front());
            for (const Analyte* analyte : found) {
                const Term measured = termOf(*analyte);
                term.stems.insert(measured.stems.begin(), measured.stems.end());
                term.phrases.insert(term.phrases.end(), measured.phrases.begin(),
                                    measured.phrases.end());
            }
            addMeasurements(term, found);
            return term;
        });
    }

    void takePhrases()
    {
        std::vector<std::string> drugs = drugWords(m_chart);
        std::ranges::sort(drugs);
        for (const Phrase& phrase : phrasesIn(m_question, m_words, drugs)) {
            if (!isFree(phrase.first, phrase.last - phrase.first))
                continue;
            const bool named = phrase.role == Role::Drug || phrase.role == Role::Measurement ||
                               phrase.role == Role::Disease;
            if (phrase.role == Role::Allergy) {
                m_topics.kinds.insert(Topic::Allergy);
                m_topics.ofThePatient = true;
            }
            if (named)
                addTerm(termOf(phrase, m_words), phrase.first, phrase.last - phrase.first);
            for (std::size_t i = phrase.first; i < phrase.last; ++i)
                m_taken[i] = true;
        }
    }

    /// Abbreviations that prose has in capitals or before a number only: in a question "af" and
    /// "hr" are what they look like. "pt" is the patient.
    void takeShortNames()
    {
        take(1, [&](const std::string& word) -> std::optional<Term> {
            if (word == "pt" || word == "na" || word.size() < 2)
                return std::nullopt;
            if (const View disease = diseaseNamed(word); !disease.empty())
                return termOf({.role = Role::Disease, .name = std::string(disease), .last = 1},
                              wordsOf(word));
            const Analyte* analyte = analyteNamed(word);
            if (analyte == nullptr && word.size() > 3 && word.ends_with('s')) // "sugars"
                analyte = analyteNamed(word.substr(0, word.size() - 1));
            return analyte == nullptr ? std::nullopt : std::optional(termOf(*analyte));
        });
    }

    void readWord(std::size_t i)
    {
        const Word& word = m_words[i];
        const bool name = m_names.contains(word.text);
        m_topics.ofThePatient = m_topics.ofThePatient || name || pointsToPatient(word.text);
        m_topics.everything =
            m_topics.everything ||
            isOneOf(word.text, "summary summarise summarize overview handover handoff sbar");
        m_topics.latest = m_topics.latest || isOneOf(word.text, "last latest newest recent");
        m_topics.family = m_topics.family || isRelative(word.text);
        if (m_taken[i] || name || isYear(word.text))
            return;
        if (const auto kind = kindNamed(word.stem)) {
            m_topics.kinds.insert(*kind);
            return;
        }
        const View stems = stemsOfKind(word.stem);
        if (stems.empty() && (isShape(word) || isDenial(word.text)))
            return;
        Term term;
        term.named = !stems.empty();
        term.isProper = stems.empty() && isProperName(i);
        addForms(term, word);
        for (const Word& other : wordsOf(stems))
            term.stems.insert(other.text);
        addTerm(std::move(term), i, 1);
    }

    /// "Bertram", "of samplewood", "Mrs Other": another person must not be answered for with this
    /// patient's values. Words all in capitals are abbreviations.
    [[nodiscard]] bool isProperName(std::size_t i) const
    {
        if (i == 0)
            return false;
        const View written = m_question.substr(m_words[i].begin, m_words[i].end - m_words[i].begin);
        const bool capital = written.front() >= 'A' && written.front() <= 'Z';
        const bool small =
            std::ranges::any_of(written, [](char c) { return c >= 'a' && c <= 'z'; });
        return (capital && small) ||
               isOneOf(m_words[i - 1].text, "of mr mrs ms miss dr frau herr mme");
    }

    /// "BP 2024": a year that stands alone limits as "in 2024" does.
    void takeYear()
    {
        for (std::size_t i = 0; i < m_words.size() && !m_topics.from && !m_topics.to; ++i) {
            if (m_taken[i] || !isYear(m_words[i].text))
                continue;
            const int year = std::stoi(m_words[i].text);
            m_topics.from = firstDayOf(year, 0, 0);
            m_topics.to = lastDayOf(year, 0, 0);
        }
    }

    View m_question;
    const records::Chart& m_chart;
    Day m_today;
    std::vector<Word> m_words;
    std::vector<bool> m_taken;
    std::set<std::string> m_names;
    Topics m_topics;
};

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
    return TopicReader(question, chart, today).read();
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
