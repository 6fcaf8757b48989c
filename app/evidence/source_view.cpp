// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/source_view.h"

#include "app/palette.h"

#include <QEvent>
#include <QFontDatabase>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>

#include <algorithm>
#include <utility>

namespace app {

namespace {
constexpr int kBarWidth = 2;
constexpr int kMargin = 12;
} // namespace

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
    document()->setDocumentMargin(kMargin);
    connect(verticalScrollBar(), &QScrollBar::actionTriggered, this,
            [this] { m_following = false; });
}

QVariant SourceView::loadResource(int /*type*/, const QUrl& /*name*/)
{
    return {};
}

void SourceView::showText(const QString& text, TextRange span, const QList<TextRange>& words,
                          Letters letters)
{
    const auto held = [&text](const TextRange& range) {
        const auto begin = std::clamp<qsizetype>(range.begin, 0, text.size());
        return TextRange{begin, std::clamp<qsizetype>(range.end, begin, text.size())};
    };
    m_letters = letters;
    applyLetters();
    setPlainText(text);
    m_span = held(span);
    m_words.clear();
    for (const TextRange& word : words)
        m_words += held(word);
    m_focus = densest(m_span, m_words);
    tint();
    m_following = !m_span.empty();
    if (!m_following)
        return;
    QTextCursor at(document());
    at.setPosition(static_cast<int>(m_focus.begin));
    setTextCursor(at);
    centre();
    centreSoon(); // the place of the box may not be settled yet
}

QRect SourceView::focusRect() const
{
    if (m_span.empty())
        return {};
    QTextCursor at(document());
    at.setPosition(static_cast<int>(m_focus.begin));
    const QRect first = cursorRect(at);
    at.setPosition(static_cast<int>(m_focus.end));
    return first.united(cursorRect(at));
}

void SourceView::centre()
{
    if (!m_following)
        return;
    const QRect place = focusRect();
    const int room = viewport()->height();
    // What is higher than the box is read from its first line.
    const int above = place.height() > room ? place.top() - fontMetrics().height() / 2
                                            : place.center().y() - room / 2;
    verticalScrollBar()->setValue(verticalScrollBar()->value() + above);
}

void SourceView::centreSoon()
{
    if (m_centring)
        return;
    m_centring = true;
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_centring = false;
            centre();
        },
        Qt::QueuedConnection);
}

int SourceView::heightOfLines(int count) const
{
    return count * QFontMetrics(document()->defaultFont()).lineSpacing() + 2 * kMargin +
           2 * frameWidth();
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
    m_span = m_focus = {};
    m_words.clear();
    m_following = false;
    setExtraSelections({});
    setPlainText({});
}

QString SourceView::highlighted() const
{
    return toPlainText().mid(m_span.begin, m_span.end - m_span.begin);
}

QStringList SourceView::quoted() const
{
    const QString text = toPlainText();
    QStringList words;
    for (const TextRange& word : m_words)
        words += text.mid(word.begin, word.end - word.begin);
    return words;
}

void SourceView::tint()
{
    QList<QTextEdit::ExtraSelection> selections;
    const auto mark = [&](const TextRange& range, const QColor& ground, bool strong) {
        if (range.empty())
            return;
        QTextEdit::ExtraSelection selection;
        selection.cursor = QTextCursor(document());
        selection.cursor.setPosition(static_cast<int>(range.begin));
        selection.cursor.setPosition(static_cast<int>(range.end), QTextCursor::KeepAnchor);
        selection.format.setBackground(ground);
        selection.format.setForeground(palette().color(QPalette::Text));
        selection.format.setFontUnderline(strong); // not by colour alone
        selections += selection;
    };
    mark(m_span, evidenceTint(palette()), false);
    for (const TextRange& word : std::as_const(m_words))
        mark(word, quoteTint(palette()), true);
    setExtraSelections(selections);
}

void SourceView::paintEvent(QPaintEvent* event)
{
    QTextBrowser::paintEvent(event);
    if (m_span.empty())
        return;
    QTextCursor first(document());
    first.setPosition(static_cast<int>(m_span.begin));
    QTextCursor last(document());
    last.setPosition(static_cast<int>(m_span.end));
    const int top = cursorRect(first).top();
    QPainter painter(viewport());
    painter.fillRect(4, top, kBarWidth, cursorRect(last).bottom() - top,
                     palette().color(QPalette::Accent));
}

void SourceView::resizeEvent(QResizeEvent* event)
{
    QTextBrowser::resizeEvent(event);
    centreSoon();
}

void SourceView::wheelEvent(QWheelEvent* event)
{
    m_following = false;
    QTextBrowser::wheelEvent(event);
}

void SourceView::mousePressEvent(QMouseEvent* event)
{
    m_following = false;
    QTextBrowser::mousePressEvent(event);
}

void SourceView::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT left();
        return;
    }
    m_following = false;
    QTextBrowser::keyPressEvent(event);
}

void SourceView::changeEvent(QEvent* event)
{
    QTextBrowser::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
    // Qt gives the document the widget's font again, which is not the one for bytes.
    if (event->type() == QEvent::FontChange) {
        applyLetters();
        centreSoon();
    }
}

qsizetype positionOfByte(const QByteArray& utf8, qint64 offset)
{
    const auto held = std::clamp<qint64>(offset, 0, utf8.size());
    return QString::fromUtf8(utf8.constData(), held).size();
}

} // namespace app
