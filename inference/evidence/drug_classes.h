// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace evidence {

/// A group of medicines as clinicians speak of it.
struct DrugClass {
    std::string_view names;   // "|"-separated, lower case, singular; the first is shown
    std::string_view members; // blank-separated ingredients
    std::string_view endings; // blank-separated endings of further members
    /// Whether an allergy to one member warns of the others. "Antibiotic" is too wide for that.
    bool related = false;
};

[[nodiscard]] std::span<const DrugClass> drugClasses();
/// The class that @p words (lower case, joined by blanks, singular or plural) name; else null.
[[nodiscard]] const DrugClass* drugClassNamed(std::string_view words);
[[nodiscard]] bool isMember(const DrugClass& group, std::string_view ingredient);
/// All ingredients of @p group that this program knows by name.
[[nodiscard]] std::set<std::string> membersOf(const DrugClass& group);
/// A class with related set that holds both; null: none.
[[nodiscard]] const DrugClass* relatedClass(std::string_view ingredient, std::string_view other);
[[nodiscard]] std::string_view shownName(const DrugClass& group);

/// Words of a class's longest name.
inline constexpr std::size_t kLongestClassName = 5;

} // namespace evidence
