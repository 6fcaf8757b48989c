// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evidence {

/// A number told in a text.
struct NumberMention {
    std::string value;      // comparable: no leading or trailing zeros, "." for the decimal sign
    std::string unit;       // comparable: "mmol/l", "ug" for mcg; empty: none told
    std::string comparator; // "", "<", "<=", ">", ">="; from signs and words
    bool range = false;     // a bound of a reference range, not a value
    std::size_t begin = 0;  // bytes of the text, comparator and unit included
    std::size_t end = 0;
};

/// All numbers of @p text outside of @p masked spans (dates, citation marks, names), in order.
/// Digits inside a name (HbA1c, B12) are no numbers; "two" to "twelve" are.
[[nodiscard]] std::vector<NumberMention>
numbersIn(std::string_view text, const std::vector<std::pair<std::size_t, std::size_t>>& masked);

/// "mg" for "MG", "10^9/l" for "x10*3/uL" (the same amount); "" when @p text is no unit.
[[nodiscard]] std::string unitNamed(std::string_view text);

} // namespace evidence
