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

    /// Alarm stays until it is dismissed by its button; Passing goes away by calm().
    enum class Kind { Passing, Alarm };
    void tell(const QString& sentence, Kind kind);
    void calm();
    [[nodiscard]] QString sentence() const;

private:
    QLabel* m_text;
    QPushButton* m_dismiss;
};

} // namespace app
