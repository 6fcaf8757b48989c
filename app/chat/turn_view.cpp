// SPDX-License-Identifier: Apache-2.0
#include "app/chat/turn_view.h"

#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"
#include "app/format.h"
#include "app/label.h"

#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace app {

namespace {
qsizetype countOf(const QList<Claim>& claims, Verdict verdict)
{
    return std::ranges::count(claims, verdict, &Claim::verdict);
}

/// A line beside the sentences, its text in line with theirs.
QLabel* note(const QString& text, const char* role)
{
    QLabel* label = wrappedLabel(text, role);
    label->setContentsMargins(4, 0, 4, 0);
    return label;
}

void empty(QLayout* layout)
{
    while (QLayoutItem* item = layout->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        if (QLayout* inner = item->layout())
            empty(inner);
        delete item;
    }
}

/// Only what was really searched for is "not in the record".
QString abstentionTitle(const QString& code)
{
    return code == QStringLiteral("not_recorded") ? TurnView::tr("Not in the record")
                                                  : TurnView::tr("No answer");
}

/// For turns that were stored without the service's own words.
QString abstentionSentence(const QString& code)
{
    if (code == QStringLiteral("out_of_scope"))
        return TurnView::tr(
            "This asks for more than the record can tell. Cloister answers from the record only.");
    if (code == QStringLiteral("only_unreadable"))
        return TurnView::tr("Only documents that cannot be read might hold this. Open the scans in "
                            "their own system.");
    return TurnView::tr("Nothing about this was found in what was searched. That is not proof that "
                        "it never happened.");
}

QString stateSentence(const QString& state)
{
    if (state == QStringLiteral("cancelled"))
        return TurnView::tr("Stopped by you. What was written until then is kept.");
    if (state == QStringLiteral("failed"))
        return TurnView::tr("The model stopped early. What was written until then is kept.");
    if (state == QStringLiteral("interrupted"))
        return TurnView::tr("Interrupted before the answer was complete.");
    return {};
}
} // namespace

TurnView::TurnView(const QString& patientName, const QString& question, QWidget* parent)
    : QFrame(parent)
    , m_patientName(patientName)
    , m_question(question)
    , m_mark(plainLabel({}, "draft"))
    , m_phase(note({}, "small"))
    , m_body(new QVBoxLayout)
    , m_foot(new QVBoxLayout)
{
    setObjectName(QStringLiteral("turn"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);

    auto* asked = new QFrame;
    asked->setObjectName(QStringLiteral("asked"));
    auto* askedColumn = new QVBoxLayout(asked);
    askedColumn->setContentsMargins(12, 8, 12, 8);
    auto* text = wrappedLabel(question, "question");
    text->setAccessibleName(tr("You asked: %1").arg(question));
    askedColumn->addWidget(text);
    column->addWidget(asked);

    column->addWidget(m_mark);
    m_body->setContentsMargins(0, 0, 0, 0);
    m_body->setSpacing(4);
    column->addLayout(m_body);
    column->addWidget(m_phase);
    m_foot->setSpacing(4);
    column->addLayout(m_foot);
    m_mark->setContentsMargins(4, 0, 4, 0);
    m_mark->hide();
    m_phase->setText(tr("Sent. Waiting for the service …"));
}

void TurnView::setProgress(const Progress& progress)
{
    const QLocale locale;
    if (progress.phase == QStringLiteral("queued"))
        m_phase->setText(progress.done > 0
                             ? tr("Queued: %1 questions before this one.").arg(progress.done)
                             : tr("Queued."));
    else if (progress.phase == QStringLiteral("reading"))
        m_phase->setText(progress.total > 0 ? tr("Reading the evidence: %1 of %2 tokens.")
                                                  .arg(locale.toString(progress.done),
                                                       locale.toString(progress.total))
                                            : tr("Reading the evidence …"));
    else
        m_phase->setText(tr("Writing … Esc stops."));
}

void TurnView::setEvidence(const QList<EvidenceItem>& items, const Coverage& coverage)
{
    m_evidence = items;
    m_phase->setText(tr("%1 pieces of evidence found. %2").arg(items.size()).arg(coverage.line));
}

void TurnView::addToken(const QString& text)
{
    m_provisionalText += text;
    if (m_provisional == nullptr) {
        m_provisional = new ClaimLine({}, ClaimLine::Look::Provisional, this);
        m_body->addWidget(m_provisional);
        m_mark->setText(tr("AI draft, being written: not checked yet"));
        m_mark->show();
    }
    m_provisional->setVisible(!m_provisionalText.trimmed().isEmpty());
    m_provisional->setText(withoutMarks(m_provisionalText.simplified()));
}

void TurnView::addClaim(const Claim& claim)
{
    m_claims += claim;
    // The checked sentence leaves the provisional text, which goes on behind it.
    const qsizetype at = m_provisionalText.indexOf(claim.sentence);
    m_provisionalText = at < 0 ? QString() : m_provisionalText.mid(at + claim.sentence.size());
    if (m_provisional != nullptr) {
        m_body->removeWidget(m_provisional);
        m_provisional->deleteLater();
        m_provisional = nullptr;
    }
    addLine(m_body, claim, claim.verdict == Verdict::NotSupported);
    if (!m_provisionalText.trimmed().isEmpty())
        addToken({});
}

ClaimLine* TurnView::addLine(QVBoxLayout* column, const Claim& claim, bool struck)
{
    auto* line =
        new ClaimLine(claim, struck ? ClaimLine::Look::Struck : ClaimLine::Look::Plain, this);
    connect(line, &ClaimLine::peeked, this,
            [this, line](int number) { Q_EMIT peeked(number, line->text()); });
    connect(line, &ClaimLine::entered, this,
            [this, line](int number) { Q_EMIT entered(number, line->text()); });
    column->addWidget(line);
    if (claim.verdict == Verdict::Partly || claim.verdict == Verdict::NotSupported) {
        for (const QString& reason : claim.reasons)
            column->addWidget(note(tr("%1 %2").arg(shapeOf(claim.verdict)).arg(reason), "small"));
    } else if (!claim.corrected.isEmpty()) {
        QStringList written;
        for (const int number : claim.corrected)
            written += QStringLiteral("[%1]").arg(number);
        column->addWidget(note(tr("Evidence corrected by the program; the draft named %1.")
                                   .arg(written.join(QString())),
                               "small"));
    } else if (claim.attached) {
        column->addWidget(
            note(tr("Evidence found by the program; the draft named none."), "small"));
    }
    return line;
}

void TurnView::clearBody()
{
    empty(m_body);
    empty(m_foot);
    m_provisional = nullptr;
    m_provisionalText.clear();
}

void TurnView::addBlock(const QString& name, const QString& word, const Claim& content)
{
    auto* block = new QFrame(this);
    block->setObjectName(name);
    auto* column = new QVBoxLayout(block);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(2);
    column->addWidget(plainLabel(word, "word"));
    addLine(column, content, false);
    block->setAccessibleName(word);
    m_body->addWidget(block);
}

void TurnView::addFold(const QList<Claim>& claims)
{
    auto* toggle = new QToolButton(this);
    toggle->setCheckable(true);
    toggle->setText(tr("○ Not shown as fact (%1)").arg(claims.size()));
    toggle->setAccessibleName(
        tr("%1 sentences that the record does not support").arg(claims.size()));
    auto* fold = new QFrame(this);
    auto* column = new QVBoxLayout(fold);
    column->setContentsMargins(12, 0, 0, 0);
    column->setSpacing(2);
    for (const Claim& claim : claims)
        addLine(column, claim, true);
    fold->hide();
    connect(toggle, &QToolButton::toggled, fold, &QWidget::setVisible);
    m_body->addWidget(toggle, 0, Qt::AlignLeft);
    m_body->addWidget(fold);
}

void TurnView::setAnswer(const Answer& answer)
{
    clearBody();
    m_finished = true;
    m_claims = answer.claims;
    if (!answer.evidence.isEmpty())
        m_evidence = answer.evidence;
    m_phase->hide();
    m_mark->show();
    restyle(m_mark, "role", answer.draft ? QStringLiteral("draft") : QStringLiteral("computed"));
    m_mark->setText(answer.draft ? tr("AI draft – not part of the record until signed")
                                 : tr("∑ Answered from the record's data, without a model"));

    if (!answer.abstention.isEmpty() || answer.kind == QStringLiteral("abstention"))
        addBlock(QStringLiteral("abstention"), abstentionTitle(answer.abstention),
                 {.sentence = answer.claims.isEmpty() && !answer.text.isEmpty()
                                  ? answer.text
                                  : abstentionSentence(answer.abstention)});
    QList<Claim> unsupported;
    for (const Claim& claim : answer.claims) {
        if (claim.verdict == Verdict::NotSupported)
            unsupported += claim;
        else
            addLine(m_body, claim, false);
    }
    if (answer.kind == QStringLiteral("model") && !unsupported.isEmpty() &&
        unsupported.size() == answer.claims.size())
        m_body->addWidget(
            note(tr("No sentence of this draft is supported by the record."), "secondary"));
    if (answer.claims.isEmpty() && answer.kind != QStringLiteral("abstention") &&
        !answer.text.isEmpty())
        addLine(m_body, {.sentence = answer.text}, false);
    for (const Conflict& conflict : answer.conflicts)
        addBlock(
            QStringLiteral("conflict"), tr("⚠ Sources disagree"),
            {.sentence = conflict.sentence, .verdict = Verdict::NoClaim, .cited = conflict.cited});
    if (!unsupported.isEmpty())
        addFold(unsupported);
    addFoot(answer);
}

void TurnView::addFoot(const Answer& answer)
{
    if (const QString sentence = stateSentence(answer.state); !sentence.isEmpty())
        m_foot->addWidget(note(sentence, "error"));
    QStringList parts;
    for (const Verdict verdict :
         {Verdict::Supported, Verdict::Computed, Verdict::Partly, Verdict::NotSupported}) {
        if (const qsizetype count = countOf(m_claims, verdict); count > 0)
            parts +=
                QStringLiteral("%1 %2 %3").arg(shapeOf(verdict)).arg(count).arg(wordOf(verdict));
    }
    if (!parts.isEmpty())
        m_foot->addWidget(note(parts.join(QStringLiteral("   ")), "secondary"));
    if (!answer.coverage.line.isEmpty())
        m_foot->addWidget(note(answer.coverage.line, "small"));
    if (answer.generatedTokens > 0)
        m_foot->addWidget(
            note(tr("%1: %2 s to the first word, %3 tokens read, %4 written")
                     .arg(answer.modelName, QLocale().toString(answer.secondsToFirstToken, 'f', 1))
                     .arg(answer.promptTokens)
                     .arg(answer.generatedTokens),
                 "small"));
    if (answer.claims.isEmpty())
        return;
    auto* copy = new QToolButton(this);
    copy->setText(tr("Copy with references"));
    copy->setAccessibleName(copy->text());
    connect(copy, &QToolButton::clicked, this,
            [this] { QApplication::clipboard()->setText(textWithReferences()); });
    m_foot->addWidget(copy, 0, Qt::AlignLeft);
}

void TurnView::setFailure(const QString& sentence)
{
    m_finished = true;
    m_phase->hide();
    m_foot->addWidget(note(sentence, "error"));
}

QHash<int, QString> TurnView::said() const
{
    QHash<int, QString> sentences;
    for (const Claim& claim : m_claims) {
        if (claim.verdict == Verdict::NotSupported)
            continue; // nothing in the source supports it
        for (const int number : withoutRepeats(claim.cited))
            sentences[number] += withoutMarks(claim.sentence) + QLatin1Char('\n');
    }
    return sentences;
}

QList<ClaimLine*> TurnView::lines() const
{
    QList<ClaimLine*> found;
    for (ClaimLine* line : findChildren<ClaimLine*>()) {
        if (line->isVisibleTo(this))
            found += line;
    }
    return found;
}

QList<CitationChip*> TurnView::chips() const
{
    QList<CitationChip*> found;
    for (const ClaimLine* line : lines())
        found += line->chips();
    return found;
}

QString TurnView::textWithReferences() const
{
    QString text = tr("%1\nQuestion: %2\n").arg(m_patientName, m_question);
    QList<int> used;
    for (const Claim& claim : m_claims) {
        if (claim.verdict == Verdict::NotSupported)
            continue;
        QStringList marks;
        for (const int number : withoutRepeats(claim.cited)) {
            marks += QStringLiteral("[%1]").arg(number);
            if (!used.contains(number))
                used += number;
        }
        text +=
            QStringLiteral("%1 %2 (%3)\n")
                .arg(withoutMarks(claim.sentence), marks.join(QString()), wordOf(claim.verdict));
    }
    std::ranges::sort(used);
    for (const EvidenceItem& item : m_evidence) {
        if (used.contains(item.number))
            text += QStringLiteral("[%1] %2: %3\n").arg(item.number).arg(item.label, item.text);
    }
    return text + tr("AI-assisted answer by Cloister; check before use.\n");
}

QString TurnView::spokenSummary() const
{
    const auto unsupported = countOf(m_claims, Verdict::NotSupported);
    return tr("Answer finished, %1 sentences, %2 not supported.")
        .arg(m_claims.size())
        .arg(unsupported);
}

} // namespace app
