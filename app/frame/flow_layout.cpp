// SPDX-License-Identifier: Apache-2.0
#include "app/frame/flow_layout.h"

#include <QWidget>

namespace app {

namespace {
constexpr int kRowGap = 2;
}

FlowLayout::FlowLayout(QWidget* parent, int gap)
    : QLayout(parent)
    , m_gap(gap)
{
}

FlowLayout::~FlowLayout()
{
    qDeleteAll(m_items);
}

void FlowLayout::addItem(QLayoutItem* item)
{
    m_items += item;
}

QLayoutItem* FlowLayout::itemAt(int index) const
{
    return m_items.value(index);
}

QLayoutItem* FlowLayout::takeAt(int index)
{
    return index >= 0 && index < m_items.size() ? m_items.takeAt(index) : nullptr;
}

int FlowLayout::heightForWidth(int width) const
{
    return run({0, 0, width, 0}, Act::Measure);
}

QSize FlowLayout::sizeHint() const
{
    return minimumSize();
}

QSize FlowLayout::minimumSize() const
{
    QSize size;
    for (const QLayoutItem* item : m_items)
        size = size.expandedTo(item->minimumSize());
    const QMargins margins = contentsMargins();
    return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

void FlowLayout::setGeometry(const QRect& rect)
{
    QLayout::setGeometry(rect);
    run(rect, Act::Place);
}

int FlowLayout::run(const QRect& rect, Act act) const
{
    const QRect inner = rect.marginsRemoved(contentsMargins());
    QList<QLayoutItem*> row;
    int x = inner.x();
    int y = inner.y();
    int rowHeight = 0;
    const auto place = [&] {
        int left = inner.x();
        for (QLayoutItem* item : row) {
            const int width = qMin(item->sizeHint().width(), inner.width());
            const int height =
                item->hasHeightForWidth() ? item->heightForWidth(width) : item->sizeHint().height();
            item->setGeometry({left, y + (rowHeight - height) / 2, width, height});
            left += width + m_gap;
        }
    };
    for (QLayoutItem* item : m_items) {
        if (item->isEmpty())
            continue;
        const int width = qMin(item->sizeHint().width(), inner.width());
        const int height =
            item->hasHeightForWidth() ? item->heightForWidth(width) : item->sizeHint().height();
        if (x + width > inner.right() + 1 && !row.isEmpty()) {
            if (act == Act::Place)
                place();
            row.clear();
            x = inner.x();
            y += rowHeight + kRowGap;
            rowHeight = 0;
        }
        row += item;
        x += width + m_gap;
        rowHeight = qMax(rowHeight, height);
    }
    if (act == Act::Place)
        place();
    const QMargins margins = contentsMargins();
    return y + rowHeight - rect.y() + margins.bottom();
}

} // namespace app
