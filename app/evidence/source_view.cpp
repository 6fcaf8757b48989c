// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/source_view.h"

#include "app/palette.h"

#include <QAbstractTextDocumentLayout>
#include <QEvent>
#include <QFontDatabase>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>

#include <algorithm>

namespace app {

namespace {
constexpr int kBarWidth = 2;
}

SourceView::SourceView(QWidget* parent)
    : QTextBrowser(parent)
{
    setOpenLinks(false);
    setOpenExternalLinks(false);
    setUndoRedoEnabled(false);
    setAcceptRichText(false);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setContextMenuPolicy(Qt::NoContextMenu);
    setAccessibleName(tr("Source text"));
    setAccessibleDescription(tr("Escape goes back to the answer"));
    document()->setDocumentMargin(12);
}

QVariant SourceView::loadResource(int /*type*/, const QUrl& /*name*/)
{
    return {};
}

void SourceView::showText(const QString& text, qsizetype begin, qsizetype end, Letters letters)
{
    m_letters = letters;
    applyLetters();
    setPlainText(text);
    m_begin = std::clamp<qsizetype>(begin, 0, text.size());
    m_end = std::clamp<qsizetype>(end, m_begin, text.size());
    tint();
    if (m_end == m_begin)
        return;
    QTextCursor at(document());
    at.setPosition(static_cast<int>(m_end));
    setTextCursor(at);
    ensureCursorVisible();
    at.setPosition(static_cast<int>(m_begin));
    setTextCursor(at);
    ensureCursorVisible();
    // A third of the way down: the reader sees what stands before the span too.
    const int above = cursorRect(at).top() - viewport()->height() / 3;
    verticalScrollBar()->setValue(verticalScrollBar()->value() + above);
}

void SourceView::applyLetters()
{
    QFont shown = font();
    if (m_letters == Letters::Bytes) {
        shown = QFontDatabase::systemFont(QFontDatabase::FixedFont);
        shown.setPointSizeF(font().pointSizeF());
    }
    document()->setDefaultFont(shown);
}

void SourceView::clearText()
{
    m_begin = m_end = 0;
    setExtraSelections({});
    setPlainText({});
}

QString SourceView::highlighted() const
{
    return toPlainText().mid(m_begin, m_end - m_begin);
}

void SourceView::tint()
{
    QTextEdit::ExtraSelection selection;
    selection.cursor = QTextCursor(document());
    selection.cursor.setPosition(static_cast<int>(m_begin));
    selection.cursor.setPosition(static_cast<int>(m_end), QTextCursor::KeepAnchor);
    selection.format.setBackground(evidenceTint(palette()));
    selection.format.setForeground(palette().color(QPalette::Text));
    setExtraSelections(m_begin == m_end ? QList<QTextEdit::ExtraSelection>{} : QList{selection});
}

void SourceView::paintEvent(QPaintEvent* event)
{
    QTextBrowser::paintEvent(event);
    if (m_begin == m_end)
        return;
    QTextCursor first(document());
    first.setPosition(static_cast<int>(m_begin));
    QTextCursor last(document());
    last.setPosition(static_cast<int>(m_end));
    const int top = cursorRect(first).top();
    QPainter painter(viewport());
    painter.fillRect(4, top, kBarWidth, cursorRect(last).bottom() - top,
                     palette().color(QPalette::Accent));
}

void SourceView::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape)
        Q_EMIT left();
    else
        QTextBrowser::keyPressEvent(event);
}

void SourceView::changeEvent(QEvent* event)
{
    QTextBrowser::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
    // Qt gives the document the widget's font again, which is not the one for bytes.
    if (event->type() == QEvent::FontChange)
        applyLetters();
}

qsizetype positionOfByte(const QByteArray& utf8, qint64 offset)
{
    const auto held = std::clamp<qint64>(offset, 0, utf8.size());
    return QString::fromUtf8(utf8.constData(), held).size();
}

} // namespace app
