// SPDX-License-Identifier: Apache-2.0
#include "app/chat/citation_chip.h"

#include "app/format.h"

#include <QKeyEvent>

namespace app {

CitationChip::CitationChip(int number, Verdict verdict, const QString& sentence, QWidget* parent)
    : QToolButton(parent)
    , m_number(number)
{
    setProperty("verdict", wireNameOf(verdict));
    if (verdict == Verdict::NoClaim)
        setText(QString::number(number));
    else
        setText(number > 0 ? QStringLiteral("%1 %2").arg(number).arg(shapeOf(verdict))
                           : tr("none %1").arg(shapeOf(verdict)));
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(number > 0 ? tr("Evidence %1, %2").arg(number).arg(wordOf(verdict))
                                 : tr("No evidence, %1").arg(wordOf(verdict)));
    setAccessibleDescription(sentence);
    setToolTip(number > 0 ? tr("Evidence %1: %2").arg(number).arg(wordOf(verdict))
                          : wordOf(verdict));
    connect(this, &QToolButton::clicked, this, [this] { Q_EMIT peeked(m_number); });
}

void CitationChip::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        Q_EMIT entered(m_number);
        return;
    }
    QToolButton::keyPressEvent(event);
}

void CitationChip::focusInEvent(QFocusEvent* event)
{
    QToolButton::focusInEvent(event);
    Q_EMIT focusChanged(true);
}

void CitationChip::focusOutEvent(QFocusEvent* event)
{
    QToolButton::focusOutEvent(event);
    Q_EMIT focusChanged(false);
}

} // namespace app
