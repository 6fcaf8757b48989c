// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/series.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

namespace evidence {

namespace {

/// Words that say nothing about what was measured.
bool isGeneric(std::string_view word)
{
    constexpr std::array<std::string_view, 34> kGeneric{
        "history", "summary", "status", "level",    "test",       "result", "score",
        "total",   "panel",   "blood",  "rate",     "time",       "count",  "type",
        "serum",   "plasma",  "of",     "in",       "by",         "and",    "per",
        "volume",  "mass",    "ratio",  "reported", "number",     "visit",  "note",
        "report",  "value",   "dose",   "plan",     "assessment", "s"};
    return std::ranges::find(kGeneric, word) != kGeneric.end();
}

std::string joined(const std::vector<Word>& words)
{
    std::string out;
    for (const Word& word : words)
        out += (out.empty() ? "" : " ") + word.stem;
    return out;
}

struct Wanted {
    std::string words; // as asked
    std::vector<Word> list;
    const Analyte* analyte = nullptr;
};

enum class Match { None, Partly, Exactly };

/// How one observation's name fits; asked once for each different name and code.
Match matches(const Wanted& wanted, const records::Observation& observation)
{
    const std::string& name = observation.code.name();
    if (wanted.analyte != nullptr &&
        (hasCode(*wanted.analyte, observation.code) || hasName(*wanted.analyte, name)))
        return Match::Exactly;
    const std::vector<Word> words = wordsOf(name);
    const std::string asked = joined(wanted.list);
    if (asked == joined(words) || asked == joined(wordsOf(componentOf(name))))
        return Match::Exactly;
    bool telling = false;
    for (const Word& word : wanted.list) {
        if (!std::ranges::contains(words, word.stem, &Word::stem))
            return Match::None;
        telling = telling || !isGeneric(word.text);
    }
    return telling ? Match::Partly : Match::None;
}

bool newerFirst(const Panel& a, const Panel& b)
{
    return records::earlier(b.front()->effective, a.front()->effective);
}

std::string keyOf(const records::Observation& observation)
{
    for (const records::Coding& coding : observation.code.codings) {
        if (coding.system == "http://loinc.org" && !coding.code.empty())
            return "loinc " + coding.code;
    }
    return "name " + joined(wordsOf(observation.code.name()));
}

/// One series for each code or, without a code, each name; a name without code joins its equal.
std::vector<Series> grouped(const std::vector<const records::Observation*>& found)
{
    std::map<std::string, std::string> keyOfName;
    for (const records::Observation* observation : found) {
        const std::string key = keyOf(*observation);
        if (key.starts_with("loinc "))
            keyOfName.try_emplace(joined(wordsOf(observation->code.name())), key);
    }
    std::map<std::string, Series> groups;
    for (const records::Observation* observation : found) {
        std::string key = keyOf(*observation);
        if (const auto coded = keyOfName.find(joined(wordsOf(observation->code.name())));
            coded != keyOfName.end() && key.starts_with("name "))
            key = coded->second;
        groups[key].entries.push_back({observation});
    }
    std::vector<Series> series;
    for (auto& [key, group] : groups) {
        std::ranges::stable_sort(group.entries, newerFirst);
        group.name = oneLine(group.entries.front().front()->code.name());
        series.push_back(std::move(group));
    }
    std::ranges::stable_sort(series, [](const Series& a, const Series& b) {
        return newerFirst(a.entries.front(), b.entries.front());
    });
    return series;
}

/// Systolic and diastolic of one resource stand together.
std::vector<Series> bloodPressures(const records::Chart& chart)
{
    Series series{.name = "Blood pressure", .entries = {}};
    const Analyte* pressure = analyteNamed("blood pressure");
    for (const Panel& panel : panelsOf(chart)) {
        Panel pair;
        for (const records::Observation* part : panel) {
            const Analyte* analyte = analyteOf(*part);
            if (analyte == nullptr)
                continue;
            if (analyte == pressure && hasValue(*part))
                pair = {part};
            else if (analyte->name == "systolic blood pressure" ||
                     analyte->name == "diastolic blood pressure")
                pair.push_back(part);
        }
        if (!pair.empty())
            series.entries.push_back(std::move(pair));
    }
    if (series.entries.empty())
        return {};
    std::ranges::stable_sort(series.entries, newerFirst);
    return {std::move(series)};
}

} // namespace

Resolved resolve(std::string_view words, const records::Chart& chart, bool partly)
{
    Wanted wanted{.words = std::string(words), .list = wordsOf(words), .analyte = nullptr};
    wanted.analyte = analyteNamed(words);
    if (wanted.analyte == nullptr && words.ends_with("s"))
        wanted.analyte = analyteNamed(words.substr(0, words.size() - 1));
    Resolved resolved{.known = wanted.analyte != nullptr, .series = {}};
    if (wanted.list.empty())
        return resolved;
    if (resolved.known && wanted.analyte->name == "blood pressure") {
        resolved.series = bloodPressures(chart);
        return resolved;
    }
    std::unordered_map<std::string, Match> known;
    std::vector<const records::Observation*> exact;
    std::vector<const records::Observation*> part;
    for (const records::Observation& observation : chart.observations) {
        const auto [place, isNew] =
            known.try_emplace(keyOf(observation) + "\n" + observation.code.name(), Match::None);
        if (isNew)
            place->second = matches(wanted, observation);
        if (place->second == Match::Exactly)
            exact.push_back(&observation);
        else if (place->second == Match::Partly)
            part.push_back(&observation);
    }
    // "Blood sugar" where only a fasting glucose is recorded: told under its own name.
    if (exact.empty() && resolved.known) {
        for (const Analyte* narrower : narrowerThan(*wanted.analyte)) {
            for (const records::Observation& observation : chart.observations) {
                if (analyteOf(observation) == narrower)
                    exact.push_back(&observation);
            }
        }
    }
    if (!exact.empty())
        resolved.series = grouped(exact);
    else if (partly)
        resolved.series = grouped(part);
    return resolved;
}

} // namespace evidence
