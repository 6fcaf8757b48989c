// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/trend.h"

#include "app/palette.h"

#include <QDate>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace app {

namespace {
constexpr int kMargin = 8;
constexpr double kDot = 2.5;
} // namespace

Trend::Trend(QWidget* parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    hide();
}

void Trend::show(const QList<Lab>& labs, const QString& name)
{
    m_points.clear();
    m_low = m_high = 0;
    QString unit;
    for (const Lab& lab : labs) {
        bool number = false;
        const double value = lab.value.toDouble(&number);
        const QDate date = QDate::fromString(lab.date.left(10), Qt::ISODate);
        // "<0.01" is no point on a line, a year alone no place on it, another unit another line.
        if (lab.name != name || !number || !lab.comparator.isEmpty() || !date.isValid() ||
            (!unit.isEmpty() && lab.unit != unit))
            continue;
        if (m_points.isEmpty()) {
            unit = lab.unit;
            m_low = lab.low.toDouble();
            m_high = lab.high.toDouble();
        }
        m_points.prepend({date.toJulianDay(), value});
    }
    std::ranges::stable_sort(m_points, {}, &Point::day);
    setAccessibleName(
        tr("Trend of %1: %2 values, listed in the table").arg(name).arg(m_points.size()));
    setVisible(m_points.size() > 1);
    update();
}

void Trend::paintEvent(QPaintEvent* /*event*/)
{
    if (m_points.size() < 2)
        return;
    const auto [least, most] = std::ranges::minmax(m_points, {}, &Point::value);
    double bottom = least.value;
    double top = most.value;
    const bool range = m_high > m_low;
    if (range) {
        bottom = std::min(bottom, m_low);
        top = std::max(top, m_high);
    }
    const double height = top > bottom ? top - bottom : 1;
    const double days =
        std::max<double>(1, static_cast<double>(m_points.last().day - m_points.first().day));
    const QRectF box = QRectF(rect()).adjusted(kMargin, kMargin, -kMargin, -kMargin);
    const auto y = [&](double value) {
        return box.bottom() - (value - bottom) / height * box.height();
    };
    const auto place = [&](const Point& point) {
        return QPointF(box.left() + static_cast<double>(point.day - m_points.first().day) / days *
                                        box.width(),
                       y(point.value));
    };

    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(hairline(palette()));
    painter.setBrush(palette().color(QPalette::Base));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    if (range)
        painter.fillRect(QRectF(QPointF(box.left(), y(m_high)), QPointF(box.right(), y(m_low))),
                         evidenceTint(palette()));
    QPainterPath line(place(m_points.first()));
    for (const Point& point : m_points)
        line.lineTo(place(point));
    painter.setPen(QPen(palette().color(QPalette::Accent), 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(line);
    for (const Point& point : m_points) {
        const bool outside = range && (point.value < m_low || point.value > m_high);
        painter.setBrush(outside ? flagText(palette()) : palette().color(QPalette::Accent));
        painter.setPen(Qt::NoPen);
        painter.drawEllipse(place(point), outside ? kDot + 1 : kDot, outside ? kDot + 1 : kDot);
    }
}

} // namespace app
