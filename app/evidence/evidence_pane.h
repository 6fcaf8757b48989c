// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/record_table.h"
#include "app/view.h"

#include <QHash>
#include <QTabWidget>
#include <QWidget>

class QLineEdit;

namespace app {

class Backend;
class SourceTab;
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
    /// As SourceTab has them.
    void setEvidence(const QList<EvidenceItem>& items, const QHash<int, QString>& said = {});
    void open(int number, const QString& sentence = {});
    void showTab(Tab tab);
    [[nodiscard]] Tab tab() const { return static_cast<Tab>(m_tabs->currentIndex()); }
    /// Puts the keyboard into the tab that is shown.
    void takeFocus();
    [[nodiscard]] const SourceView& source() const;
    [[nodiscard]] const RecordTable& labs() const { return *m_labs; }
    [[nodiscard]] const RecordTable& problems() const { return *m_problems; }

Q_SIGNALS:
    void left(); ///< Esc: back to the answer.

private:
    QWidget* buildLabTab();
    void refreshLabs();

    QString m_patient;
    Chart m_chart;
    QTabWidget* m_tabs;
    SourceTab* m_source;
    QLineEdit* m_labFilter;
    RecordTable* m_labs;
    Trend* m_trend;
    RecordTable* m_problems;
    RecordTable* m_medications;
    RecordTable* m_timeline;
};

} // namespace app
