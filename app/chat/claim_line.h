// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QWidget>

namespace app {

class CitationChip;

/// One sentence of an answer as plain text, its citation chips right behind the last word. The
/// text is drawn, never interpreted: markup in it stays the characters that it is made of.
class ClaimLine : public QWidget {
    Q_OBJECT

public:
    /// Struck: a sentence that the record does not support, shown inside the fold.
    enum class Look { Plain, Provisional, Struck };
    ClaimLine(const Claim& claim, Look look, QWidget* parent = nullptr);

    [[nodiscard]] const QString& text() const { return m_text; }
    void setText(const QString& text);
    [[nodiscard]] const QList<CitationChip*>& chips() const { return m_chips; }

    [[nodiscard]] bool hasHeightForWidth() const override { return true; }
    [[nodiscard]] int heightForWidth(int width) const override;
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

Q_SIGNALS:
    void peeked(int number);
    void entered(int number);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Placed;
    [[nodiscard]] Placed place(int width) const;
    void moveChips();

    QString m_text;
    Look m_look;
    QList<CitationChip*> m_chips;
};

} // namespace app
