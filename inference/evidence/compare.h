// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"
#include "inference/evidence/reading.h"

#include <vector>

namespace evidence {

/// An item with what it says.
struct ReadItem {
    const EvidenceItem* item = nullptr;
    Reading reading;
};

struct Doubt {
    Finding finding;
    bool contradicts = false; // enough to call the sentence not supported
    bool opposite = false;    // a cited item says the contrary of the same thing
};

/// What keeps @p claim from standing in @p cited; empty: it stands there.
[[nodiscard]] std::vector<Doubt> doubts(const Reading& claim,
                                        const std::vector<const ReadItem*>& cited);

/// Whether there is anything to check.
[[nodiscard]] bool claimsAnything(const Reading& claim);

} // namespace evidence
