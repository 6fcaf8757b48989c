// SPDX-License-Identifier: Apache-2.0
#include "inference/api/openai.h"

#include "inference/api/json_fields.h"
#include "inference/api/limits.h"
#include "inference/api/openai_options.h"

#include <array>

namespace api {

namespace {

using nlohmann::json;

Error unsupported(const std::string& name)
{
    return makeError(Errc::UnsupportedParameter, "not supported: " + name);
}

Error wrongType(const std::string& name)
{
    return makeError(Errc::BadRequest, "wrong type or value of field: " + name);
}

/// Parameters whose neutral value asks for what happens anyway.
bool isNeutral(const std::string& name, const json& value)
{
    if (name == "n")
        return value == 1;
    if (name == "store" || name == "parallel_tool_calls")
        return value == false;
    if (name == "user" || name == "metadata")
        return true; // says who asks; identity here is the session's
    return value.is_null();
}

Result<ChatMessage> readMessage(const json& value)
{
    if (!value.is_object())
        return std::unexpected(wrongType("messages"));
    ChatMessage message;
    for (const auto& [name, member] : value.items()) {
        if (name == "role" && member.is_string())
            message.role = member.get<std::string>();
        else if (name == "content" && member.is_string())
            message.content = member.get<std::string>();
        else if (name == "content")
            return std::unexpected(unsupported("messages.content other than a string"));
        else if (name != "name" && !member.is_null())
            return std::unexpected(unsupported("messages." + name));
    }
    constexpr std::array<std::string_view, 3> kRoles{"system", "user", "assistant"};
    if (message.role == "developer")
        message.role = "system";
    if (std::ranges::find(kRoles, message.role) == kRoles.end())
        return std::unexpected(unsupported("messages.role"));
    return message;
}

Result<void> readMessages(const json& value, std::vector<ChatMessage>& messages)
{
    if (!value.is_array())
        return std::unexpected(wrongType("messages"));
    for (const json& element : value) {
        Result<ChatMessage> message = readMessage(element);
        if (!message)
            return std::unexpected(message.error());
        messages.push_back(std::move(*message));
    }
    return {};
}

Result<void> readMember(const std::string& name, const json& value, ChatRequest& request)
{
    const auto read = [&](auto& field) -> Result<void> {
        if (!Reader::fromJson(value, field))
            return std::unexpected(wrongType(name));
        return {};
    };
    if (name == "model")
        return read(request.model);
    if (name == "messages")
        return readMessages(value, request.messages);
    if (name == "patient")
        return read(request.patient);
    if (name == "stream")
        return read(request.stream);
    if (name == "max_tokens" || name == "max_completion_tokens")
        return read(request.maxTokens);
    if (name == "temperature")
        return read(request.temperature);
    if (name == "top_p")
        return read(request.topP);
    if (name == "seed")
        return read(request.seed);
    if (name == "stream_options" && value.is_object()) {
        request.includeUsage = value.value("include_usage", json(false)) == true;
        return {};
    }
    const Result<bool> known = readChoiceMember(name, value, request);
    if (!known)
        return std::unexpected(known.error());
    if (!*known && !isNeutral(name, value))
        return std::unexpected(unsupported(name));
    return {};
}

json usageJson(const ChatUsage& usage)
{
    return {{"prompt_tokens", usage.promptTokens},
            {"completion_tokens", usage.completionTokens},
            {"total_tokens", std::uint64_t{usage.promptTokens} + usage.completionTokens}};
}

json envelope(const ChatAnswer& answer, const char* object, json choice)
{
    if (answer.tokens)
        choice["logprobs"] = logprobsJson(*answer.tokens);
    json body{{"id", answer.id},
              {"object", object},
              {"created", answer.created},
              {"model", answer.model},
              {"choices", json::array({std::move(choice)})}};
    if (answer.usage)
        body["usage"] = usageJson(*answer.usage);
    return body;
}

json reasonJson(const ChatAnswer& answer)
{
    return answer.finishReason.empty() ? json(nullptr) : json(answer.finishReason);
}

} // namespace

Result<ChatRequest> decodeChatRequest(std::string_view text)
{
    const Result<json> body = parseJson(text);
    if (!body)
        return std::unexpected(body.error());
    if (!body->is_object())
        return std::unexpected(makeError(Errc::BadRequest, "the body is not an object"));
    ChatRequest request;
    for (const auto& [name, value] : body->items()) {
        if (const Result<void> member = readMember(name, value, request); !member)
            return std::unexpected(member.error());
    }
    if (request.messages.empty() || request.messages.back().role != "user")
        return std::unexpected(wrongType("messages"));
    if (request.maxTokens == 0 || request.maxTokens > kMaxAnswerTokens)
        return std::unexpected(wrongType("max_tokens"));
    if (request.temperature < 0 || request.temperature > 2)
        return std::unexpected(wrongType("temperature"));
    if (request.topP <= 0 || request.topP > 1)
        return std::unexpected(wrongType("top_p"));
    if (const Result<void> choice = checkChoice(request); !choice)
        return std::unexpected(choice.error());
    if (request.format == ChatFormat::JsonSchema) {
        Result<std::string> schema = schemaIn(text);
        if (!schema)
            return std::unexpected(schema.error());
        request.schema = *std::move(schema);
    }
    return request;
}

std::string encodeChatCompletion(const ChatAnswer& answer)
{
    return dumpJson(envelope(answer, "chat.completion",
                             {{"index", 0},
                              {"message", {{"role", "assistant"}, {"content", answer.text}}},
                              {"finish_reason", reasonJson(answer)}}));
}

std::string encodeChatChunk(const ChatAnswer& answer)
{
    json delta = json::object();
    if (!answer.text.empty())
        delta["content"] = answer.text;
    return dumpJson(envelope(
        answer, "chat.completion.chunk",
        {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", reasonJson(answer)}}));
}

std::string encodeModels(std::string_view model, std::int64_t created)
{
    json data = json::array();
    if (!model.empty())
        data.push_back(
            {{"id", model}, {"object", "model"}, {"created", created}, {"owned_by", "local"}});
    return dumpJson({{"object", "list"}, {"data", std::move(data)}});
}

} // namespace api
