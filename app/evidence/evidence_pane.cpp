// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/evidence_pane.h"

#include "app/backend.h"
#include "app/evidence/chart_rows.h"
#include "app/evidence/json_outline.h"
#include "app/evidence/source_view.h"
#include "app/evidence/trend.h"
#include "app/format.h"
#include "app/label.h"

#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QShortcut>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace app {

namespace {
constexpr int kHashLetters = 12; // enough to compare by eye; the whole stands in the tool tip
constexpr int kListRows = 4;

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
    , m_backend(backend)
    , m_tabs(new QTabWidget)
    , m_list(new QListWidget)
    , m_headline(wrappedLabel({}, "question"))
    , m_readable(wrappedLabel({}, "plain"))
    , m_hash(wrappedLabel({}, "small"))
    , m_original(new QToolButton)
    , m_source(new SourceView)
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
    m_tabs->addTab(buildSourceTab(), tr("Source"));
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
        connect(table, &RecordTable::opened, this, &EvidencePane::openRow);
        connect(table, &RecordTable::left, this, &EvidencePane::left);
    }
    connect(m_source, &SourceView::left, this, &EvidencePane::left);
    auto* escape = new QShortcut(Qt::Key_Escape, m_list);
    escape->setContext(Qt::WidgetShortcut);
    connect(escape, &QShortcut::activated, this, &EvidencePane::left);
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) {
        if (row >= 0 && row < m_items.size())
            open(m_items.at(row).number);
    });
    connect(m_original, &QToolButton::toggled, this, [this](bool bytes) {
        m_bytes = bytes;
        fetch(m_wish);
    });
    connect(m_labFilter, &QLineEdit::textChanged, this, &EvidencePane::refreshLabs);
    connect(&backend, &Backend::documentOpened, this,
            [this](const QString& patient, const DocumentText& document) {
                if (patient == m_patient)
                    showDocument(document);
            });
    connect(&backend, &Backend::originalOpened, this,
            [this](const QString& patient, const OriginalText& original) {
                if (patient == m_patient)
                    showOriginal(original);
            });
    clear();
}

QWidget* EvidencePane::buildSourceTab()
{
    m_list->setAccessibleName(tr("Evidence of this answer"));
    m_list->setWordWrap(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideNone);
    m_list->setUniformItemSizes(false);
    m_list->hide();
    m_original->setText(tr("Original bytes"));
    m_original->setCheckable(true);
    m_original->setAccessibleName(tr("Show the original bytes"));
    auto* tab = new QWidget;
    auto* column = new QVBoxLayout(tab);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_list, 1);
    column->addWidget(m_headline);
    column->addWidget(m_readable);
    column->addWidget(m_source, 3);
    auto* foot = new QHBoxLayout;
    foot->addWidget(m_hash, 1);
    foot->addWidget(m_original);
    column->addLayout(foot);
    return tab;
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
    m_wish = {};
    m_labFilter->clear();
    refreshLabs();
    m_problems->setRows({});
    m_medications->setRows({});
    m_timeline->setRows({});
    setEvidence({});
    forgetSource();
}

void EvidencePane::forgetSource()
{
    m_wish = {};
    m_source->clearText();
    m_readable->setText({});
    m_readable->hide();
    m_hash->setText({});
    m_original->setVisible(false);
    m_headline->setText(tr("Choose a citation in an answer, or a row in a table: its source is "
                           "shown here, word for word."));
}

void EvidencePane::refreshLabs()
{
    m_trend->show({}, {}); // a reset model does not say that its current row is gone
    m_labs->setRows(labRows(m_chart, m_labFilter->text().trimmed()));
}

void EvidencePane::setEvidence(const QList<EvidenceItem>& items)
{
    const auto same = [](const EvidenceItem& a, const EvidenceItem& b) {
        return a.number == b.number && a.text == b.text && a.source == b.source;
    };
    if (std::ranges::equal(items, m_items, same))
        return;
    m_items = items;
    if (m_wish.number != 0)
        forgetSource(); // its number now means another piece of evidence
    const QSignalBlocker quiet(m_list);
    m_list->clear();
    for (const EvidenceItem& item : items) {
        auto* row = new QListWidgetItem(tr("%1  %2").arg(item.number).arg(item.label), m_list);
        row->setToolTip(item.text);
        row->setData(Qt::AccessibleTextRole,
                     tr("Evidence %1, %2, %3").arg(item.number).arg(item.label, item.text));
    }
    m_list->setVisible(!items.isEmpty());
    const int row = qMax(28, fontMetrics().height() + 12);
    m_list->setMaximumHeight(row * static_cast<int>(qMin<qsizetype>(kListRows, items.size())) + 4);
}

void EvidencePane::open(int number)
{
    for (qsizetype i = 0; i < m_items.size(); ++i) {
        const EvidenceItem& item = m_items.at(i);
        if (item.number != number)
            continue;
        {
            const QSignalBlocker quiet(m_list);
            m_list->setCurrentRow(static_cast<int>(i));
        }
        showTab(Tab::Source);
        Wish wish{tr("[%1] %2").arg(item.number).arg(item.label),
                  item.passage ? QString() : item.text,
                  item.source,
                  item.passage ? item.documentIndex : -1,
                  item.begin,
                  item.end,
                  item.number};
        fetch(wish);
        return;
    }
}

void EvidencePane::openRow(const Row& row)
{
    QStringList parts;
    for (const Cell& cell : row.cells)
        parts += cell.spoken();
    showTab(Tab::Source);
    fetch({row.label, row.documentIndex >= 0 ? QString() : parts.join(QStringLiteral(" · ")),
           row.source, row.documentIndex, 0, 0, 0});
    m_source->setFocus();
}

void EvidencePane::fetch(const Wish& wish)
{
    const bool same = m_wish.source == wish.source && m_wish.documentIndex == wish.documentIndex;
    m_wish = wish;
    if (!same && m_original->isChecked()) {
        const QSignalBlocker quiet(m_original);
        m_original->setChecked(false);
        m_bytes = false;
    }
    m_headline->setText(wish.headline);
    m_readable->setText(wish.readable);
    m_readable->setVisible(!wish.readable.isEmpty());
    m_original->setVisible(true);
    m_hash->setText(tr("%1 %2 · SHA-256 %3… · bytes %4–%5")
                        .arg(wish.source.resourceType, wish.source.resourceId,
                             wish.source.document.left(kHashLetters))
                        .arg(wish.source.begin)
                        .arg(wish.source.end));
    m_hash->setToolTip(wish.source.document);
    m_source->clearText();
    if (wish.documentIndex >= 0 && !m_bytes)
        m_backend.openDocument(m_patient, wish.documentIndex);
    else
        m_backend.openOriginal(m_patient, wish.source);
}

void EvidencePane::showDocument(const DocumentText& document)
{
    if (document.index != m_wish.documentIndex || m_bytes)
        return;
    m_source->showText(QString::fromUtf8(document.text),
                       positionOfByte(document.text, m_wish.begin),
                       positionOfByte(document.text, m_wish.end), SourceView::Letters::Words);
    announce(m_source, tr("Source: %1").arg(m_source->highlighted()));
}

void EvidencePane::showOriginal(const OriginalText& original)
{
    if (original.sha256 != m_wish.source.document || original.begin != m_wish.source.begin ||
        (m_wish.documentIndex >= 0 && !m_bytes))
        return;
    if (m_bytes) {
        m_source->showText(QString::fromUtf8(original.text), 0, 0, SourceView::Letters::Bytes);
        return;
    }
    const JsonOutline outline = outlineOf(original.text);
    const JsonOutline::Span* span = nullptr;
    QStringList wanted = tellingPaths(m_wish.source.resourceType);
    if (!m_wish.source.path.isEmpty())
        wanted.prepend(m_wish.source.path);
    for (const QString& path : std::as_const(wanted)) {
        span = outline.find(path);
        if (span != nullptr)
            break;
    }
    m_source->showText(outline.text, span != nullptr ? span->begin : 0,
                       span != nullptr ? span->end : 0, SourceView::Letters::Bytes);
    announce(m_source, tr("Source: %1").arg(m_readable->text()));
}

void EvidencePane::showTab(Tab tab)
{
    m_tabs->setCurrentIndex(static_cast<int>(tab));
}

void EvidencePane::takeFocus()
{
    switch (tab()) {
    case Tab::Source:
        m_source->setFocus(Qt::ShortcutFocusReason);
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
