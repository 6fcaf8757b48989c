// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <string>
#include <string_view>

namespace evidence {

/// The texts of the two turns. The service makes wire::Turns of them; neither is ever parsed for
/// special tokens.
struct Prompt {
    std::string system;
    std::string user;
};

/// Puts the numbered evidence and the question into words that a small model follows. Each item is
/// one line and quoted; text of the record cannot start a line, forge a number or close its quote.
[[nodiscard]] Prompt composePrompt(std::string_view question, const Evidence& evidence);

} // namespace evidence
