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

/// What is added to the logit of a token.
struct ChatBias {
    std::int32_t token = 0;
    float bias = 0;
};

/// What response_format asks for.
enum class ChatFormat { Text, JsonObject, JsonSchema };

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
    std::uint32_t topK = 0;       // 0: all tokens; not of OpenAI's, as vLLM names it
    double minP = 0;              // as vLLM names it
    double repetitionPenalty = 1; // as vLLM names it
    double frequencyPenalty = 0;
    double presencePenalty = 0;
    std::vector<ChatBias> bias;
    std::vector<std::string> stops;
    bool logprobs = false;
    std::uint32_t topLogprobs = 0;
    ChatFormat format = ChatFormat::Text;
    std::string schema; // of JsonSchema: JSON, its members in the client's order
};

/// A token of an answer and how likely the model took it to be.
struct ChatToken {
    std::string bytes;          // perhaps a part of a character
    double logprob = 0;         // natural logarithm
    std::vector<ChatToken> top; // the most likely ones in its place
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
    std::optional<std::vector<ChatToken>> tokens; // where asked for; of a chunk: what is new
};

/// Errors: BadRequest; UnsupportedParameter for any member that would change the answer and is not
/// listed above (tools, n > 1, ...), for keywords of a schema that aren't known, and for what a
/// patient's record doesn't allow beside it.
[[nodiscard]] Result<ChatRequest> decodeChatRequest(std::string_view json);
[[nodiscard]] std::string encodeChatCompletion(const ChatAnswer& answer);
[[nodiscard]] std::string encodeChatChunk(const ChatAnswer& answer);
/// @p model empty: no model is loaded.
[[nodiscard]] std::string encodeModels(std::string_view model, std::int64_t created);

} // namespace api
