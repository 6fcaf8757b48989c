// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/quote.h"

#include <QTextBrowser>

namespace app {

/// Shows the words of a source as plain text with one span highlighted lightly and words of it
/// strongly. Both stay in view while the window changes, until the reader scrolls. Inert: it
/// resolves no resource, follows no link and interprets no markup.
class SourceView : public QTextBrowser {
    Q_OBJECT

public:
    explicit SourceView(QWidget* parent = nullptr);

    enum class Letters { Words, Bytes }; // Bytes: monospace, for original bytes
    /// Shows @p text and highlights @p span of it (nothing where it is empty), @p words strongly.
    void showText(const QString& text, TextRange span, const QList<TextRange>& words,
                  Letters letters);
    void clearText();
    [[nodiscard]] QString highlighted() const;
    /// The strongly highlighted words, in their order.
    [[nodiscard]] QStringList quoted() const;
    /// Where the words that matter most stand now, in the viewport's coordinates; null without a
    /// highlight.
    [[nodiscard]] QRect focusRect() const;
    /// The height that @p count lines of the letters shown now need.
    [[nodiscard]] int heightOfLines(int count) const;

    QVariant loadResource(int type, const QUrl& name) override;

Q_SIGNALS:
    void left(); ///< Esc

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void tint();
    void applyLetters();
    void centre();
    void centreSoon();

    TextRange m_span, m_focus;
    QList<TextRange> m_words;
    bool m_following = false; // the reader has not scrolled away
    bool m_centring = false;  // queued: one for many changes
    Letters m_letters = Letters::Words;
};

/// UTF-16 position of byte @p offset of @p utf8, held inside the text.
[[nodiscard]] qsizetype positionOfByte(const QByteArray& utf8, qint64 offset);

} // namespace app
