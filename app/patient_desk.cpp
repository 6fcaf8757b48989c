// SPDX-License-Identifier: Apache-2.0
#include "app/patient_desk.h"

#include "app/backend.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/format.h"
#include "app/frame/side_pane.h"
#include "app/label.h"

#include <QApplication>
#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

namespace app {

namespace {
constexpr int kLettersForThreePanes = 140; // below, the tasks hide until F2 shows them in place of
                                           // the evidence
enum Pane { Side, Centre, Evidence };
} // namespace

PatientDesk::PatientDesk(Backend& backend, QWidget* parent)
    : QWidget(parent)
    , m_backend(backend)
    , m_panes(new QSplitter)
    , m_side(new SidePane)
    , m_view(new ConversationView)
    , m_evidence(new EvidencePane(backend))
    , m_edit(new QuestionEdit)
    , m_send(new QPushButton(tr("Ask")))
    , m_stop(new QPushButton(tr("Stop")))
    , m_tasks(new QToolButton)
    , m_status(wrappedLabel({}, "small"))
{
    setObjectName(QStringLiteral("page"));
    setAttribute(Qt::WA_StyledBackground);
    m_panes->addWidget(m_side);
    m_panes->addWidget(buildCentre());
    m_panes->addWidget(m_evidence);
    m_panes->setChildrenCollapsible(false);
    m_panes->setHandleWidth(12);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 8, 16, 8);
    column->addWidget(m_panes);

    connect(m_side, &SidePane::taskChosen, this, &PatientDesk::useTask);
    connect(m_side, &SidePane::newConversationWanted, this, &PatientDesk::newConversation);
    connect(m_edit, &QuestionEdit::asked, this, &PatientDesk::ask);
    connect(m_send, &QPushButton::clicked, m_edit, &QuestionEdit::ask);
    connect(m_stop, &QPushButton::clicked, this, &PatientDesk::stop);
    connect(m_view, &ConversationView::evidenceWanted, this,
            [this](const TurnView& turn, int number, const QString& sentence, bool enter) {
                m_evidence->setEvidence(turn.evidence(), turn.said());
                uncoverEvidence();
                m_evidence->open(number, sentence);
                if (enter)
                    m_evidence->takeFocus();
            });
    connect(m_evidence, &EvidencePane::left, m_view, &ConversationView::focusLastChip);
    connectQuestion();
    connectHistory();
    setBusy(false);
}

QWidget* PatientDesk::buildCentre()
{
    m_send->setProperty("role", QStringLiteral("primary"));
    m_send->setAccessibleName(tr("Ask the question"));
    m_stop->setAccessibleName(tr("Stop the answer"));
    auto* buttons = new QVBoxLayout;
    buttons->addWidget(m_send);
    buttons->addWidget(m_stop);
    buttons->addStretch(1);
    auto* entry = new QHBoxLayout;
    entry->setSpacing(8);
    entry->addWidget(m_edit, 1);
    entry->addLayout(buttons);
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(m_view, 1);
    column->addLayout(entry);
    m_tasks->setText(tr("F2 Tasks"));
    m_tasks->setAccessibleName(tr("Show tasks and conversations"));
    m_tasks->setCheckable(true);
    connect(m_tasks, &QToolButton::toggled, this, [this](bool wanted) {
        if (wanted)
            showPane(Side);
        else
            uncoverEvidence();
    });
    m_status->setText(tr("Ctrl+Return asks · F1 all keys · answers are drafts"));
    auto* foot = new QHBoxLayout;
    foot->setSpacing(8);
    foot->addWidget(m_tasks);
    foot->addWidget(m_status, 1);
    column->addLayout(foot);
    return centre;
}

void PatientDesk::connectQuestion()
{
    const auto mine = [this](quint64 number) {
        return number == m_ask && m_ask != 0 && m_view->lastTurn() != nullptr;
    };
    connect(&m_backend, &Backend::accepted, this,
            [this, mine](quint64 number, const Accepted& turn) {
                if (!mine(number))
                    return;
                m_unsaved.clear();
                m_conversation = turn.conversation;
                if (turn.place > 0)
                    m_view->lastTurn()->setProgress({QStringLiteral("queued"), turn.place, 0});
            });
    connect(
        &m_backend, &Backend::evidenceFound, this,
        [this, mine](quint64 number, const QList<EvidenceItem>& items, const Coverage& coverage) {
            if (!mine(number))
                return;
            m_view->lastTurn()->setEvidence(items, coverage);
            m_evidence->setEvidence(items);
        });
    connect(&m_backend, &Backend::progressed, this,
            [this, mine](quint64 number, const Progress& progress) {
                if (mine(number))
                    m_view->lastTurn()->setProgress(progress);
            });
    connect(&m_backend, &Backend::tokenCame, this,
            [this, mine](quint64 number, const QString& text) {
                if (!mine(number))
                    return;
                m_view->lastTurn()->addToken(text);
                m_view->follow();
            });
    connect(&m_backend, &Backend::claimChecked, this,
            [this, mine](quint64 number, const Claim& claim) {
                if (mine(number))
                    m_view->lastTurn()->addClaim(claim);
            });
    connect(&m_backend, &Backend::answered, this,
            [this, mine](quint64 number, const Answer& answer) {
                if (!mine(number))
                    return;
                m_view->lastTurn()->setAnswer(answer);
                m_evidence->setEvidence(m_view->lastTurn()->evidence(), m_view->lastTurn()->said());
                announce(m_view, m_view->lastTurn()->spokenSummary());
                finish();
            });
    connect(&m_backend, &Backend::questionFailed, this,
            [this, mine](quint64 number, const Failure& failure) {
                if (!mine(number))
                    return;
                // Of a question this code says that the session's last one has not ended.
                const bool running = failure.code == QStringLiteral("conflict");
                breakOff(running ? Failure{.code = QStringLiteral("still_running")} : failure);
            });
}

void PatientDesk::connectHistory()
{
    connect(&m_backend, &Backend::conversationsListed, this,
            [this](const QString& patient, const QList<ConversationSummary>& conversations) {
                if (patient == m_patient)
                    m_side->setConversations(conversations, m_conversation);
            });
    connect(m_side, &SidePane::conversationChosen, this, [this](const QString& conversation) {
        if (conversation == m_conversation)
            return;
        stop();
        m_backend.openConversation(conversation);
    });
    connect(&m_backend, &Backend::conversationOpened, this,
            [this](const Conversation& conversation) {
                if (conversation.summary.patient != m_patient || busy())
                    return;
                m_conversation = conversation.summary.id;
                m_view->setTurns(conversation.turns);
                if (const TurnView* last = m_view->lastTurn(); last != nullptr)
                    m_evidence->setEvidence(last->evidence(), last->said());
                else
                    m_evidence->setEvidence({});
            });
}

void PatientDesk::begin(const Chart& chart, const QString& conversation)
{
    m_patient = chart.patient.id;
    m_patientName = chart.patient.name;
    m_conversation = conversation;
    m_view->clear(m_patientName);
    m_evidence->showChart(chart);
    m_edit->setPlaceholderText(tr("Ask about %1").arg(m_patientName));
    m_backend.listConversations(m_patient);
    if (!conversation.isEmpty())
        m_backend.openConversation(conversation);
    m_edit->setFocus();
}

void PatientDesk::clear()
{
    m_ask = 0; // whatever still comes of a running answer is dropped
    m_unsaved.clear();
    setBusy(false);
    m_patient.clear();
    m_patientName.clear();
    m_conversation.clear();
    m_view->clear({});
    m_evidence->clear();
    m_side->clear();
    m_edit->clear();
    m_edit->setPlaceholderText({});
}

QString PatientDesk::draft() const
{
    return m_edit->toPlainText().trimmed();
}

void PatientDesk::setDraft(const QString& text)
{
    m_edit->setPlainText(text);
    m_edit->moveCursor(QTextCursor::End);
}

void PatientDesk::ask(const QString& question)
{
    if (m_patient.isEmpty())
        return;
    m_view->addTurn(question);
    setBusy(true);
    m_unsaved = question;
    m_ask = m_backend.ask(m_patient, m_conversation, question);
    announce(m_view, tr("Answer started."));
}

void PatientDesk::stop()
{
    if (!busy())
        return;
    m_backend.stop();
    breakOff({.code = QStringLiteral("cancelled")});
}

void PatientDesk::breakOff(const Failure& failure)
{
    if (!busy())
        return;
    const bool stopped = failure.code == QStringLiteral("cancelled");
    const bool unsaved = !m_unsaved.isEmpty();
    QString sentence = sentenceFor(failure);
    if (stopped)
        sentence = unsaved ? tr("Stopped before the service had accepted the question.")
                           : tr("Stopped. What was written until then is kept in the "
                                "conversation.");
    if (unsaved)
        sentence = tr("%1 Your question is back in the input.").arg(sentence);
    takeBack();
    m_view->lastTurn()->setFailure(sentence);
    announce(m_view, stopped && !unsaved ? tr("Answer stopped.") : sentence);
    finish();
}

void PatientDesk::takeBack()
{
    if (m_unsaved.isEmpty())
        return;
    const QString typed = draft();
    setDraft(typed.isEmpty() ? m_unsaved : m_unsaved + QLatin1Char('\n') + typed);
    m_unsaved.clear();
}

void PatientDesk::finish()
{
    m_ask = 0;
    m_unsaved.clear();
    setBusy(false);
    m_view->follow();
    if (!m_patient.isEmpty())
        m_backend.listConversations(m_patient);
}

void PatientDesk::setBusy(bool busy)
{
    m_edit->setBusy(busy);
    m_send->setEnabled(!busy);
    m_stop->setEnabled(busy);
}

void PatientDesk::useTask(const Task& task)
{
    if (m_patient.isEmpty())
        return;
    uncoverEvidence();
    m_edit->setFocus();
    if (!task.needsWord() && !busy()) {
        ask(task.question); // what is being typed stays
        return;
    }
    // Behind what is being typed; the gap is selected: the next key replaces it.
    const QString typed = draft();
    setDraft(typed.isEmpty() ? task.question : typed + QLatin1Char('\n') + task.question);
    const auto at = m_edit->toPlainText().lastIndexOf(QChar(0x2026));
    if (!task.needsWord() || at < 0)
        return;
    QTextCursor gap = m_edit->textCursor();
    gap.setPosition(static_cast<int>(at));
    gap.setPosition(static_cast<int>(at) + 1, QTextCursor::KeepAnchor);
    m_edit->setTextCursor(gap);
}

void PatientDesk::newConversation()
{
    stop();
    m_conversation.clear();
    m_view->clear(m_patientName);
    m_evidence->setEvidence({});
    m_edit->setFocus();
}

void PatientDesk::showPane(int pane)
{
    m_sideWanted = pane == Side; // with little room it goes away again when the keyboard leaves it
    fitPanes();
    if (pane == Side)
        m_side->takeFocus();
    else if (pane == Centre)
        m_edit->setFocus(Qt::ShortcutFocusReason);
    else
        m_evidence->takeFocus();
}

void PatientDesk::nextPane()
{
    const QWidget* focus = QApplication::focusWidget();
    if (focus != nullptr && m_evidence->isAncestorOf(focus))
        showPane(m_side->isVisible() ? Side : Centre);
    else if (focus != nullptr && m_side->isAncestorOf(focus))
        showPane(Centre);
    else
        showPane(Evidence);
}

void PatientDesk::uncoverEvidence()
{
    m_sideWanted = false;
    fitPanes();
}

void PatientDesk::fitPanes()
{
    const int letters = width() / qMax(1, fontMetrics().averageCharWidth());
    const bool three = letters >= kLettersForThreePanes;
    m_side->setVisible(three || m_sideWanted);
    m_evidence->setVisible(three || !m_sideWanted);
    const QSignalBlocker quiet(m_tasks);
    m_tasks->setVisible(!three);
    m_tasks->setChecked(m_sideWanted);
    const auto fit = std::pair(letters, m_side->isVisibleTo(this));
    if (fit == m_fittedFor)
        return; // the reader may have moved the borders since
    m_fittedFor = fit;
    const int all = m_panes->width();
    const int side = three ? all * 17 / 100 : m_sideWanted ? all * 40 / 100 : 0;
    const int evidence = three ? all * 36 / 100 : m_sideWanted ? 0 : all * 46 / 100;
    m_panes->setSizes({side, all - side - evidence, evidence});
}

void PatientDesk::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    fitPanes();
}

void PatientDesk::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        fitPanes();
}

} // namespace app
