// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QWidget>

namespace app {

/// The values of one test over time with its reference range as a band. Drawn from the record's
/// numbers alone; the table beside it says the same in words.
class Trend : public QWidget {
    Q_OBJECT

public:
    explicit Trend(QWidget* parent = nullptr);

    /// Shows every numeric value of the test called @p name in the unit of its newest one; hidden
    /// where there are fewer than two.
    void show(const QList<Lab>& labs, const QString& name);
    [[nodiscard]] qsizetype count() const { return m_points.size(); }
    [[nodiscard]] QSize sizeHint() const override { return {200, 56}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Point {
        qint64 day = 0;
        double value = 0;
    };
    QList<Point> m_points;        // oldest first
    double m_low = 0, m_high = 0; // equal: no range
};

} // namespace app
