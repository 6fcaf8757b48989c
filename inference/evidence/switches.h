// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/reading.h"

#include <vector>

namespace evidence {

/// One side of "switched from warfarin to apixaban": what was stopped, or what was started.
struct Switch {
    Role role = Role::Start;
    Subject subject;
    std::size_t verb = 0; // the word that says it
    bool denied = false;  // "instead of": not started
};

/// @p places: with parts set.
[[nodiscard]] std::vector<Switch> switchesIn(const std::vector<Word>& words,
                                             const std::vector<Phrase>& phrases,
                                             const std::vector<Place>& places);

} // namespace evidence
