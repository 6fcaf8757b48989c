// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"
#include "inference/evidence/words.h"

#include <optional>
#include <string_view>

namespace evidence {

/// The kind of entry that a word asks for; nullopt: none.
[[nodiscard]] std::optional<Topic> kindNamed(std::string_view stem);
/// Stems that entries without a topic of their own are found by: vaccinations, procedures; "" for
/// a word of no such kind.
[[nodiscard]] std::string_view stemsOfKind(std::string_view stem);
/// Words that shape a question and are looked for nowhere.
[[nodiscard]] bool isShape(const Word& word);
/// Words that only a question about a patient has.
[[nodiscard]] bool pointsToPatient(std::string_view word);

} // namespace evidence
