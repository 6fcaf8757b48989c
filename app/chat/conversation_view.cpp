// SPDX-License-Identifier: Apache-2.0
#include "app/chat/conversation_view.h"

#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"
#include "app/chat/turn_view.h"
#include "app/label.h"

#include <QApplication>
#include <QEvent>
#include <QLabel>
#include <QScrollBar>
#include <QVBoxLayout>

namespace app {

namespace {
constexpr int kColumnLetters = 72; // longer lines are harder to read
constexpr int kSideMargin = 24;
constexpr int kBottomSlack = 24; // pixels above the end that still count as the end
} // namespace

ConversationView::ConversationView(QWidget* parent)
    : QScrollArea(parent)
    , m_column(new QWidget)
    , m_rows(new QVBoxLayout(m_column))
    , m_empty(wrappedLabel({}, "secondary"))
{
    setObjectName(QStringLiteral("conversation"));
    m_column->setObjectName(QStringLiteral("column"));
    setWidgetResizable(true);
    m_column->setSizePolicy(QSizePolicy::Preferred,
                            QSizePolicy::Ignored); // height follows from width
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Conversation"));
    setAccessibleDescription(
        tr("J and K go from sentence to sentence; Space shows a source, Return goes there"));
    m_rows->setSpacing(24);
    m_rows->addWidget(m_empty);
    m_rows->addStretch(1);
    setWidget(m_column);
    connect(verticalScrollBar(), &QScrollBar::rangeChanged, this, [this](int, int maximum) {
        if (m_following)
            verticalScrollBar()->setValue(maximum);
    });
    connect(verticalScrollBar(), &QScrollBar::actionTriggered, this, [this] {
        m_following =
            verticalScrollBar()->sliderPosition() >= verticalScrollBar()->maximum() - kBottomSlack;
    });
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) {
        if (auto* chip = qobject_cast<CitationChip*>(now); chip != nullptr && isAncestorOf(chip)) {
            m_lastChip = chip;
            m_following = false;
            ensureWidgetVisible(chip, 0, 48);
        }
    });
}

void ConversationView::clear(const QString& patientName)
{
    m_patientName = patientName;
    for (TurnView* turn : m_turns) {
        turn->hide();
        turn->deleteLater();
    }
    m_turns.clear();
    m_following = true;
    m_empty->setText(patientName.isEmpty() ? QString()
                                           : tr("Ask about %1 below, or pick a task (F2). "
                                                "Every sentence of an answer leads to its source.")
                                                 .arg(patientName));
    m_empty->show();
}

TurnView* ConversationView::addTurn(const QString& question)
{
    m_empty->hide();
    m_following = true;
    auto* turn = new TurnView(m_patientName, question, m_column);
    connect(turn, &TurnView::peeked, this, [this, turn](int number, const QString& sentence) {
        want(turn, number, sentence, false);
    });
    connect(turn, &TurnView::entered, this, [this, turn](int number, const QString& sentence) {
        want(turn, number, sentence, true);
    });
    m_rows->insertWidget(m_rows->count() - 1, turn);
    m_turns += turn;
    fitColumn();
    return turn;
}

void ConversationView::setTurns(const QList<Turn>& turns)
{
    clear(m_patientName);
    for (const Turn& turn : turns) {
        TurnView* view = addTurn(turn.question);
        if (turn.answer)
            view->setAnswer(*turn.answer);
        else
            view->setFailure(tr("This question has no stored answer: it was interrupted."));
    }
}

TurnView* ConversationView::lastTurn() const
{
    return m_turns.isEmpty() ? nullptr : m_turns.last();
}

void ConversationView::follow()
{
    if (m_following)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

CitationChip* ConversationView::focusedChip() const
{
    return qobject_cast<CitationChip*>(QApplication::focusWidget());
}

void ConversationView::focusNextClaim(int step)
{
    QList<CitationChip*> firsts;
    qsizetype current = -1;
    for (const TurnView* turn : m_turns) {
        for (const ClaimLine* line : turn->lines()) {
            if (line->chips().isEmpty())
                continue;
            if (line->chips().contains(focusedChip()))
                current = firsts.size();
            firsts += line->chips().first();
        }
    }
    if (firsts.isEmpty())
        return;
    const qsizetype next = current < 0
                               ? (step > 0 ? 0 : firsts.size() - 1)
                               : std::clamp<qsizetype>(current + step, 0, firsts.size() - 1);
    firsts.at(next)->setFocus(Qt::ShortcutFocusReason);
}

void ConversationView::focusCitation(int number)
{
    if (m_turns.isEmpty())
        return;
    const QList<CitationChip*> chips = m_turns.last()->chips();
    CitationChip* found = number <= chips.size() ? chips.at(number - 1) : nullptr;
    for (CitationChip* chip : chips) {
        if (chip->number() == number) {
            found = chip;
            break;
        }
    }
    if (found == nullptr)
        return;
    found->setFocus(Qt::ShortcutFocusReason);
    const auto* line = qobject_cast<const ClaimLine*>(found->parentWidget());
    want(m_turns.last(), found->number(), line != nullptr ? line->text() : QString(), false);
}

void ConversationView::focusLastChip()
{
    if (m_lastChip != nullptr)
        m_lastChip->setFocus(Qt::OtherFocusReason);
    else
        setFocus(Qt::OtherFocusReason);
}

void ConversationView::want(const TurnView* turn, int number, const QString& sentence, bool enter)
{
    if (number > 0)
        Q_EMIT evidenceWanted(*turn, number, sentence, enter);
}

void ConversationView::fitColumn()
{
    const int wanted = fontMetrics().averageCharWidth() * kColumnLetters;
    const int side = qMax(12, qMin(kSideMargin, viewport()->width() / 24));
    const int spare = qMax(0, viewport()->width() - 2 * side - wanted);
    m_rows->setContentsMargins(side + spare / 2, 16, side + spare - spare / 2, 24);
}

void ConversationView::resizeEvent(QResizeEvent* event)
{
    QScrollArea::resizeEvent(event);
    fitColumn();
}

void ConversationView::changeEvent(QEvent* event)
{
    QScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        fitColumn();
}

} // namespace app
