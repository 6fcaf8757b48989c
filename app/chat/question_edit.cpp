// SPDX-License-Identifier: Apache-2.0
#include "app/chat/question_edit.h"

#include <QKeyEvent>
#include <QMimeData>

namespace app {

namespace {
constexpr int kRows = 2;
}

QuestionEdit::QuestionEdit(QWidget* parent)
    : QPlainTextEdit(parent)
{
    setTabChangesFocus(true);
    setAccessibleName(tr("Question"));
    setAccessibleDescription(tr("Control and Return asks; Return begins a new line"));
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

QSize QuestionEdit::sizeHint() const
{
    const int chrome = 2 * static_cast<int>(document()->documentMargin()) + 14;
    return {320, fontMetrics().lineSpacing() * kRows + chrome};
}

QSize QuestionEdit::minimumSizeHint() const
{
    return {80, sizeHint().height()};
}

void QuestionEdit::keyPressEvent(QKeyEvent* event)
{
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && event->modifiers().testFlag(Qt::ControlModifier)) {
        ask();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

void QuestionEdit::insertFromMimeData(const QMimeData* source)
{
    if (source->hasText())
        insertPlainText(source->text());
}

void QuestionEdit::ask()
{
    const QString text = toPlainText().trimmed();
    if (m_busy || text.isEmpty())
        return;
    clear();
    Q_EMIT asked(text);
}

} // namespace app
