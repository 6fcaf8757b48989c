// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPlainTextEdit>

namespace app {

/// Where the clinician types. Ctrl+Return asks; plain Return is a new line, because questions are
/// often pasted notes of several lines.
class QuestionEdit : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit QuestionEdit(QWidget* parent = nullptr);

    /// While busy the text stays editable but cannot be sent: one question at a time.
    void setBusy(bool busy) { m_busy = busy; }
    /// Sends the text as Ctrl+Return does.
    void ask();

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

Q_SIGNALS:
    void asked(const QString& text); ///< Trimmed, never empty.

protected:
    void keyPressEvent(QKeyEvent* event) override;
    /// Pasted text comes in as plain text, whatever the clipboard offers.
    void insertFromMimeData(const QMimeData* source) override;

private:
    bool m_busy = false;
};

} // namespace app
