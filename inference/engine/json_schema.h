// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/expression.h"

#include <string_view>
#include <vector>

namespace engine {

/// The rules of all JSON texts that fit @p schema, to Grammar::build. Between their parts a blank,
/// or a line's end with up to 16 blanks, may stand.
///
/// Known: type (one or several), enum, const, anyOf, $ref within the schema (also to itself);
/// properties, required, additionalProperties; items, minItems, maxItems; minLength, maxLength,
/// pattern (pattern.h). Annotations (title, description, default, examples, ...) mean nothing.
/// Narrower than the schema, never wider: properties come in the order in which they are declared
/// and no others come beside them; numbers have at most 15 digits before and behind the point and 2
/// in the exponent; objects and arrays nest as deep as Grammar allows.
/// Errors: BadForm; Unsupported, naming the keyword; TooLarge.
/// Source: JSON Schema 2020-12; RFC 8259.
[[nodiscard]] Compiled<std::vector<Expression>> rulesOfSchema(std::string_view schema);

/// The rules of all JSON objects.
[[nodiscard]] std::vector<Expression> rulesOfAnyObject();

} // namespace engine
