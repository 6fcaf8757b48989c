// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/openai.h"
#include "inference/evidence/prompt.h"
#include "storage/vault.h"

#include <span>
#include <string>
#include <vector>

namespace service {

/// What a follow-up question may refer to: the newest few of @p turns, which the vault gave for
/// one conversation, oldest first. A question without an answer yet is not among them. Of an answer
/// only sentences that the record supports are kept, with the items that they cite; an abstention
/// has none.
[[nodiscard]] std::vector<evidence::EarlierTurn> earlierOf(std::span<const storage::Turn> turns);

/// The same for a caller that keeps the conversation itself: its questions before the last message.
/// Of the answers nothing is taken; whatever the caller says that they were, nobody has checked it
/// against the record. The last message is not among them.
[[nodiscard]] std::vector<evidence::EarlierTurn> earlierOf(std::span<const api::ChatMessage> said);

/// Their questions, newest first.
[[nodiscard]] std::vector<std::string> questionsOf(std::span<const evidence::EarlierTurn> earlier);

} // namespace service
