// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/source_tab.h"

#include "app/backend.h"
#include "app/evidence/source_view.h"
#include "app/evidence/telling.h"
#include "app/label.h"

#include <QEvent>
#include <QLabel>
#include <QListWidget>
#include <QScrollArea>
#include <QScrollBar>
#include <QShortcut>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace app {

namespace {
constexpr int kHashLetters = 12; // enough to compare by eye; the whole stands in the tool tip
constexpr int kListRows = 4;
constexpr int kSourceLines = 6;                // of the source that are always seen
constexpr int kReadableLines = 2;              // of the evidence in words, likewise
constexpr int kRoomyLines = 24;                // a tab of fewer lines shows less beside the source
constexpr int kRowPadding = 2 * (4 + 1);       // as in the style sheet, for every row
constexpr int kRowSides = 2 * (6 + 1) + 2 * 2; // padding, borders, Qt's own margin
constexpr int kListFrame = 2 * 2;              // the wider border, that of the focus
constexpr int kSmallestRow = 28;
constexpr int kFocusBar = 2; // of the evidence in words, in the style sheet
} // namespace

SourceTab::SourceTab(Backend& backend, QWidget* parent)
    : QWidget(parent)
    , m_backend(backend)
    , m_list(new QListWidget)
    , m_headline(wrappedLabel({}, "question"))
    , m_readable(wrappedLabel({}, "plain"))
    , m_readableBox(new QScrollArea)
    , m_hash(wrappedLabel({}, "small"))
    , m_original(new QToolButton)
    , m_source(new SourceView)
{
    build();
    m_fitting.setSingleShot(true);
    connect(&m_fitting, &QTimer::timeout, this, &SourceTab::fit);
    connect(m_source, &SourceView::left, this, &SourceTab::left);
    for (QWidget* part : {static_cast<QWidget*>(m_list), static_cast<QWidget*>(m_readableBox)}) {
        auto* escape = new QShortcut(Qt::Key_Escape, part);
        escape->setContext(Qt::WidgetShortcut);
        connect(escape, &QShortcut::activated, this, &SourceTab::left);
    }
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) {
        if (row >= 0 && row < m_items.size())
            open(m_items.at(row).number, {});
    });
    connect(m_original, &QToolButton::toggled, this, [this](bool bytes) {
        m_bytes = bytes;
        fetch(m_wish);
    });
    connect(&backend, &Backend::documentOpened, this,
            [this](const QString& patient, const DocumentText& document) {
                if (patient == m_patient)
                    showDocument(document);
            });
    connect(&backend, &Backend::documentReplaced, this,
            [this](const QString& patient, const SourceRef& source) {
                if (patient == m_patient)
                    showReplaced(source);
            });
    connect(&backend, &Backend::originalOpened, this,
            [this](const QString& patient, const OriginalText& original) {
                if (patient == m_patient)
                    showOriginal(original);
            });
    setPatient({});
}

void SourceTab::build()
{
    m_list->setObjectName(QStringLiteral("evidenceRows"));
    m_list->setAccessibleName(tr("Evidence of this answer"));
    m_list->setWordWrap(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideNone);
    m_list->hide();
    m_readable->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_readableBox->setWidget(m_readable);
    m_readableBox->setWidgetResizable(true);
    m_readableBox->setObjectName(QStringLiteral("readable"));
    m_readableBox->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_readableBox->setAccessibleName(tr("Evidence in words"));
    m_original->setText(tr("Original bytes"));
    m_original->setCheckable(true);
    m_original->setAccessibleName(tr("Show the original bytes"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_list);
    column->addWidget(m_headline);
    column->addWidget(m_readableBox);
    column->addWidget(m_source, 1);
    auto* foot = new QHBoxLayout;
    foot->addWidget(m_hash, 1);
    foot->addWidget(m_original, 0, Qt::AlignRight);
    column->addLayout(foot);
}

void SourceTab::setPatient(const QString& patient)
{
    m_patient = patient;
    setEvidence({}, {});
    forget();
}

void SourceTab::forget()
{
    m_wish = {};
    m_source->clearText();
    m_readable->setText({});
    m_hash->setText({});
    m_hash->setToolTip({});
    m_headline->setText(tr("Choose a citation in an answer, or a row in a table: its source is "
                           "shown here, word for word."));
    fit();
}

void SourceTab::setEvidence(const QList<EvidenceItem>& items, const QHash<int, QString>& said)
{
    const auto same = [](const EvidenceItem& a, const EvidenceItem& b) {
        return a.number == b.number && a.text == b.text && a.source == b.source;
    };
    m_said = said;
    if (std::ranges::equal(items, m_items, same))
        return;
    m_items = items;
    if (m_wish.number != 0)
        forget(); // its number now means another piece of evidence
    const QSignalBlocker quiet(m_list);
    m_list->clear();
    for (const EvidenceItem& item : items) {
        auto* row = new QListWidgetItem(tr("%1  %2").arg(item.number).arg(item.label), m_list);
        row->setToolTip(item.text);
        row->setData(Qt::AccessibleTextRole,
                     tr("Evidence %1, %2, %3").arg(item.number).arg(item.label, item.text));
    }
    fit();
}

void SourceTab::open(int number, const QString& sentence)
{
    const auto item = std::ranges::find(m_items, number, &EvidenceItem::number);
    if (item == m_items.end())
        return;
    {
        const QSignalBlocker quiet(m_list);
        m_list->setCurrentRow(static_cast<int>(item - m_items.begin()));
    }
    Q_EMIT chosen();
    fetch({tr("[%1] %2").arg(item->number).arg(item->label), item->passage ? QString() : item->text,
           sentence.isEmpty() ? m_said.value(number) : sentence,
           item->passage ? item->text : QString(), item->source,
           item->passage ? item->documentIndex : -1, item->begin, item->end, item->number});
}

void SourceTab::openRow(const Row& row)
{
    QStringList parts;
    for (const Cell& cell : row.cells)
        parts += cell.spoken();
    Q_EMIT chosen();
    fetch({row.label,
           row.documentIndex >= 0 ? QString() : parts.join(QStringLiteral(" · ")),
           {},
           {},
           row.source,
           row.documentIndex,
           0,
           0,
           0});
    m_source->setFocus();
}

void SourceTab::fetch(const Wish& wish)
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
    m_readableBox->verticalScrollBar()->setValue(0);
    m_hash->setText(tr("%1 %2 · SHA-256 %3… · bytes %4–%5")
                        .arg(wish.source.resourceType, wish.source.resourceId,
                             wish.source.document.left(kHashLetters))
                        .arg(wish.source.begin)
                        .arg(wish.source.end));
    m_hash->setToolTip(wish.source.document);
    m_source->clearText();
    fit();
    if (wish.documentIndex >= 0 && !m_bytes)
        m_backend.openDocument(m_patient, wish.documentIndex, wish.source);
    else
        m_backend.openOriginal(m_patient, wish.source);
}

void SourceTab::showDocument(const DocumentText& document)
{
    // Places shift with every import: only the source tells whether the span is of this text.
    if (document.source != m_wish.source || m_wish.documentIndex < 0 || m_bytes)
        return;
    const QString text = QString::fromUtf8(document.text);
    const TextRange span{positionOfByte(document.text, m_wish.begin),
                         positionOfByte(document.text, m_wish.end)};
    QList<TextRange> words;
    for (const TextRange& word :
         Quote(m_wish.sentence).in(text.mid(span.begin, span.end - span.begin)))
        words += {span.begin + word.begin, span.begin + word.end};
    m_source->showText(text, span, words, SourceView::Letters::Words);
    m_fitting.start(); // its letters are other ones
    announce(m_source, tr("Source: %1").arg(m_source->highlighted()));
}

void SourceTab::showReplaced(const SourceRef& source)
{
    if (source != m_wish.source || m_wish.documentIndex < 0 || m_bytes)
        return;
    Wish wish = m_wish;
    wish.documentIndex = -1;
    wish.readable = tr("This document has been replaced since; the original bytes are shown. %1")
                        .arg(wish.quoted)
                        .trimmed();
    fetch(wish);
}

void SourceTab::showOriginal(const OriginalText& original)
{
    if (original.sha256 != m_wish.source.document || original.begin != m_wish.source.begin ||
        (m_wish.documentIndex >= 0 && !m_bytes))
        return;
    if (m_bytes) {
        m_source->showText(QString::fromUtf8(original.text), {}, {}, SourceView::Letters::Bytes);
        return;
    }
    const JsonOutline outline = outlineOf(original.text);
    const Telling telling = tellingOf(outline, m_wish.source, m_wish.sentence);
    m_source->showText(outline.text, telling.element, telling.words, SourceView::Letters::Bytes);
    m_fitting.start();
    announce(m_source, tr("Source: %1").arg(m_readable->text()));
}

void SourceTab::fitRows(int most)
{
    const int width = m_list->viewport()->width() - kRowSides;
    int height = kSmallestRow;
    for (int row = 0; row < m_list->count(); ++row) {
        const QRect wanted = m_list->fontMetrics().boundingRect(
            QRect(0, 0, width, 1 << 20), Qt::TextWordWrap, m_list->item(row)->text());
        height = qMax(height, wanted.height() + kRowPadding);
    }
    for (int row = 0; row < m_list->count(); ++row) // of one height: whole rows fill the list
        m_list->item(row)->setSizeHint({1, height});
    m_list->setFixedHeight(height * qMin(most, m_list->count()) + kListFrame);
    if (m_list->currentItem() != nullptr)
        m_list->scrollToItem(m_list->currentItem());
}

void SourceTab::fit()
{
    const int line = fontMetrics().lineSpacing();
    const bool tight = height() < kRoomyLines * line;
    const bool opened = !m_wish.source.document.isEmpty();
    const bool listed = opened && m_wish.number != 0;
    // With little room the list says what is shown, and the fingerprint comes with the bytes.
    m_list->setVisible(!m_items.isEmpty() && !(tight && opened && !listed));
    m_headline->setVisible(!(tight && listed));
    m_hash->setVisible(opened && (!tight || m_bytes));
    m_original->setVisible(opened);
    fitRows(tight ? 1 : kListRows);
    m_source->setMinimumHeight(m_source->heightOfLines(kSourceLines));

    const bool readable = !m_readable->text().isEmpty() && !(tight && m_bytes);
    m_readableBox->setVisible(readable);
    if (!readable)
        return;
    const int gap = layout()->spacing();
    int left = height() - layout()->contentsMargins().top() - m_source->minimumHeight() - gap;
    if (m_list->isVisibleTo(this))
        left -= m_list->height() + gap;
    if (m_headline->isVisibleTo(this))
        left -= m_headline->heightForWidth(width()) + gap;
    left -= qMax(m_original->sizeHint().height(),
                 m_hash->isVisibleTo(this)
                     ? m_hash->heightForWidth(width() - m_original->sizeHint().width() - gap)
                     : 0) +
            gap;
    const int inner = m_readable->fontMetrics().lineSpacing();
    const int lines = qMax(kReadableLines, (left - gap) / inner);
    const int wanted = m_readable->heightForWidth(width() - kFocusBar);
    const bool whole = wanted <= lines * inner;
    m_readableBox->setFixedHeight(whole ? wanted : lines * inner);
    m_readableBox->setFocusPolicy(whole ? Qt::NoFocus : Qt::StrongFocus); // scrolled by keyboard
    m_readableBox->verticalScrollBar()->setSingleStep(inner);
}

void SourceTab::takeFocus()
{
    m_source->setFocus(Qt::ShortcutFocusReason);
}

void SourceTab::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_fitting.start();
}

void SourceTab::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        m_fitting.start();
}

} // namespace app
