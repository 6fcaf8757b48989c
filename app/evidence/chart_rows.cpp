// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/chart_rows.h"

#include "app/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace app {

namespace {
QString tr(const char* text)
{
    return QCoreApplication::translate("app::chartRows", text);
}

QString joined(QStringList parts)
{
    parts.removeAll(QString());
    return parts.join(QStringLiteral(" · "));
}

QString stateWord(const QString& state)
{
    if (state == QStringLiteral("active"))
        return tr("active");
    if (state == QStringLiteral("stopped"))
        return tr("stopped");
    if (state == QStringLiteral("completed"))
        return tr("completed");
    if (state == QStringLiteral("on-hold"))
        return tr("on hold");
    if (state == QStringLiteral("cancelled"))
        return tr("cancelled");
    if (state == QStringLiteral("draft"))
        return tr("draft");
    if (state == QStringLiteral("inactive"))
        return tr("inactive");
    if (state == QStringLiteral("resolved"))
        return tr("resolved");
    return tr("state not recorded");
}

/// Final is the rule and stays unsaid; anything else is said.
QString standingWord(const QString& standing)
{
    if (standing == QStringLiteral("preliminary"))
        return tr("preliminary");
    if (standing == QStringLiteral("corrected"))
        return tr("corrected");
    if (standing == QStringLiteral("amended"))
        return tr("amended");
    if (standing == QStringLiteral("registered"))
        return tr("registered, no result yet");
    if (standing == QStringLiteral("cancelled"))
        return tr("cancelled");
    return standing == QStringLiteral("final") ? QString() : tr("standing not recorded");
}

QString dayOrWord(const QString& date)
{
    return date.isEmpty() ? tr("no date") : shownDay(date);
}

Row event(const QString& date, const QString& lead, const QString& second, const SourceRef& source)
{
    Row row;
    row.cells = {{.lead = {}, .rest = dayOrWord(date), .flag = {}, .second = {}},
                 {.lead = lead, .rest = {}, .flag = {}, .second = second}};
    row.source = source;
    row.label = joined({lead, shownDay(date)});
    return row;
}
} // namespace

QList<Row> labRows(const Chart& chart, const QString& filter)
{
    QList<Row> rows;
    for (const Lab& lab : chart.labs) {
        if (!filter.isEmpty() && !lab.name.contains(filter, Qt::CaseInsensitive) &&
            !lab.panel.contains(filter, Qt::CaseInsensitive))
            continue;
        const QString range = shownRange(lab);
        Row row;
        row.cells = {
            {.lead = {}, .rest = lab.name, .flag = {}, .second = lab.panel},
            {.lead = shownValue(lab),
             .rest = lab.unit,
             .flag = lab.interpretation == QStringLiteral("N") ? QString() : lab.interpretation,
             .second = range.isEmpty() ? QString() : tr("range %1").arg(range)},
            {.lead = {},
             .rest = dayOrWord(lab.date),
             .flag = {},
             .second = standingWord(lab.standing)},
        };
        row.source = lab.source;
        row.label = joined({lab.name, shownDay(lab.date)});
        rows += row;
    }
    return rows;
}

QList<Row> medicationRows(const Chart& chart)
{
    QList<Medication> sorted = chart.medications;
    std::ranges::stable_sort(sorted, [](const Medication& a, const Medication& b) {
        const bool aActive = a.state == QStringLiteral("active");
        const bool bActive = b.state == QStringLiteral("active");
        return aActive != bActive ? aActive : a.started > b.started;
    });
    QList<Row> rows;
    for (const Medication& drug : sorted) {
        const QString period =
            drug.ended.isEmpty()
                ? (drug.started.isEmpty() ? tr("start not recorded")
                                          : tr("since %1").arg(shownDay(drug.started)))
                : QStringLiteral("%1 – %2").arg(dayOrWord(drug.started), shownDay(drug.ended));
        const QString why = drug.statusReason.isEmpty() ? drug.reason : drug.statusReason;
        Row row;
        row.cells = {
            {.lead = drug.name, .rest = {}, .flag = {}, .second = drug.dosage},
            {.lead = {},
             .rest = stateWord(drug.state),
             .flag = {},
             .second = joined({period, why})},
        };
        row.source = drug.source;
        row.label = joined({drug.name, stateWord(drug.state)});
        rows += row;
    }
    return rows;
}

QList<Row> timelineRows(const Chart& chart)
{
    QList<std::pair<QString, Row>> dated;
    for (const DocumentInfo& document : chart.documents) {
        Row row = event(document.date, document.title.isEmpty() ? tr("Document") : document.title,
                        document.readable ? joined({tr("document"), document.author})
                                          : tr("document that cannot be read"),
                        document.source);
        row.documentIndex = document.readable ? document.index : -1;
        dated += {document.date, row};
    }
    for (const Encounter& encounter : chart.encounters)
        dated +=
            {encounter.started,
             event(encounter.started, encounter.type.isEmpty() ? tr("Encounter") : encounter.type,
                   joined({tr("encounter"), encounter.reason, encounter.location}),
                   encounter.source)};
    for (const Problem& problem : chart.problems)
        dated += {problem.onset.isEmpty() ? problem.recorded : problem.onset,
                  event(problem.onset.isEmpty() ? problem.recorded : problem.onset, problem.name,
                        joined({tr("problem"), stateWord(problem.state)}), problem.source)};
    for (const OtherEntry& other : chart.others)
        dated += {other.date,
                  event(other.date, other.name, joined({other.kind, other.detail}), other.source)};
    std::ranges::stable_sort(
        dated, [](const auto& a, const auto& b) { return a.first.left(10) > b.first.left(10); });
    QList<Row> rows;
    for (const auto& [date, row] : dated)
        rows += row;
    return rows;
}

} // namespace app
