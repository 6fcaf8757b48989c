// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/prose.h"
#include "storage/records/chart.h"

#include <cstddef>
#include <string>
#include <vector>

namespace evidence {

/// An allergy that a note tells.
struct AllergyMention {
    struct Place {
        std::size_t document = 0; // index in Chart::documents
        TextSpan span;            // the sentence
    };
    std::string substance;     // as written, lower case
    std::vector<Place> places; // newest first, at most three
};

/// Allergies of the patient that notes tell ("allergic to X", "allergies: X, Y", "X allergy") and
/// that no allergy entry names. Denials and relatives' allergies are left out.
[[nodiscard]] std::vector<AllergyMention> unlistedAllergies(const records::Chart& chart);

} // namespace evidence
