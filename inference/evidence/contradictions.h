// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/compare.h"

#include <optional>
#include <vector>

namespace evidence {

/// What a sentence is about beyond its own words.
struct Asked {
    const Reading* question = nullptr; // nullptr: not known
    bool latest = false;               // the question asks for the last value, at no date
};

/// The item of @p all, none of @p cited, which says otherwise than a claim of now: the same thing
/// denied, gone or resolved no earlier than @p cited tell of it; a newer value of the same
/// measurement where the last one is told; another level of it; an active entry of what is denied.
/// nullptr: none. @p cited support @p claim.
[[nodiscard]] const ReadItem* contradicting(const Reading& claim,
                                            const std::vector<const ReadItem*>& cited,
                                            const std::vector<ReadItem>& all, const Asked& asked);

/// "last", "latest", "current", "now", "most recent".
[[nodiscard]] bool asksForTheLast(const Reading& reading);

} // namespace evidence
