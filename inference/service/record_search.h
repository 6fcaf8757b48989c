// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "inference/evidence/evidence.h"
#include "inference/service/shared_records.h"

namespace service {

/// The text search over the documents of @p chart's patient. An import may have changed the record
/// since @p chart was read: what is found in a document that isn't in @p chart is left out. The
/// store reads documents of this patient only; while nobody holds the key nothing is found, and
/// the engine searches the chart that it has in memory. All four outlive what is returned.
[[nodiscard]] evidence::PassageSource searchOf(SharedRecords& records, const std::string& patient,
                                               const audit::Receipt& receipt,
                                               const records::Chart& chart);

} // namespace service
