// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/record_table.h"

namespace app {

/// The chart as rows of the evidence pane's tables. Order: labs newest first as they come;
/// medications the active ones first; the timeline newest first.
[[nodiscard]] QList<Row> labRows(const Chart& chart, const QString& filter);
[[nodiscard]] QList<Row> medicationRows(const Chart& chart);
[[nodiscard]] QList<Row> timelineRows(const Chart& chart);

} // namespace app
