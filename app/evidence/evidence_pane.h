// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/record_table.h"
#include "app/view.h"

#include <QTabWidget>
#include <QWidget>

class QLabel;
class QLineEdit;
class QListWidget;
class QToolButton;

namespace app {

class Backend;
class SourceView;
class Trend;

/// Right of the conversation: the source behind a citation with its words highlighted, and the
/// chart as tables. Asks the backend for documents and original bytes as they are wanted.
class EvidencePane : public QWidget {
    Q_OBJECT

public:
    explicit EvidencePane(Backend& backend, QWidget* parent = nullptr);

    enum class Tab { Source, Problems, Medications, Labs, Timeline };
    void showChart(const Chart& chart);
    void clear();
    /// Lists the evidence of an answer; nothing is opened.
    void setEvidence(const QList<EvidenceItem>& items);
    /// Opens the source of evidence @p number of the listed ones.
    void open(int number);
    void showTab(Tab tab);
    [[nodiscard]] Tab tab() const { return static_cast<Tab>(m_tabs->currentIndex()); }
    /// Puts the keyboard into the tab that is shown.
    void takeFocus();
    [[nodiscard]] const SourceView& source() const { return *m_source; }
    [[nodiscard]] const RecordTable& labs() const { return *m_labs; }
    [[nodiscard]] const RecordTable& problems() const { return *m_problems; }

Q_SIGNALS:
    void left(); ///< Esc: back to the answer.

private:
    /// What the source tab shows now: one thing at a time, an answer to an older wish is dropped.
    struct Wish {
        QString headline, readable;
        SourceRef source;
        int documentIndex = -1;
        qint64 begin = 0, end = 0; // span of the document's text
        int number = 0;            // of the listed evidence; 0: a row of a table
    };

    QWidget* buildSourceTab();
    QWidget* buildLabTab();
    void openRow(const Row& row);
    void forgetSource();
    void fetch(const Wish& wish);
    void showDocument(const DocumentText& document);
    void showOriginal(const OriginalText& original);
    void refreshLabs();

    Backend& m_backend;
    QString m_patient;
    Chart m_chart;
    QList<EvidenceItem> m_items;
    Wish m_wish;
    bool m_bytes = false; // original bytes are wanted, not the reading view
    QTabWidget* m_tabs;
    QListWidget* m_list;
    QLabel* m_headline;
    QLabel* m_readable;
    QLabel* m_hash;
    QToolButton* m_original;
    SourceView* m_source;
    QLineEdit* m_labFilter;
    RecordTable* m_labs;
    Trend* m_trend;
    RecordTable* m_problems;
    RecordTable* m_medications;
    RecordTable* m_timeline;
};

} // namespace app
