// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QPointer>
#include <QScrollArea>

class QLabel;
class QVBoxLayout;

namespace app {

class CitationChip;
class TurnView;

/// The turns of one conversation, newest last. Follows what is being written, unless the reader
/// has scrolled up. Shows text only: it can load nothing and has no links.
class ConversationView : public QScrollArea {
    Q_OBJECT

public:
    explicit ConversationView(QWidget* parent = nullptr);

    void clear(const QString& patientName);
    TurnView* addTurn(const QString& question);
    void setTurns(const QList<Turn>& turns);
    [[nodiscard]] TurnView* lastTurn() const;
    [[nodiscard]] const QList<TurnView*>& turns() const { return m_turns; }
    void follow(); ///< Called when the last turn grew.

    /// J and K: the first chip of the next or previous sentence.
    void focusNextClaim(int step);
    /// Alt+1..9: the chip of the last turn that carries @p number, else the number-th chip.
    void focusCitation(int number);
    /// Esc in the evidence pane: back to the chip that led there.
    void focusLastChip();

Q_SIGNALS:
    /// The chip behind @p sentence asks for evidence; @p enter moves the keyboard there too.
    void evidenceWanted(const app::TurnView& turn, int number, const QString& sentence, bool enter);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    [[nodiscard]] CitationChip* focusedChip() const;
    void want(const TurnView* turn, int number, const QString& sentence, bool enter);
    void fitColumn();

    QString m_patientName;
    QList<TurnView*> m_turns;
    QPointer<QWidget> m_lastChip;
    QWidget* m_column;
    QVBoxLayout* m_rows;
    QLabel* m_empty;
    bool m_following = true;
};

} // namespace app
