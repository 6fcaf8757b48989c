// SPDX-License-Identifier: Apache-2.0
/** @file
 * Lists of words or names that stand in one string, "potassium|k|serum potassium", as the tables
 * of the vocabulary hold them.
 */
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace evidence {

/// Calls @p visit with each part of @p list that isn't empty, as a std::string_view of it.
template <typename Visit>
constexpr void eachPart(std::string_view list, char separator, const Visit& visit)
{
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(separator), list.size());
        if (end > 0)
            visit(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

/// Whether @p part is one of the parts of @p list.
[[nodiscard]] constexpr bool isOneOf(std::string_view part, std::string_view list,
                                     char separator = ' ')
{
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(separator), list.size());
        if (end > 0 && list.substr(0, end) == part)
            return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// The name that the others of a "|"-separated list stand for.
[[nodiscard]] constexpr std::string_view firstName(std::string_view names)
{
    return names.substr(0, names.find('|'));
}

} // namespace evidence
