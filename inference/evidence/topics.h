// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"
#include "inference/evidence/terms.h"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// What a free question asks about.
struct Topics {
    std::vector<Term> terms;
    std::set<Topic> kinds;     // "which medications ..." -> Medication
    bool everything = false;   // a summary
    bool family = false;       // about relatives
    bool ofThePatient = false; // names the patient, or anything clinical
    bool latest = false;       // "last", "most recent"
    std::optional<int> from;   // days since 1970 that the question is limited to
    std::optional<int> to;
    bool foreign = false;    // not in English
    bool refersBack = false; // names nothing at all, or only a kind: "and the dose of it?"
};

[[nodiscard]] Topics topicsOf(std::string_view question, const records::Chart& chart, Day today);
/// The same in a conversation: a question that names nothing of its own ("Why?", "And before
/// that?") is about what the newest of @p earlier names that names anything. Dates stay its own.
[[nodiscard]] Topics topicsOf(std::string_view question, std::span<const std::string> earlier,
                              const records::Chart& chart, Day today);

/// Days since 1970 of the first and of the last day that @p date may mean; nullopt: not known.
[[nodiscard]] std::optional<int> firstDayOf(int year, int month, int day);
[[nodiscard]] std::optional<int> lastDayOf(int year, int month, int day);

} // namespace evidence
