// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/coverage.h"

#include "inference/evidence/dates.h"

#include <format>

namespace evidence {

namespace {

class Bounds {
public:
    void take(const records::Date& date)
    {
        if (!date.known())
            return;
        if (!m_first || records::earlier(date, *m_first))
            m_first = &date;
        if (!m_last || records::earlier(*m_last, date))
            m_last = &date;
    }
    [[nodiscard]] std::string first() const { return m_first ? isoDay(*m_first) : std::string(); }
    [[nodiscard]] std::string last() const { return m_last ? isoDay(*m_last) : std::string(); }

private:
    const records::Date* m_first = nullptr;
    const records::Date* m_last = nullptr;
};

std::string shownInstant(const std::string& instant)
{
    const records::Date date = records::parseDate(instant);
    std::string text = shown(date);
    if (date.instantSeconds) {
        const auto minutes = *date.instantSeconds / 60;
        text += std::format(" {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60);
    }
    return text;
}

} // namespace

Coverage coverageOf(const records::Chart& chart)
{
    Coverage coverage;
    coverage.documents = chart.documents.size();
    coverage.entries = chart.allergies.size() + chart.conditions.size() + chart.medications.size() +
                       chart.observations.size() + chart.encounters.size() + chart.others.size();
    Bounds bounds;
    for (const records::Document& document : chart.documents) {
        bounds.take(document.date);
        if (!document.readable)
            ++coverage.unreadable;
    }
    coverage.searched = coverage.documents - coverage.unreadable;
    for (const records::Condition& condition : chart.conditions)
        bounds.take(condition.onset);
    for (const records::Medication& medication : chart.medications) {
        bounds.take(medication.started);
        bounds.take(medication.ended);
    }
    for (const records::Observation& observation : chart.observations)
        bounds.take(observation.effective);
    for (const records::Encounter& encounter : chart.encounters)
        bounds.take(encounter.started);
    for (const records::OtherEntry& entry : chart.others)
        bounds.take(entry.date);
    coverage.from = bounds.first();
    coverage.to = bounds.last();
    coverage.dataAsOf = shownInstant(chart.dataAsOf);
    return coverage;
}

std::string Coverage::line() const
{
    const auto counted = [](std::size_t count, std::string_view one, std::string_view many) {
        return std::format("{} {}", count, count == 1 ? one : many);
    };
    std::string text = "Searched ";
    if (searched > 0)
        text += std::format("{} of {} and ", searched, counted(documents, "document", "documents"));
    text += counted(entries, "entry", "entries");
    if (!from.empty())
        text += ", " + from.substr(0, 4) + " to " + to.substr(0, 4);
    if (searched == 0 && documents > 0)
        text += std::format("; {} not searched", counted(documents, "document", "documents"));
    if (unreadable > 0)
        text += std::format("; {} unreadable", unreadable);
    if (!dataAsOf.empty())
        text += "; data as of " + dataAsOf;
    text += ".";
    for (const std::string& remark : remarks)
        text += " " + remark + (remark.ends_with('?') ? "" : ".");
    return text;
}

} // namespace evidence
