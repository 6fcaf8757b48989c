// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/json_value.h"
#include "storage/records/chart.h"

#include <optional>
#include <string>
#include <string_view>

/// FHIR R4 data types as plain values. What isn't there gives an empty value.
/// Source: hl7.org/fhir/R4/datatypes.html.
namespace imports {

/// CodeableConcept.
[[nodiscard]] records::Concept conceptOf(const JsonValue& value);
/// CodeableConcept as a reader sees it.
[[nodiscard]] std::string nameOf(const JsonValue& coded);
/// First code of a CodeableConcept, else its text.
[[nodiscard]] std::string codeOf(const JsonValue& coded);
/// Whether the concept has @p code in any system.
[[nodiscard]] bool hasCode(const JsonValue& coded, std::string_view code);

/// Quantity and its kinds (Age, Duration, SimpleQuantity); nothing when it has no value.
[[nodiscard]] std::optional<records::Quantity> quantityOf(const JsonValue& value);
/// "<0.01 ng/mL"
[[nodiscard]] std::string wordsOf(const records::Quantity& quantity);
/// "4 - 6 mg", of a Range.
[[nodiscard]] std::string rangeWords(const JsonValue& range);

[[nodiscard]] records::Date dateOf(const JsonValue& text);
/// The member NAME + DateTime | Date | Instant | Period.start | String | Age, in this order.
/// An age comes out as text without a year ("at age 52 years").
[[nodiscard]] records::Date startOf(const JsonValue& resource, std::string_view name);
/// NAME + Period.end, or nothing.
[[nodiscard]] records::Date endOf(const JsonValue& resource, std::string_view name);

/// The texts of an Annotation list, with author and time where they are given, one a line.
[[nodiscard]] std::string notesOf(const JsonValue& annotations);
/// HumanName as one line.
[[nodiscard]] std::string personName(const JsonValue& name);
/// "2.5 mg, Oral route, 3 times every 6 h, as needed": a Dosage in words, its own where it has any.
[[nodiscard]] std::string dosageWords(const JsonValue& dosage);
/// A value[x] in words, whatever its type; "" when there is none.
[[nodiscard]] std::string valueWords(const JsonValue& holder);

/// Adds @p more behind @p separator, which stands only between two texts that aren't empty.
void append(std::string& text, std::string_view separator, std::string_view more);

} // namespace imports
