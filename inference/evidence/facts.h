// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <span>
#include <string>
#include <vector>

namespace evidence {

/// Structured entries as evidence: one line each, in the words of the record. Numbers are given by
/// add().
[[nodiscard]] EvidenceItem factOf(const records::Allergy& allergy);
[[nodiscard]] EvidenceItem factOf(const records::Condition& condition);
[[nodiscard]] EvidenceItem factOf(const records::Medication& medication);
[[nodiscard]] EvidenceItem factOf(const records::Encounter& encounter);
[[nodiscard]] EvidenceItem factOf(const records::OtherEntry& entry);
/// All parts of one resource: a single value, or the components of a panel ("Blood pressure
/// 132/84 mmHg"). @p parts is not empty.
[[nodiscard]] EvidenceItem factOf(std::span<const records::Observation* const> parts);
[[nodiscard]] EvidenceItem factOf(const records::Patient& patient);
/// Bytes [begin, end) of a document as evidence; cut at @p bytes.
[[nodiscard]] EvidenceItem passageOf(const records::Chart& chart, std::size_t document,
                                     std::uint64_t begin, std::uint64_t end, std::size_t bytes);

/// Appends @p item unless the same place with the same text is there already; its number.
int add(std::vector<EvidenceItem>& items, EvidenceItem item);

/// "4.1 mmol/L", "<0.01 ng/L", "Positive", "no value (specimen haemolysed)".
[[nodiscard]] std::string valueOf(const records::Observation& observation);
/// "high", "critically low", "within range" is never said; "" when the record flags nothing.
[[nodiscard]] std::string flagOf(const records::Observation& observation);
[[nodiscard]] bool hasValue(const records::Observation& observation);
/// Systolic and diastolic of one resource as "132/84 mmHg"; "" for anything else.
[[nodiscard]] std::string bloodPressureOf(std::span<const records::Observation* const> parts);
[[nodiscard]] std::string_view nameOf(records::Standing standing);

/// Observations of one resource together, in the chart's order.
using Panel = std::vector<const records::Observation*>;
[[nodiscard]] std::vector<Panel> panelsOf(const records::Chart& chart);

/// " [1][4]"
[[nodiscard]] std::string marks(std::span<const int> numbers);
/// @p text as a sentence that cites @p numbers: "... mmol/L [1][4].". A note or a quotation that
/// ends in a full stop loses it, so that the sentence has one.
[[nodiscard]] std::string closed(std::string text, std::span<const int> numbers);

} // namespace evidence
