// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/record_table.h"
#include "app/view.h"

#include <QHash>
#include <QTimer>
#include <QWidget>

class QLabel;
class QListWidget;
class QScrollArea;
class QToolButton;

namespace app {

class Backend;
class SourceView;

/// The evidence of an answer as a list, and the source behind one piece of it with its words
/// highlighted. With little room the list shrinks to whole rows, the evidence in words scrolls,
/// and the source keeps some lines.
class SourceTab : public QWidget {
    Q_OBJECT

public:
    explicit SourceTab(Backend& backend, QWidget* parent = nullptr);

    /// Forgets everything; from now on sources are those of @p patient.
    void setPatient(const QString& patient);
    /// Lists the evidence of an answer; nothing is opened. @p said: the sentences of the answer
    /// that rest on each number.
    void setEvidence(const QList<EvidenceItem>& items, const QHash<int, QString>& said);
    /// Opens the source of evidence @p number; highlights what supports @p sentence, or without
    /// one the sentences of the answer that rest on it.
    void open(int number, const QString& sentence);
    void openRow(const Row& row);
    void takeFocus();
    [[nodiscard]] const SourceView& source() const { return *m_source; }
    /// Any height will do: its parts are fitted to it, they never make the window higher.
    [[nodiscard]] QSize minimumSizeHint() const override { return {0, 0}; }

Q_SIGNALS:
    void chosen(); ///< A source is opened: the tab is to be seen.
    void left();   ///< Esc: back to the answer.

protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    /// What is shown now: one thing at a time, an answer to an older wish is dropped.
    struct Wish {
        QString headline, readable, sentence;
        QString quoted; // a passage's words, as they were cited
        SourceRef source;
        int documentIndex = -1;
        qint64 begin = 0, end = 0; // span of the document's text
        int number = 0;            // of the listed evidence; 0: a row of a table
    };

    void build();
    void forget();
    void fetch(const Wish& wish);
    void showDocument(const DocumentText& document);
    void showReplaced(const SourceRef& source);
    void showOriginal(const OriginalText& original);
    void fit();
    void fitRows(int most);

    Backend& m_backend;
    QString m_patient;
    QList<EvidenceItem> m_items;
    QHash<int, QString> m_said;
    Wish m_wish;
    bool m_bytes = false; // original bytes are wanted, not the reading view
    QTimer m_fitting;     // queues a fit: one for many changes
    QListWidget* m_list;
    QLabel* m_headline;
    QLabel* m_readable;
    QScrollArea* m_readableBox;
    QLabel* m_hash;
    QToolButton* m_original;
    SourceView* m_source;
};

} // namespace app
