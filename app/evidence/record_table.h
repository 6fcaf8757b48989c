// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QAbstractTableModel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTimer>

namespace app {

/// One cell: a bold lead, the rest of the first line, a letter that flags it, a second line.
struct Cell {
    QString lead, rest, flag, second;

    [[nodiscard]] QString spoken() const;
};

struct Row {
    QList<Cell> cells;
    SourceRef source;
    int documentIndex = -1; // >= 0: opens as a document
    QString label;          // headline of its source
    bool heading = false;   // names the rows below it; opens nothing
};

/// Rows of cells under fixed headers. The same model feeds labs, medications and the timeline.
class RecordModel : public QAbstractTableModel {
    Q_OBJECT

public:
    explicit RecordModel(const QStringList& headers, QObject* parent = nullptr);
    void setRows(const QList<Row>& rows);
    [[nodiscard]] const Row& at(int row) const { return m_rows.at(row); }
    [[nodiscard]] const Cell& cell(const QModelIndex& index) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QStringList m_headers;
    QList<Row> m_rows;
};

/// Draws a cell as wrapped plain text: nothing is cut, rows grow.
class CellDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

/// A table whose columns share the width by weight, so that it never scrolls sideways. Return or a
/// double click opens the source of a row.
class RecordTable : public QTableView {
    Q_OBJECT

public:
    RecordTable(const QString& name, const QStringList& headers, const QList<int>& weights,
                QWidget* parent = nullptr);
    void setRows(const QList<Row>& rows);
    [[nodiscard]] const RecordModel& records() const { return *m_model; }

Q_SIGNALS:
    void opened(const app::Row& row);
    void left(); ///< Esc

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void fit();
    void open(const QModelIndex& index);

    RecordModel* m_model;
    QList<int> m_weights;
    QTimer m_fitting; // queues a fit: one for many changes
};

} // namespace app
