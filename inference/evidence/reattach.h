// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/compare.h"

#include <vector>

namespace evidence {

/// The one item that says all of @p claim by itself, the best-ranked where several do; nullptr:
/// none. A small model often writes the wrong number behind a right sentence, so this is asked once
/// the cited items leave doubts, @p found. docs/decisions/0010-a-wrong-number-is-corrected.md:
/// - @p claim is about something: a medicine, a measurement, a disease, two words of substance, or
///   one with a figure or a date; what is started, stopped or resolved is named in it.
/// - The item leaves no doubt at all: every number with unit and comparator, date, name, denial,
///   side, person, status and reason stands there, and so does every word of substance.
/// - In a passage one sentence leaves none, since words of several may never have been said
///   together.
/// - The cited items did not merely say the opposite (denied, of a relative, the other side).
/// @p all is in the order of their numbers; @p cited are passed over.
[[nodiscard]] const ReadItem* soleSupport(const Reading& claim, const std::vector<Doubt>& found,
                                          const std::vector<ReadItem>& all,
                                          const std::vector<const ReadItem*>& cited);

} // namespace evidence
