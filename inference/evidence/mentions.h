// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/compare.h"

#include <string>
#include <vector>

namespace evidence {

/// One thing that a claim is about: a medicine, a disease, or a word of substance.
struct Thing {
    const Place* place = nullptr;
    Role role = Role::Cause; // Drug or Disease for a name; Cause: a word
    std::string name;        // of a medicine or a disease
    std::vector<std::string> kin;
    std::string shown;
};

/// What @p claim is about, in no order of importance. Reasons and numbers are left out.
[[nodiscard]] std::vector<Thing> thingsOf(const Reading& claim);

/// The places of @p item that tell of @p thing, under any of its names.
[[nodiscard]] std::vector<const Place*> placesOf(const Thing& thing, const ReadItem& item);

/// A structured entry of something that came to its end: a medicine stopped or completed, a problem
/// resolved, a plan closed. A procedure that was completed is none: it was done.
[[nodiscard]] bool isOver(const EvidenceItem& item);
/// A structured entry that says of itself that it goes on.
[[nodiscard]] bool isLive(const EvidenceItem& item);

} // namespace evidence
