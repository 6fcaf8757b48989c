// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/chart.h"

#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// A question read with its slips of the pen.
struct Spelling {
    std::string question; // with the words that were meant
    /// What was read otherwise than written, and what might be meant; whole sentences.
    std::vector<std::string> remarks;
    bool changed = false; // question differs from what was written
};

/// Takes a word that neither this program nor the record knows as the one known word that is one
/// letter away (two for eight letters and more; two letters that changed places count once). Where
/// several fit, nothing is changed and they are told. A name of a medicine is taken only where no
/// other medicine is as near and the record holds it: names that look alike are never exchanged.
[[nodiscard]] Spelling spelled(std::string_view question, const records::Chart& chart);

} // namespace evidence
