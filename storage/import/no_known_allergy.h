// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/chart.h"

#include <string_view>

namespace imports {

/// Whether the words as a whole say that there is no known allergy, in general or of one kind
/// ("No known drug or food allergies (NKDA)", "Denies allergies"). Anything beside that, an
/// exception or a second sentence, makes it false: an allergy too many can be seen to be none, one
/// too few can't be seen.
[[nodiscard]] bool saysNoKnownAllergy(std::string_view text);

/// Whether a concept is such a statement by its code or its words. A code whose concept has words
/// that say something else isn't.
[[nodiscard]] bool isNoKnownAllergy(const records::Concept& code);

/// The words of a statement that came as a bare code; "" for any other concept.
[[nodiscard]] std::string_view wordsOfNoKnownAllergy(const records::Concept& code);

} // namespace imports
