// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QFrame>
#include <QHash>

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace app {

class CitationChip;
class ClaimLine;

/// One question and its answer: while it streams, text is provisional and grey; sentences turn
/// final as they are checked; the stored answer replaces all of it.
class TurnView : public QFrame {
    Q_OBJECT

public:
    TurnView(const QString& patientName, const QString& question, QWidget* parent = nullptr);

    void setProgress(const Progress& progress);
    void setEvidence(const QList<EvidenceItem>& items, const Coverage& coverage);
    void addToken(const QString& text);
    void addClaim(const Claim& claim);
    void setAnswer(const Answer& answer);
    /// Ends a turn without an answer: the sentence says why.
    void setFailure(const QString& sentence);

    [[nodiscard]] const QList<EvidenceItem>& evidence() const { return m_evidence; }
    /// The sentences that rest on each piece of evidence.
    [[nodiscard]] QHash<int, QString> said() const;
    [[nodiscard]] QList<ClaimLine*> lines() const;
    [[nodiscard]] QList<CitationChip*> chips() const;
    [[nodiscard]] bool finished() const { return m_finished; }
    /// Question and answer with the evidence behind the sentences, for the clipboard.
    [[nodiscard]] QString textWithReferences() const;
    /// "Answer finished, 4 sentences, 1 not supported."
    [[nodiscard]] QString spokenSummary() const;

Q_SIGNALS:
    void peeked(int number, const QString& sentence);
    void entered(int number, const QString& sentence);

private:
    ClaimLine* addLine(QVBoxLayout* column, const Claim& claim, bool struck);
    void addBlock(const QString& name, const QString& word, const Claim& content);
    void addFold(const QList<Claim>& claims);
    void addFoot(const Answer& answer);
    void clearBody();

    QString m_patientName, m_question;
    QList<EvidenceItem> m_evidence;
    QList<Claim> m_claims;
    QString m_provisionalText;
    bool m_finished = false;
    QLabel* m_mark;
    QLabel* m_phase;
    QVBoxLayout* m_body;
    ClaimLine* m_provisional = nullptr;
    QVBoxLayout* m_foot;
};

} // namespace app
