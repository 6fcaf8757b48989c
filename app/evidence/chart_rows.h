// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/record_table.h"

namespace app {

/// The chart as rows of the evidence pane's tables. Order: labs newest first as they come;
/// allergies, problems and medications under headings, what is active apart from what is past; the
/// timeline newest first.
[[nodiscard]] QList<Row> labRows(const Chart& chart, const QString& filter);
[[nodiscard]] QList<Row> problemRows(const Chart& chart);
[[nodiscard]] QList<Row> medicationRows(const Chart& chart);
[[nodiscard]] QList<Row> timelineRows(const Chart& chart);

} // namespace app
