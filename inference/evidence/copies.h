// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <string_view>

namespace evidence {

/// Whether @p sentence is, word for word, one or more whole sentences of @p item, or fields from
/// the first of an entry on ("Medication:" may be left out). What stands inside a sentence is none:
/// "coeliac disease" of "without coeliac disease".
[[nodiscard]] bool isCopy(std::string_view sentence, const EvidenceItem& item);

} // namespace evidence
