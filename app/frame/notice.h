// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace app {

/// One sentence across the window: what happened, what was kept, what to do.
class Notice : public QFrame {
    Q_OBJECT

public:
    explicit Notice(QWidget* parent = nullptr);

    /// Alarm stays until it is dismissed by its button; a Passing one that comes meanwhile waits
    /// for that. Passing goes away by calm().
    enum class Kind { Passing, Alarm };
    void tell(const QString& sentence, Kind kind);
    void calm();
    [[nodiscard]] QString sentence() const;

private:
    void dismiss();
    [[nodiscard]] bool alarmed() const;

    QString m_after; // a Passing sentence that waits behind an Alarm
    QLabel* m_text;
    QPushButton* m_dismiss;
};

} // namespace app
