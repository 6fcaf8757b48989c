// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QList>
#include <QString>

class QLineEdit;
class QListWidget;

namespace app {

/// A question that is asked often. Where it holds "…" the clinician fills in the word first.
struct Task {
    QString title, question;

    [[nodiscard]] bool needsWord() const { return question.contains(QChar(0x2026)); }
};

[[nodiscard]] QList<Task> tasks();

/// Ctrl+K: tasks found by typing.
class TaskPalette : public QDialog {
    Q_OBJECT

public:
    explicit TaskPalette(QWidget* parent = nullptr);

Q_SIGNALS:
    void chosen(const app::Task& task);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void refresh();
    void choose();

    QLineEdit* m_filter;
    QListWidget* m_list;
};

/// F1: every key of the program.
class KeysDialog : public QDialog {
    Q_OBJECT

public:
    explicit KeysDialog(QWidget* parent = nullptr);
};

} // namespace app
