// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// A sentence of an earlier answer that stood in the record, with the items that it rested on.
/// Their numbers are of that turn and mean nothing in another.
struct EarlierSentence {
    std::string text; // its citation marks are not looked at
    std::vector<EvidenceItem> cited;
};

/// An earlier turn of the same conversation about the same patient.
struct EarlierTurn {
    std::string question;
    std::vector<EarlierSentence> sentences; // supported or computed ones only; may be empty
};

/// A question and its answer as two turns of the prompt; answer is empty where none is told.
struct Exchange {
    std::string question;
    std::string answer;
};

/// The texts of the turns. The service makes wire::Turns of them; none is ever parsed for special
/// tokens.
struct Prompt {
    std::string system;
    std::vector<Exchange> earlier; // oldest first
    std::string user;
};

/// Puts the numbered evidence and the question into words that a small model follows. Each item is
/// one line and quoted; text of the record cannot start a line, forge a number or close its quote.
/// @p earlier, oldest first, is told for what the question refers to: a sentence keeps a citation
/// only where the item is among @p evidence, under the number that it has there.
[[nodiscard]] Prompt composePrompt(std::string_view question, const Evidence& evidence,
                                   std::span<const EarlierTurn> earlier = {});

} // namespace evidence
