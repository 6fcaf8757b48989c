// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/openai.h"

#include <nlohmann/json_fwd.hpp>

// Inside this folder only.
namespace api {

/// Reads one of the members that say how tokens are chosen or what the answer must be. False when
/// @p name is none of them. Errors: BadRequest; UnsupportedParameter, naming what isn't known.
[[nodiscard]] Result<bool> readChoiceMember(const std::string& name, const nlohmann::json& value,
                                            ChatRequest& request);

/// The schema in the body @p text, its members in their order. Errors: BadRequest when there is
/// none; UnsupportedParameter, naming the keyword that isn't known.
[[nodiscard]] Result<std::string> schemaIn(std::string_view text);

/// What all members together say. Errors: BadRequest; UnsupportedParameter.
[[nodiscard]] Result<void> checkChoice(const ChatRequest& request);

/// The member logprobs of a choice.
[[nodiscard]] nlohmann::json logprobsJson(const std::vector<ChatToken>& tokens);

} // namespace api
