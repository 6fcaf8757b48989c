// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// POST /v1/chat/completions and GET /v1/models, so far as they are supported.
/// Source: the OpenAI API reference, "Create chat completion".
namespace api {

struct ChatMessage {
    std::string role; // system, user, assistant
    std::string content;
};

struct ChatRequest {
    std::string model;
    std::vector<ChatMessage> messages;
    std::string patient; // our extension: the full flow on this patient's record
    bool stream = false;
    bool includeUsage = false; // stream_options.include_usage
    std::uint32_t maxTokens = 400;
    double temperature = 0;
    double topP = 1;
    std::uint64_t seed = 0;
};

struct ChatUsage {
    std::uint32_t promptTokens = 0, completionTokens = 0;
};

struct ChatAnswer {
    std::string id, model;
    std::int64_t created = 0; // Unix time
    std::string text;         // of a chunk: what is new
    std::string finishReason; // stop, length; empty in chunks before the last
    std::optional<ChatUsage> usage;
};

/// Errors: BadRequest; UnsupportedParameter for any member that would change the answer and is not
/// listed above (tools, n > 1, logprobs, response_format, ...).
[[nodiscard]] Result<ChatRequest> decodeChatRequest(std::string_view json);
[[nodiscard]] std::string encodeChatCompletion(const ChatAnswer& answer);
[[nodiscard]] std::string encodeChatChunk(const ChatAnswer& answer);
/// @p model empty: no model is loaded.
[[nodiscard]] std::string encodeModels(std::string_view model, std::int64_t created);

} // namespace api
