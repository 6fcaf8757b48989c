// SPDX-License-Identifier: Apache-2.0
#include "inference/api/openai_options.h"

#include "inference/api/json_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace api {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxStops = 4;
constexpr std::size_t kMaxStopBytes = 256;
constexpr std::size_t kMaxBiases = 300;
constexpr std::uint32_t kMaxTopLogprobs = 20;

std::unexpected<Error> unsupported(const std::string& name)
{
    return std::unexpected(makeError(Errc::UnsupportedParameter, "not supported: " + name));
}

std::unexpected<Error> wrong(const std::string& name)
{
    return std::unexpected(makeError(Errc::BadRequest, "wrong type or value of field: " + name));
}

/// A number within bounds; null leaves it as it is.
Result<bool> readNumber(const std::string& name, const json& value,
                        std::pair<double, double> bounds, double& field)
{
    if (value.is_null())
        return true;
    if (!value.is_number())
        return wrong(name);
    field = value.get<double>();
    if (!(field >= bounds.first && field <= bounds.second))
        return wrong(name);
    return true;
}

Result<bool> readCount(const std::string& name, const json& value, std::uint32_t& field)
{
    if (!value.is_null() && !Reader::fromJson(value, field))
        return wrong(name);
    return true;
}

Result<bool> readStops(const json& value, std::vector<std::string>& stops)
{
    if (value.is_null())
        return true;
    if (value.is_string())
        stops = {value.get<std::string>()};
    else if (!Reader::fromJson(value, stops))
        return wrong("stop");
    const bool good = std::ranges::all_of(stops, [](const std::string& stop) {
        return !stop.empty() && stop.size() <= kMaxStopBytes;
    });
    if (!good || stops.size() > kMaxStops)
        return wrong("stop");
    return true;
}

Result<bool> readBias(const json& value, std::vector<ChatBias>& biases)
{
    if (value.is_null())
        return true;
    if (!value.is_object() || value.size() > kMaxBiases)
        return wrong("logit_bias");
    for (const auto& [name, bias] : value.items()) {
        std::int32_t token = 0;
        const char* const end = name.data() + name.size();
        const auto [rest, error] = std::from_chars(name.data(), end, token);
        if (error != std::errc() || rest != end || token < 0 || !bias.is_number() ||
            !(std::abs(bias.get<double>()) <= 100.0))
            return wrong("logit_bias");
        biases.push_back({token, bias.get<float>()});
    }
    return true;
}

Result<bool> readFormat(const json& value, ChatFormat& format)
{
    if (value.is_null())
        return true;
    const json type = value.is_object() ? value.value("type", json()) : json();
    if (type == "text")
        format = ChatFormat::Text;
    else if (type == "json_object")
        format = ChatFormat::JsonObject;
    else if (type == "json_schema")
        format = ChatFormat::JsonSchema;
    else if (type.is_string())
        return unsupported("response_format.type");
    else
        return wrong("response_format");
    return true;
}

/// The keywords of engine/json_schema.h: the worker refuses others too, but what it says about them
/// is not passed on.
constexpr std::array<std::string_view, 26> kKeywords = {
    "$comment",  "$defs",    "$id",        "$ref",        "$schema",    "additionalProperties",
    "anyOf",     "const",    "default",    "definitions", "deprecated", "description",
    "enum",      "examples", "items",      "maxItems",    "maxLength",  "minItems",
    "minLength", "pattern",  "properties", "readOnly",    "required",   "title",
    "type",      "writeOnly"};

/// The first keyword that isn't known in a schema or the schemas in it; empty when all are. The
/// body was checked not to nest deep.
std::string unknownKeyword(const ordered_json& schema)
{
    if (!schema.is_object())
        return {};
    for (const auto& [name, value] : schema.items()) {
        if (std::ranges::find(kKeywords, name) == kKeywords.end())
            return name;
        std::string inside;
        if (name == "properties" || name == "$defs" || name == "definitions" || name == "anyOf") {
            for (const auto& [key, one] : value.items())
                if (inside.empty())
                    inside = unknownKeyword(one);
        } else if (name == "items" || name == "additionalProperties") {
            inside = unknownKeyword(value);
        }
        if (!inside.empty())
            return inside;
    }
    return {};
}

json tokenJson(const ChatToken& token)
{
    json bytes = json::array();
    for (const char byte : token.bytes)
        bytes.push_back(static_cast<unsigned char>(byte));
    return {{"token", token.bytes}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

} // namespace

Result<bool> readChoiceMember(const std::string& name, const json& value, ChatRequest& request)
{
    if (name == "stop")
        return readStops(value, request.stops);
    if (name == "logit_bias")
        return readBias(value, request.bias);
    if (name == "response_format")
        return readFormat(value, request.format);
    if (name == "top_k")
        return readCount(name, value, request.topK);
    if (name == "top_logprobs")
        return readCount(name, value, request.topLogprobs);
    if (name == "min_p")
        return readNumber(name, value, {0, 1}, request.minP);
    if (name == "frequency_penalty")
        return readNumber(name, value, {-2, 2}, request.frequencyPenalty);
    if (name == "presence_penalty")
        return readNumber(name, value, {-2, 2}, request.presencePenalty);
    if (name == "repetition_penalty")
        return readNumber(name, value, {0.01, 100}, request.repetitionPenalty);
    if (name != "logprobs")
        return false;
    if (!value.is_null() && !Reader::fromJson(value, request.logprobs))
        return wrong(name);
    return true;
}

Result<std::string> schemaIn(std::string_view text)
{
    // Read once more: the members of the other reading are sorted by name.
    const ordered_json body = ordered_json::parse(text, nullptr, false);
    const ordered_json::json_pointer place("/response_format/json_schema/schema");
    if (body.is_discarded() || !body.contains(place))
        return wrong("response_format.json_schema.schema");
    const ordered_json& schema = body.at(place);
    if (!schema.is_object())
        return wrong("response_format.json_schema.schema");
    if (const std::string keyword = unknownKeyword(schema); !keyword.empty())
        return unsupported("response_format: the schema's keyword '" + keyword + "'");
    return schema.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<void> checkChoice(const ChatRequest& request)
{
    if (request.topLogprobs > kMaxTopLogprobs || (request.topLogprobs > 0 && !request.logprobs))
        return wrong("top_logprobs");
    if (request.patient.empty())
        return {};
    // An answer from the record is checked against it sentence by sentence, as the model wrote it.
    const std::array<std::pair<bool, const char*>, 9> wishes = {
        {{!request.stops.empty(), "stop"},
         {!request.bias.empty(), "logit_bias"},
         {request.format != ChatFormat::Text, "response_format"},
         {request.topK != 0, "top_k"},
         {request.logprobs, "logprobs"},
         {request.minP != 0, "min_p"},
         {request.frequencyPenalty != 0, "frequency_penalty"},
         {request.presencePenalty != 0, "presence_penalty"},
         {request.repetitionPenalty != 1, "repetition_penalty"}}};
    for (const auto& [wished, name] : wishes)
        if (wished)
            return unsupported(std::string(name) + " together with patient");
    return {};
}

json logprobsJson(const std::vector<ChatToken>& tokens)
{
    json content = json::array();
    for (const ChatToken& token : tokens) {
        json entry = tokenJson(token);
        entry["top_logprobs"] = json::array();
        for (const ChatToken& other : token.top)
            entry["top_logprobs"].push_back(tokenJson(other));
        content.push_back(std::move(entry));
    }
    return {{"content", std::move(content)}};
}

} // namespace api
