// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QToolButton>

namespace app {

/// The number of one piece of evidence and the verdict's shape in one box. Click or Space peeks:
/// the source is shown and the keyboard stays here. Return goes to the source.
class CitationChip : public QToolButton {
    Q_OBJECT

public:
    /// @p number 0: a sentence that cites nothing; the chip then only tells the verdict.
    CitationChip(int number, Verdict verdict, const QString& sentence, QWidget* parent = nullptr);

    [[nodiscard]] int number() const { return m_number; }

Q_SIGNALS:
    void peeked(int number);
    void entered(int number);
    void focusChanged(bool focused);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int m_number;
};

} // namespace app
