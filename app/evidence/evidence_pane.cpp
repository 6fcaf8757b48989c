// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/evidence_pane.h"

#include "app/evidence/chart_rows.h"
#include "app/evidence/source_tab.h"
#include "app/evidence/trend.h"

#include <QItemSelectionModel>
#include <QLineEdit>
#include <QVBoxLayout>

namespace app {

namespace {
QWidget* padded(QWidget* content)
{
    auto* tab = new QWidget;
    auto* column = new QVBoxLayout(tab);
    column->setContentsMargins(0, 8, 0, 0);
    column->addWidget(content);
    return tab;
}
} // namespace

EvidencePane::EvidencePane(Backend& backend, QWidget* parent)
    : QWidget(parent)
    , m_tabs(new QTabWidget)
    , m_source(new SourceTab(backend))
    , m_labFilter(new QLineEdit)
    , m_labs(new RecordTable(tr("Labs and vital signs"), {tr("Test"), tr("Value"), tr("Date")},
                             {38, 32, 30}))
    , m_trend(new Trend)
    , m_problems(new RecordTable(tr("Problems and allergies"),
                                 {tr("Problem or allergy"), tr("State")}, {58, 42}))
    , m_medications(new RecordTable(tr("Medications"), {tr("Medication"), tr("State")}, {50, 50}))
    , m_timeline(new RecordTable(tr("Timeline"), {tr("Date"), tr("Event")}, {31, 69}))
{
    m_tabs->setDocumentMode(true);
    m_tabs->tabBar()->setExpanding(false);
    m_tabs->tabBar()->setDrawBase(false);
    m_tabs->setUsesScrollButtons(true);
    m_tabs->setAccessibleName(tr("Evidence"));
    m_tabs->addTab(m_source, tr("Source"));
    m_tabs->addTab(padded(m_problems), tr("Problems"));
    m_tabs->addTab(padded(m_medications), tr("Medications"));
    m_tabs->addTab(buildLabTab(), tr("Labs"));
    m_tabs->addTab(padded(m_timeline), tr("Timeline"));
    m_tabs->setTabToolTip(static_cast<int>(Tab::Problems), tr("Problems and allergies"));
    m_tabs->setTabToolTip(static_cast<int>(Tab::Timeline), tr("Encounters and documents"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_tabs);

    for (RecordTable* table : {m_problems, m_medications, m_labs, m_timeline}) {
        connect(table, &RecordTable::opened, m_source, &SourceTab::openRow);
        connect(table, &RecordTable::left, this, &EvidencePane::left);
    }
    connect(m_source, &SourceTab::left, this, &EvidencePane::left);
    connect(m_source, &SourceTab::chosen, this, [this] { showTab(Tab::Source); });
    connect(m_labFilter, &QLineEdit::textChanged, this, &EvidencePane::refreshLabs);
    clear();
}

QWidget* EvidencePane::buildLabTab()
{
    m_labFilter->setPlaceholderText(tr("Filter by name"));
    m_labFilter->setAccessibleName(tr("Filter labs by name"));
    auto* tab = new QWidget;
    auto* column = new QVBoxLayout(tab);
    column->setContentsMargins(0, 8, 0, 0);
    column->addWidget(m_labFilter);
    column->addWidget(m_trend);
    column->addWidget(m_labs, 1);
    connect(m_labs->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& now) {
                m_trend->show(m_chart.labs, now.isValid()
                                                ? m_labs->records().at(now.row()).cells.first().rest
                                                : QString());
            });
    return tab;
}

void EvidencePane::showChart(const Chart& chart)
{
    if (chart.patient.id != m_patient)
        clear();
    if (chart.patient.id != m_patient)
        m_source->setPatient(chart.patient.id);
    m_patient = chart.patient.id;
    m_chart = chart;
    refreshLabs();
    m_problems->setRows(problemRows(chart));
    m_medications->setRows(medicationRows(chart));
    m_timeline->setRows(timelineRows(chart));
}

void EvidencePane::clear()
{
    m_patient.clear();
    m_chart = {};
    m_labFilter->clear();
    refreshLabs();
    m_problems->setRows({});
    m_medications->setRows({});
    m_timeline->setRows({});
    m_source->setPatient({});
}

void EvidencePane::refreshLabs()
{
    m_trend->show({}, {}); // a reset model does not say that its current row is gone
    m_labs->setRows(labRows(m_chart, m_labFilter->text().trimmed()));
}

void EvidencePane::setEvidence(const QList<EvidenceItem>& items, const QHash<int, QString>& said)
{
    m_source->setEvidence(items, said);
}

void EvidencePane::open(int number, const QString& sentence)
{
    m_source->open(number, sentence);
}

const SourceView& EvidencePane::source() const
{
    return m_source->source();
}

void EvidencePane::showTab(Tab tab)
{
    m_tabs->setCurrentIndex(static_cast<int>(tab));
}

void EvidencePane::takeFocus()
{
    switch (tab()) {
    case Tab::Source:
        m_source->takeFocus();
        break;
    case Tab::Problems:
        m_problems->setFocus(Qt::ShortcutFocusReason);
        break;
    case Tab::Medications:
        m_medications->setFocus(Qt::ShortcutFocusReason);
        break;
    case Tab::Labs:
        m_labs->setFocus(Qt::ShortcutFocusReason);
        break;
    case Tab::Timeline:
        m_timeline->setFocus(Qt::ShortcutFocusReason);
        break;
    }
}

} // namespace app
