// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/spelling.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/drug_classes.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"
#include "inference/evidence/phrases.h"
#include "inference/evidence/prose.h"
#include "inference/evidence/topic_words.h"
#include "inference/evidence/vocabulary.h"

#include <algorithm>
#include <array>
#include <format>
#include <map>
#include <set>
#include <unordered_set>

namespace evidence {

namespace {

using View = std::string_view;

constexpr std::size_t kLeastLetters = 5;
constexpr std::size_t kLettersForTwo = 8;
constexpr std::size_t kMostHints = 3;

bool isLetters(View word)
{
    return std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Insertions, deletions, replacements and neighbours that changed places; more than @p most is
/// told as most + 1.
std::size_t distance(View a, View b, std::size_t most)
{
    if (a.size() > b.size() + most || b.size() > a.size() + most)
        return most + 1;
    std::array<std::vector<std::size_t>, 3> rows;
    for (std::vector<std::size_t>& row : rows)
        row.resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        rows[1][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t>& row = rows[2];
        row[0] = i;
        std::size_t least = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = rows[1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({rows[1][j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], rows[0][j - 2] + 1);
            least = std::min(least, row[j]);
        }
        if (least > most + 1)
            return most + 1;
        std::ranges::rotate(rows, rows.begin() + 1);
    }
    return std::min(rows[1][b.size()], most + 1);
}

/// Words that may be meant, with what makes two of them the same: the measurement, the disease.
using Targets = std::map<std::string, std::string>;

void addWords(Targets& targets, View text, View meaning)
{
    const std::vector<Word> words = wordsOf(text);
    for (const Word& word : words) {
        if (word.text.size() < kLeastLetters || !isLetters(word.text))
            continue;
        const View family = familyOf(word.text);
        targets.try_emplace(word.text, !family.empty()     ? std::string(family)
                                       : words.size() == 1 ? std::string(meaning)
                                                           : word.stem);
    }
}

void addNames(Targets& targets, View names, View meaning)
{
    eachPart(names, '|', [&](View name) { addWords(targets, name, meaning); });
}

const Targets& vocabulary()
{
    static const Targets kTargets = [] {
        Targets targets;
        for (const Analyte& analyte : analytes())
            addNames(targets, analyte.synonyms, analyte.name);
        for (const View disease : diseases())
            addNames(targets, disease, firstName(disease));
        for (const DrugClass& group : drugClasses())
            addNames(targets, group.names, shownName(group));
        for (const View names : findingNames())
            addNames(targets, names, firstName(names));
        constexpr View kAsked =
            "medication medications medicine medicines allergy allergies allergic problem problems "
            "diagnosis diagnoses condition conditions latest recent result results value values "
            "vaccination vaccinations immunization immunisation procedure procedures stopped "
            "history summary admission discharge";
        for (const Word& word : wordsOf(kAsked))
            targets.try_emplace(word.text, word.stem);
        return targets;
    }();
    return kTargets;
}

class Speller {
public:
    explicit Speller(const records::Chart& chart)
        : m_chart(chart)
    {
    }

    Spelling read(View question)
    {
        Spelling spelling{.question = std::string(question), .remarks = {}, .changed = false};
        const std::vector<Word> words = wordsOf(question);
        // From the end, so that the places of the words before stay right.
        for (std::size_t i = words.size(); i-- > 0;) {
            const Word& word = words[i];
            const bool titled = i > 0 && isOneOf(words[i - 1].text, "mr mrs ms miss dr frau herr");
            if (word.text.size() < kLeastLetters || !isLetters(word.text) || titled ||
                isKnown(word))
                continue;
            const std::string written(question.substr(word.begin, word.end - word.begin));
            settle(spelling, word, written);
        }
        std::ranges::reverse(spelling.remarks);
        return spelling;
    }

private:
    void settle(Spelling& spelling, const Word& word, const std::string& written)
    {
        const std::map<std::string, std::string> medicines = medicinesNear(word.text);
        const std::map<std::string, std::string> others = othersNear(word.text);
        if (medicines.empty() && others.empty())
            return;
        const auto& [name, target] = medicines.empty() ? *others.begin() : *medicines.begin();
        const bool alone = medicines.size() + others.size() == 1;
        // A word with the ending of a medicine may be one that this program does not know.
        const bool sure = medicines.empty() || (drugNamed(word.text).empty() && isInChart(target));
        if (alone && sure) {
            spelling.question.replace(word.begin, word.end - word.begin, target);
            spelling.changed = true;
            spelling.remarks.push_back(
                std::format("\"{}\" is taken as \"{}\"", oneLine(written), target));
            return;
        }
        std::string hint =
            std::format("\"{}\" is not a word that is known here; did you mean ", oneLine(written));
        std::size_t told = 0;
        for (const auto* list : {&medicines, &others}) {
            for (const auto& [meaning, candidate] : *list) {
                if (told == kMostHints)
                    break;
                hint += (told++ == 0 ? "\"" : ", \"") + candidate + "\"";
                if (list == &medicines && !isInChart(candidate))
                    hint += " (not in this record)";
            }
        }
        spelling.remarks.push_back(hint + "?");
    }

    static std::size_t allowed(View word) { return word.size() >= kLettersForTwo ? 2 : 1; }

    /// All medicines that are near enough, by ingredient: the nearest way of writing each.
    std::map<std::string, std::string> medicinesNear(View word)
    {
        std::map<std::string, std::pair<std::size_t, std::string>> near;
        const auto take = [&](View name, const std::string& meaning) {
            const std::size_t most = allowed(word);
            const std::size_t far = distance(word, name, most);
            if (far > most || name.size() < kLeastLetters)
                return;
            const auto [place, isNew] = near.try_emplace(meaning, far, name);
            if (!isNew && far < place->second.first)
                place->second = {far, std::string(name)};
        };
        for (const View name : drugNames())
            take(name, drugNamed(name));
        for (const std::string& name : drugWords(m_chart))
            take(name, name);
        std::map<std::string, std::string> found;
        for (auto& [meaning, name] : near)
            found.emplace(meaning, std::move(name.second));
        return found;
    }

    /// The nearest other words, by meaning.
    std::map<std::string, std::string> othersNear(View word)
    {
        std::size_t best = allowed(word) + 1;
        std::map<std::string, std::string> found;
        const auto take = [&](const std::string& name, const std::string& meaning) {
            const bool sameStart = name[0] == word[0] || (name[0] == word[1] && name[1] == word[0]);
            if (!sameStart || !drugNamed(name).empty())
                return;
            const std::size_t far = distance(word, name, allowed(word));
            if (far > allowed(word) || far > best)
                return;
            if (far < best)
                found.clear();
            best = far;
            found.try_emplace(meaning, name);
        };
        for (const auto& [name, meaning] : vocabulary())
            take(name, meaning);
        for (const std::string& name : chartNames()) {
            if (!vocabulary().contains(name))
                take(name, stemOf(name));
        }
        return found;
    }

    /// Words of the names of the chart's entries.
    const std::set<std::string>& chartNames()
    {
        if (!m_names.empty())
            return m_names;
        const auto take = [&](const std::string& text) {
            for (Word& word : wordsOf(text)) {
                if (word.text.size() >= kLeastLetters && isLetters(word.text))
                    m_names.insert(std::move(word.text));
            }
        };
        for (const records::Condition& condition : m_chart.conditions)
            take(condition.code.name());
        for (const records::Allergy& allergy : m_chart.allergies)
            take(allergy.code.name());
        for (const records::Observation& observation : m_chart.observations)
            take(observation.code.name());
        for (const records::OtherEntry& entry : m_chart.others)
            take(entry.code.name());
        return m_names;
    }

    [[nodiscard]] static bool isVocabulary(const Word& word)
    {
        static const std::unordered_set<std::string> kStems = [] {
            std::unordered_set<std::string> stems;
            for (const auto& [name, meaning] : vocabulary())
                stems.insert(stemOf(name));
            return stems;
        }();
        // A stem has lost an "e" that a known word may not have had: "haemoglobine".
        const bool isForm = kStems.contains(word.stem) &&
                            (!word.text.ends_with('e') || vocabulary().contains(word.text));
        return isForm || isShape(word) || isDenial(word.text) || isRelative(word.text) ||
               isLookAlike(word.text) || hasMedicalEnding(word.text) ||
               pointsToPatient(word.text) || kindNamed(word.stem).has_value() ||
               !stemsOfKind(word.stem).empty() || isMedicine(word.text) ||
               !measuredBy(word.text).empty() || !familyOf(word.text).empty() ||
               isForeign(std::span(&word, 1));
    }

    static bool isMedicine(const std::string& word)
    {
        return std::ranges::binary_search(drugNames(), View(word)) ||
               (word.ends_with('s') &&
                std::ranges::binary_search(drugNames(), View(word).substr(0, word.size() - 1)));
    }

    bool isKnown(const Word& word)
    {
        return isVocabulary(word) || recordWords().contains(word.text) ||
               (!word.text.ends_with('e') && recordWords().contains(word.stem));
    }

    bool isInChart(const std::string& name)
    {
        if (recordWords().contains(name))
            return true;
        return std::ranges::any_of(
                   aliasesOf(drugNamed(name)),
                   [&](const std::string& alias) { return recordWords().contains(alias); }) ||
               recordWords().contains(drugNamed(name));
    }

    /// Every word of the record, and its stem. Read once, and only for a word that is not known.
    const std::unordered_set<std::string>& recordWords()
    {
        if (!m_words.empty())
            return m_words;
        const auto take = [&](View text) {
            for (Word& word : wordsOf(text)) {
                m_words.insert(std::move(word.text));
                m_words.insert(std::move(word.stem));
            }
        };
        take(m_chart.patient.given + " " + m_chart.patient.family);
        for (const records::Medication& medication : m_chart.medications) {
            take(medication.code.name());
            take(medication.note);
            take(medication.reason);
            take(medication.statusReason);
        }
        for (const records::Allergy& allergy : m_chart.allergies) {
            take(allergy.code.name());
            take(allergy.note);
        }
        for (const records::Condition& condition : m_chart.conditions) {
            take(condition.code.name());
            take(condition.note);
        }
        for (const records::Encounter& encounter : m_chart.encounters) {
            take(encounter.type.name());
            take(encounter.reason);
            take(encounter.location);
        }
        for (const records::OtherEntry& entry : m_chart.others) {
            take(entry.code.name());
            take(entry.detail);
        }
        for (const std::string& name : chartNames())
            take(name);
        for (const records::Document& document : m_chart.documents)
            take(document.text);
        m_words.insert("");
        return m_words;
    }

    const records::Chart& m_chart;
    std::set<std::string> m_names;
    std::unordered_set<std::string> m_words;
};

} // namespace

Spelling spelled(View question, const records::Chart& chart)
{
    return Speller(chart).read(question);
}

} // namespace evidence
