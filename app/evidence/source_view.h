// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTextBrowser>

namespace app {

/// Shows the words of a source as plain text with one span highlighted. Inert: it resolves no
/// resource, follows no link and interprets no markup.
class SourceView : public QTextBrowser {
    Q_OBJECT

public:
    explicit SourceView(QWidget* parent = nullptr);

    enum class Letters { Words, Bytes }; // Bytes: monospace, for original bytes
    /// Shows @p text and highlights UTF-16 units begin..end of it (none where they are equal).
    void showText(const QString& text, qsizetype begin, qsizetype end, Letters letters);
    void clearText();
    [[nodiscard]] QString highlighted() const;

    QVariant loadResource(int type, const QUrl& name) override;

Q_SIGNALS:
    void left(); ///< Esc

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void tint();
    void applyLetters();

    qsizetype m_begin = 0, m_end = 0;
    Letters m_letters = Letters::Words;
};

/// UTF-16 position of byte @p offset of @p utf8, held inside the text.
[[nodiscard]] qsizetype positionOfByte(const QByteArray& utf8, qint64 offset);

} // namespace app
