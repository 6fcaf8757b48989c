// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/chart_rows.h"

#include "app/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

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

bool isIn(const QString& word, std::initializer_list<const char*> words)
{
    return std::ranges::any_of(words,
                               [&](const char* each) { return word == QLatin1String(each); });
}

/// "Order 04-Mar-2024 says stopped", or the words of a note in quotation marks.
QString sayingOf(const Disagreement& other)
{
    const bool state = isIn(
        other.says, {"active", "stopped", "completed", "on-hold", "cancelled", "draft", "unknown"});
    //: %1: a document, %2: what it says
    return tr("%1 says %2")
        .arg(other.label, state ? stateWord(other.says) : tr("“%1”").arg(other.says));
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
Row rowOf(const QString& name, const QString& below, const QString& state,
          const QString& belowState, const SourceRef& source)
{
    Row row;
    row.cells = {{.lead = name, .rest = {}, .flag = {}, .second = below},
                 {.lead = {}, .rest = state, .flag = {}, .second = belowState}};
    row.source = source;
    row.label = joined({name, state});
    return row;
}

/// @p rows below a line that names them; nothing where there are none, unless it is to be @p said.
QList<Row> under(const QString& heading, const QList<Row>& rows, bool said = false)
{
    if (rows.isEmpty() && !said)
        return {};
    Row line;
    line.cells = {{.lead = heading, .rest = {}, .flag = {}, .second = {}}, {}};
    line.heading = true;
    return QList<Row>{line} + rows;
}

QString recordedOn(const QString& date)
{
    return date.isEmpty() ? QString() : tr("recorded %1").arg(shownDay(date));
}

/// Confirmed is the rule and stays unsaid; anything else is said.
QString certaintyWord(const QString& verification)
{
    if (verification == QStringLiteral("unconfirmed"))
        return tr("unconfirmed");
    if (verification == QStringLiteral("provisional"))
        return tr("provisional");
    if (verification == QStringLiteral("differential"))
        return tr("differential diagnosis");
    if (verification == QStringLiteral("presumed"))
        return tr("presumed");
    return verification == QStringLiteral("confirmed") ? QString() : verification;
}

QString criticalityWord(const QString& criticality)
{
    if (criticality == QStringLiteral("high"))
        return tr("criticality high");
    if (criticality == QStringLiteral("low"))
        return tr("criticality low");
    return criticality.isEmpty() ? QString() : tr("criticality not assessed");
}

Row allergyRow(const Allergy& allergy)
{
    return rowOf(allergy.name,
                 joined({allergy.reactions.join(QStringLiteral(", ")),
                         criticalityWord(allergy.criticality)}),
                 allergy.resolved ? tr("allergy, resolved") : tr("allergy"),
                 joined({certaintyWord(allergy.verification), recordedOn(allergy.recorded)}),
                 allergy.source);
}

Row problemRow(const Problem& problem)
{
    QString period = problem.onset.isEmpty() ? recordedOn(problem.recorded)
                                             : tr("since %1").arg(shownDay(problem.onset));
    if (!problem.abated.isEmpty())
        period = QStringLiteral("%1 – %2").arg(dayOrWord(problem.onset), shownDay(problem.abated));
    return rowOf(problem.name, certaintyWord(problem.verification), stateWord(problem.state),
                 period, problem.source);
}

/// The resource types that stand in the timeline, in words.
constexpr std::array<std::pair<const char*, const char*>, 29> kKinds{{
    {"AdverseEvent", QT_TRANSLATE_NOOP("app::chartRows", "adverse event")},
    {"Appointment", QT_TRANSLATE_NOOP("app::chartRows", "appointment")},
    {"CarePlan", QT_TRANSLATE_NOOP("app::chartRows", "care plan")},
    {"CareTeam", QT_TRANSLATE_NOOP("app::chartRows", "care team")},
    {"ClinicalImpression", QT_TRANSLATE_NOOP("app::chartRows", "clinical impression")},
    {"Communication", QT_TRANSLATE_NOOP("app::chartRows", "message")},
    {"CommunicationRequest", QT_TRANSLATE_NOOP("app::chartRows", "message")},
    {"DetectedIssue", QT_TRANSLATE_NOOP("app::chartRows", "detected issue")},
    {"Device", QT_TRANSLATE_NOOP("app::chartRows", "device")},
    {"DeviceRequest", QT_TRANSLATE_NOOP("app::chartRows", "device order")},
    {"DeviceUseStatement", QT_TRANSLATE_NOOP("app::chartRows", "use of a device")},
    {"DiagnosticReport", QT_TRANSLATE_NOOP("app::chartRows", "report")},
    {"EpisodeOfCare", QT_TRANSLATE_NOOP("app::chartRows", "episode of care")},
    {"FamilyMemberHistory", QT_TRANSLATE_NOOP("app::chartRows", "family history")},
    {"Flag", QT_TRANSLATE_NOOP("app::chartRows", "flag")},
    {"Goal", QT_TRANSLATE_NOOP("app::chartRows", "goal")},
    {"ImagingStudy", QT_TRANSLATE_NOOP("app::chartRows", "imaging study")},
    {"Immunization", QT_TRANSLATE_NOOP("app::chartRows", "immunization")},
    {"ImmunizationRecommendation", QT_TRANSLATE_NOOP("app::chartRows", "recommended immunization")},
    {"List", QT_TRANSLATE_NOOP("app::chartRows", "list")},
    {"Media", QT_TRANSLATE_NOOP("app::chartRows", "picture or recording")},
    {"MedicationRequest", QT_TRANSLATE_NOOP("app::chartRows", "medication order")},
    {"NutritionOrder", QT_TRANSLATE_NOOP("app::chartRows", "nutrition order")},
    {"Observation", QT_TRANSLATE_NOOP("app::chartRows", "observation")},
    {"Procedure", QT_TRANSLATE_NOOP("app::chartRows", "procedure")},
    {"RiskAssessment", QT_TRANSLATE_NOOP("app::chartRows", "risk assessment")},
    {"ServiceRequest", QT_TRANSLATE_NOOP("app::chartRows", "request")},
    {"Specimen", QT_TRANSLATE_NOOP("app::chartRows", "specimen")},
    {"SupplyDelivery", QT_TRANSLATE_NOOP("app::chartRows", "supply")},
}};

QString kindWord(const QString& kind)
{
    const auto* const place = std::ranges::find_if(
        kKinds, [&](const auto& each) { return kind == QLatin1String(each.first); });
    return place == kKinds.end() ? kind : tr(place->second);
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

QList<Row> problemRows(const Chart& chart)
{
    QList<Row> allergies, past;
    for (const Allergy& allergy : chart.allergies)
        (allergy.resolved ? past : allergies) += allergyRow(allergy);
    QList<Row> statements;
    for (const Allergy& statement : chart.allergyStatements)
        statements += rowOf(statement.name, {}, tr("statement"), recordedOn(statement.recorded),
                            statement.source);
    QList<Problem> sorted = chart.problems;
    std::ranges::stable_sort(sorted, std::ranges::greater(), [](const Problem& problem) {
        return problem.onset.isEmpty() ? problem.recorded : problem.onset;
    });
    QList<Row> problems;
    for (const Problem& problem : sorted)
        (isIn(problem.state, {"inactive", "resolved"}) ? past : problems) += problemRow(problem);
    const bool silent = chart.allergyStatement == QStringLiteral("not_recorded");
    QList<Row> rows = under(silent ? tr("Allergies: none recorded") : tr("Allergies"),
                            allergies + statements, silent);
    rows += under(tr("Active problems"), problems);
    return rows + under(tr("Past problems and allergies"), past);
}

QList<Row> medicationRows(const Chart& chart)
{
    QList<Medication> sorted = chart.medications;
    std::ranges::stable_sort(sorted, std::ranges::greater(), &Medication::started);
    QList<Row> active, past, other;
    for (const Medication& drug : sorted) {
        const QString period =
            drug.ended.isEmpty()
                ? (drug.started.isEmpty() ? tr("start not recorded")
                                          : tr("since %1").arg(shownDay(drug.started)))
                : QStringLiteral("%1 – %2").arg(dayOrWord(drug.started), shownDay(drug.ended));
        const QString why = drug.statusReason.isEmpty() ? drug.reason : drug.statusReason;
        QStringList others;
        for (const Disagreement& side : drug.disagrees)
            others += sayingOf(side);
        Row row;
        row.cells = {
            {.lead = drug.name, .rest = {}, .flag = {}, .second = drug.dosage},
            {.lead = {},
             .rest = stateWord(drug.state),
             .flag = others.isEmpty() ? QString() : tr("⚠ Sources disagree"),
             .second = joined(others + QStringList{period, why})},
        };
        row.source = drug.source;
        row.label = joined({drug.name, stateWord(drug.state)});
        if (isIn(drug.state, {"active", "on-hold"}))
            active += row;
        else if (isIn(drug.state, {"stopped", "completed", "cancelled"}))
            past += row;
        else
            other += row;
    }
    return under(tr("Active"), active) + under(tr("State not known"), other) +
           under(tr("Past"), past);
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
        dated += {other.date, event(other.date, other.name,
                                    joined({kindWord(other.kind), other.detail}), other.source)};
    std::ranges::stable_sort(
        dated, [](const auto& a, const auto& b) { return a.first.left(10) > b.first.left(10); });
    QList<Row> rows;
    for (const auto& [date, row] : dated)
        rows += row;
    return rows;
}

} // namespace app
