// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/record_table.h"

#include "app/palette.h"

#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QTextLayout>

#include <algorithm>
#include <numeric>

namespace app {

namespace {
constexpr int kPadX = 6;
constexpr int kPadY = 4;
constexpr int kMinimumColumn = 40;

/// Lays @p text out in @p width and returns its height.
int layOut(QTextLayout& layout, int width)
{
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    qreal y = 0;
    layout.beginLayout();
    for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
        line.setLineWidth(qMax(kMinimumColumn, width));
        line.setPosition({0, y});
        y += line.height();
    }
    layout.endLayout();
    return qCeil(y);
}

struct Laid {
    QTextLayout first, second;
    int firstHeight = 0, secondHeight = 0;

    Laid(const Cell& cell, const QFont& font, const QPalette& palette, int width)
    {
        QString text = cell.lead;
        const auto leadEnd = text.size();
        if (!cell.rest.isEmpty())
            text += (text.isEmpty() ? QString() : QStringLiteral(" ")) + cell.rest;
        const auto flagBegin = text.size();
        if (!cell.flag.isEmpty())
            text += QStringLiteral("  ") + cell.flag;
        QTextCharFormat bold;
        bold.setFontWeight(QFont::Bold);
        QTextCharFormat flag = bold;
        flag.setForeground(flagText(palette));
        first.setText(text);
        first.setFont(font);
        first.setFormats(
            {{0, static_cast<int>(leadEnd), bold},
             {static_cast<int>(flagBegin), static_cast<int>(text.size() - flagBegin), flag}});
        firstHeight = layOut(first, width);
        if (cell.second.isEmpty())
            return;
        QFont small = font;
        small.setPointSizeF(font.pointSizeF() * 0.85);
        second.setText(cell.second);
        second.setFont(small);
        secondHeight = layOut(second, width);
    }
};
} // namespace

QString Cell::spoken() const
{
    QStringList parts{lead, rest, flag, second};
    parts.removeAll(QString());
    return parts.join(QStringLiteral(", "));
}

RecordModel::RecordModel(const QStringList& headers, QObject* parent)
    : QAbstractTableModel(parent)
    , m_headers(headers)
{
}

void RecordModel::setRows(const QList<Row>& rows)
{
    beginResetModel();
    m_rows = rows;
    endResetModel();
}

const Cell& RecordModel::cell(const QModelIndex& index) const
{
    return m_rows.at(index.row()).cells.at(index.column());
}

int RecordModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RecordModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_headers.size());
}

QVariant RecordModel::data(const QModelIndex& index, int role) const
{
    if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole)
        return cell(index).spoken();
    return {};
}

QVariant RecordModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
    return role == Qt::DisplayRole ? QVariant(m_headers.at(section)) : QVariant();
}

void CellDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const
{
    QStyleOptionViewItem box = option;
    initStyleOption(&box, index);
    box.text.clear();
    const QStyle* style = box.widget != nullptr ? box.widget->style() : QApplication::style();
    style->drawPrimitive(QStyle::PE_PanelItemViewRow, &box, painter, box.widget);
    const auto* model = static_cast<const RecordModel*>(index.model());
    if (option.state.testFlag(QStyle::State_Selected))
        painter->fillRect(option.rect, evidenceTint(option.palette));
    else if (model->at(index.row()).heading)
        painter->fillRect(option.rect, option.palette.color(QPalette::AlternateBase));

    const Laid laid(model->cell(index), option.font, option.palette,
                    option.rect.width() - 2 * kPadX);
    const QPointF at = option.rect.topLeft() + QPoint(kPadX, kPadY);
    painter->save();
    painter->setPen(option.palette.color(QPalette::Text));
    laid.first.draw(painter, at);
    painter->setPen(secondaryText(option.palette));
    laid.second.draw(painter, at + QPointF(0, laid.firstHeight));
    painter->setPen(hairline(option.palette));
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    painter->restore();
}

QSize CellDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const auto* view = qobject_cast<const QTableView*>(option.widget);
    const int width = view != nullptr ? view->columnWidth(index.column()) : option.rect.width();
    const auto* model = static_cast<const RecordModel*>(index.model());
    const Laid laid(model->cell(index), option.font, option.palette, width - 2 * kPadX);
    return {width, qMax(24, laid.firstHeight + laid.secondHeight + 2 * kPadY + 1)};
}

RecordTable::RecordTable(const QString& name, const QStringList& headers, const QList<int>& weights,
                         QWidget* parent)
    : QTableView(parent)
    , m_model(new RecordModel(headers, this))
    , m_weights(weights)
{
    setModel(m_model);
    setItemDelegate(new CellDelegate(this));
    setAccessibleName(name);
    setAccessibleDescription(
        tr("Return opens the source of a row, Escape goes back to the answer"));
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setEditTriggers(NoEditTriggers);
    setShowGrid(false);
    setTabKeyNavigation(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(ScrollPerPixel);
    verticalHeader()->hide();
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setMinimumSectionSize(kMinimumColumn);
    horizontalHeader()->setHighlightSections(false);
    m_fitting.setSingleShot(true);
    connect(&m_fitting, &QTimer::timeout, this, &RecordTable::fit);
    connect(this, &QTableView::doubleClicked, this, &RecordTable::open);
}

void RecordTable::setRows(const QList<Row>& rows)
{
    m_model->setRows(rows);
    fit();
    const auto first = std::ranges::find(rows, false, &Row::heading);
    if (first != rows.end())
        setCurrentIndex(m_model->index(static_cast<int>(first - rows.begin()), 0));
}

void RecordTable::fit()
{
    if (!isVisible())
        return; // hundreds of rows: laid out when they are looked at
    const int total = std::accumulate(m_weights.begin(), m_weights.end(), 0);
    int left = viewport()->width();
    for (int column = 0; column < m_weights.size(); ++column) {
        const bool last = column + 1 == m_weights.size();
        const int width = last ? left : viewport()->width() * m_weights.at(column) / total;
        setColumnWidth(column, width);
        left -= width;
    }
    resizeRowsToContents();
}

void RecordTable::open(const QModelIndex& index)
{
    if (index.isValid() && !m_model->at(index.row()).heading)
        Q_EMIT opened(m_model->at(index.row()));
}

void RecordTable::resizeEvent(QResizeEvent* event)
{
    QTableView::resizeEvent(event);
    m_fitting.start();
}

void RecordTable::showEvent(QShowEvent* event)
{
    QTableView::showEvent(event);
    fit();
}

void RecordTable::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        open(currentIndex());
    else if (event->key() == Qt::Key_Escape)
        Q_EMIT left();
    else
        QTableView::keyPressEvent(event);
}

void RecordTable::changeEvent(QEvent* event)
{
    QTableView::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        m_fitting.start();
}

} // namespace app
