// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/json_schema.h"

#include "inference/engine/json_text.h"
#include "inference/engine/pattern.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace engine {
namespace {

namespace dom = simdjson::dom;
using std::string_view;

constexpr std::size_t kMaxBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxNesting = 100;
constexpr std::uint32_t kAny = Expression::kNoLimit;

constexpr std::array<string_view, 12> kAnnotations = {
    "$comment",   "$defs",       "$id",      "$schema",  "default", "definitions",
    "deprecated", "description", "examples", "readOnly", "title",   "writeOnly"};
constexpr std::array<string_view, 13> kKeywords = {"$ref",     "additionalProperties",
                                                   "anyOf",    "const",
                                                   "enum",     "items",
                                                   "maxItems", "maxLength",
                                                   "minItems", "minLength",
                                                   "pattern",  "properties",
                                                   "required"};

bool isOneOf(std::span<const string_view> names, string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

/// "integer" for a whole number.
string_view typeNameOf(dom::element value)
{
    switch (value.type()) {
    case dom::element_type::ARRAY:
        return "array";
    case dom::element_type::OBJECT:
        return "object";
    case dom::element_type::STRING:
        return "string";
    case dom::element_type::BOOL:
        return "boolean";
    case dom::element_type::NULL_VALUE:
        return "null";
    case dom::element_type::DOUBLE:
        return "number";
    default:
        return "integer";
    }
}

/// Every schema becomes a rule, so that however often it is called it is there once. The first
/// failure sticks.
class SchemaReader {
public:
    explicit SchemaReader(dom::element root)
        : m_root(root)
    {
        m_ruleOf.emplace("#", 0);
        ruleFor(root);
        // Those that a rule calls wait: references can make a chain longer than any stack.
        for (std::uint32_t rule = 0; rule < m_rules.size() && !m_error; ++rule) {
            const auto schema = m_schemas.find(rule);
            if (schema == m_schemas.end())
                continue; // one of ours
            Expression expression = expressionOf(schema->second);
            m_rules[rule] = std::move(expression);
        }
    }

    Compiled<std::vector<Expression>> rules() &&
    {
        if (m_error)
            return std::unexpected(*std::move(m_error));
        return std::move(m_rules);
    }

private:
    void fail(ConstraintError::Code code, string_view what, string_view name)
    {
        if (!m_error)
            m_error = ConstraintError{code, std::string(what) + " '" + std::string(name) + "'"};
    }
    void wrong(string_view keyword)
    {
        fail(ConstraintError::Code::BadForm, "wrong value of keyword", keyword);
    }
    void unknown(string_view keyword)
    {
        fail(ConstraintError::Code::Unsupported, "not supported: keyword", keyword);
    }

    /// A rule of its own, which is written later.
    Expression ruleFor(dom::element schema)
    {
        const auto rule = static_cast<std::uint32_t>(m_rules.size());
        m_rules.emplace_back();
        m_schemas.emplace(rule, schema);
        return callOf(rule);
    }

    Expression expressionOf(dom::element schema)
    {
        bool everything = false;
        if (schema.get(everything) == simdjson::SUCCESS)
            return everything ? anyValue() : choiceOf({});
        dom::object members;
        if (m_error || schema.get(members) != simdjson::SUCCESS) {
            fail(ConstraintError::Code::BadForm, "a schema is no object:", typeNameOf(schema));
            return {};
        }
        std::set<string_view> keywords;
        for (const auto& [name, value] : members) {
            if (isOneOf(kAnnotations, name))
                continue;
            if (name != "type" && !isOneOf(kKeywords, name))
                unknown(name);
            if (!keywords.insert(name).second)
                wrong(name); // twice
        }
        for (const string_view alone : {"$ref", "anyOf", "enum", "const"}) {
            if (!keywords.contains(alone))
                continue;
            const bool typed = keywords.contains("type") && (alone == "enum" || alone == "const");
            if (keywords.size() > (typed ? 2U : 1U)) {
                fail(ConstraintError::Code::Unsupported, "not supported: other keywords beside",
                     alone);
                return {};
            }
            return expressionOfOne(alone, members);
        }
        return expressionOfTypes(members, keywords);
    }

    Expression expressionOfOne(string_view keyword, dom::object members)
    {
        if (keyword == "$ref")
            return reference(members);
        dom::element given;
        [[maybe_unused]] const auto found = members[keyword].get(given); // it is there
        std::vector<Expression> ways;
        if (keyword == "const") {
            addValue(given, members, ways);
            return choiceOf(std::move(ways));
        }
        dom::array values;
        if (given.get(values) != simdjson::SUCCESS) {
            wrong(keyword);
            return {};
        }
        for (const dom::element value : values) {
            if (keyword == "anyOf")
                ways.push_back(ruleFor(value));
            else
                addValue(value, members, ways);
        }
        return choiceOf(std::move(ways));
    }

    /// A value that is given, if the types allow it.
    void addValue(dom::element value, dom::object members, std::vector<Expression>& ways)
    {
        const auto types = typesOf(members);
        const string_view type = typeNameOf(value);
        if (types.empty() || isOneOf(types, type) ||
            (type == "integer" && isOneOf(types, "number")))
            ways.push_back(textOf(simdjson::to_string(value)));
    }

    Expression reference(dom::object members)
    {
        string_view target;
        if (members["$ref"].get(target) != simdjson::SUCCESS || !target.starts_with('#')) {
            fail(ConstraintError::Code::Unsupported, "not supported: keyword '$ref' to", target);
            return {};
        }
        const auto rule = static_cast<std::uint32_t>(m_rules.size());
        const auto [known, isNew] = m_ruleOf.try_emplace(std::string(target), rule);
        if (!isNew)
            return callOf(known->second);
        dom::element schema;
        if (m_root.at_pointer(target.substr(1)).get(schema) != simdjson::SUCCESS) {
            fail(ConstraintError::Code::BadForm, "keyword '$ref' to nothing:", target);
            return {};
        }
        return ruleFor(schema);
    }

    /// Empty when there is no keyword type.
    std::vector<string_view> typesOf(dom::object members)
    {
        constexpr std::array<string_view, 7> kTypes = {"array",  "boolean", "integer", "null",
                                                       "number", "object",  "string"};
        std::vector<string_view> types;
        dom::element given;
        if (members["type"].get(given) != simdjson::SUCCESS)
            return types;
        string_view one;
        dom::array several;
        if (given.get(one) == simdjson::SUCCESS)
            types.push_back(one);
        else if (given.get(several) == simdjson::SUCCESS)
            for (const dom::element element : several)
                types.push_back(element.get(one) == simdjson::SUCCESS ? one : string_view());
        const bool known =
            std::ranges::all_of(types, [&](string_view type) { return isOneOf(kTypes, type); });
        if (types.empty() || !known)
            wrong("type");
        return types;
    }

    Expression expressionOfTypes(dom::object members, const std::set<string_view>& keywords)
    {
        auto types = typesOf(members);
        if (types.empty()) {
            // Keywords of one type alone mean, in schemas as people write them, that type.
            const auto anyOfThem = [&](auto... names) { return (keywords.contains(names) || ...); };
            if (anyOfThem("properties", "required", "additionalProperties"))
                types = {"object"};
            else if (anyOfThem("items", "minItems", "maxItems"))
                types = {"array"};
            else if (anyOfThem("pattern", "minLength", "maxLength"))
                types = {"string"};
            else
                return anyValue();
        }
        std::vector<Expression> ways;
        ways.reserve(types.size());
        for (const string_view type : types)
            ways.push_back(expressionOfType(type, members));
        return ways.size() == 1 ? std::move(ways.front()) : choiceOf(std::move(ways));
    }

    Expression expressionOfType(string_view type, dom::object members)
    {
        if (type == "object")
            return object(members);
        if (type == "array")
            return array(members);
        if (type == "string")
            return string(members);
        if (type == "integer")
            return jsonInteger();
        if (type == "number")
            return jsonNumber();
        if (type == "boolean")
            return choiceOf({textOf("true"), textOf("false")});
        return textOf("null");
    }

    std::uint32_t limit(dom::object members, string_view keyword, std::uint32_t otherwise)
    {
        dom::element given;
        if (members[keyword].get(given) != simdjson::SUCCESS)
            return otherwise;
        std::uint64_t value = 0;
        if (given.get(value) != simdjson::SUCCESS || value >= kAny)
            wrong(keyword);
        return static_cast<std::uint32_t>(value);
    }

    Expression string(dom::object members)
    {
        const std::uint32_t least = limit(members, "minLength", 0);
        const std::uint32_t most = limit(members, "maxLength", kAny);
        dom::element given;
        if (members["pattern"].get(given) == simdjson::SUCCESS) {
            string_view pattern;
            if (given.get(pattern) != simdjson::SUCCESS)
                wrong("pattern");
            if (least != 0 || most != kAny)
                fail(ConstraintError::Code::Unsupported,
                     "not supported: minLength or maxLength beside", "pattern");
            const auto parsed = parsePattern(pattern, Anchored::AsWritten);
            if (!parsed && !m_error)
                m_error = parsed.error();
            return parsed ? jsonString(inJsonString(*parsed)) : Expression();
        }
        if (least > most)
            return choiceOf({});
        // Where it is counted it is there many times.
        const bool counted = least > 1 || most != kAny;
        return jsonString(repeated(counted ? character() : jsonCharacter(), least, most));
    }

    Expression array(dom::object members)
    {
        dom::element items;
        const bool given = members["items"].get(items) == simdjson::SUCCESS;
        const Expression item = given ? ruleFor(items) : anyValue();
        return jsonArray(item, limit(members, "minItems", 0), limit(members, "maxItems", kAny));
    }

    std::set<string_view> requiredOf(dom::object members)
    {
        std::set<string_view> names;
        dom::element given;
        if (members["required"].get(given) != simdjson::SUCCESS)
            return names;
        dom::array list;
        if (given.get(list) != simdjson::SUCCESS) {
            wrong("required");
            return names;
        }
        for (const dom::element element : list) {
            string_view name;
            if (element.get(name) != simdjson::SUCCESS)
                wrong("required");
            names.insert(name);
        }
        return names;
    }

    Expression object(dom::object members)
    {
        std::set<string_view> required = requiredOf(members);
        dom::element given;
        const bool declared = members["properties"].get(given) == simdjson::SUCCESS;
        if (!declared && required.empty())
            return objectOfAnyNames(members);
        dom::object properties;
        const bool readable = declared && given.get(properties) == simdjson::SUCCESS;
        if (declared && !readable)
            wrong("properties");
        Expression all{.kind = Expression::Kind::Members};
        all.parts.push_back(jsonComma());
        if (readable)
            for (const auto& [name, schema] : properties) {
                all.parts.push_back(jsonMember(textOf(jsonQuoted(name)), ruleFor(schema)));
                all.required.push_back(required.erase(name) > 0);
            }
        if (!required.empty())
            fail(ConstraintError::Code::Unsupported,
                 "not supported: keyword 'required' with a property that is not declared:",
                 *required.begin());
        return jsonObject(std::move(all));
    }

    /// Without properties: names are free, and values as additionalProperties says.
    Expression objectOfAnyNames(dom::object members)
    {
        dom::element values;
        const bool given = members["additionalProperties"].get(values) == simdjson::SUCCESS;
        return anyMembers(given ? ruleFor(values) : anyValue());
    }

    Expression anyMembers(Expression value)
    {
        const Expression member =
            jsonMember(jsonString(repeated(jsonCharacter(), 0, kAny)), std::move(value));
        const Expression several =
            sequenceOf({member, repeated(sequenceOf({jsonComma(), member}), 0, kAny)});
        return jsonObject(repeated(several, 0, 1));
    }

    Expression character()
    {
        if (!m_character) {
            m_character = static_cast<std::uint32_t>(m_rules.size());
            m_rules.push_back(jsonCharacter());
        }
        return callOf(*m_character);
    }

    Expression anyValue()
    {
        if (!m_anyValue) {
            m_anyValue = static_cast<std::uint32_t>(m_rules.size());
            m_rules.emplace_back();
            const Expression value = callOf(*m_anyValue);
            Expression any = choiceOf({anyMembers(value), jsonArray(value, 0, kAny),
                                       jsonString(repeated(jsonCharacter(), 0, kAny)), jsonNumber(),
                                       textOf("true"), textOf("false"), textOf("null")});
            m_rules[*m_anyValue] = std::move(any);
        }
        return callOf(*m_anyValue);
    }

    dom::element m_root;
    std::vector<Expression> m_rules;
    std::map<std::uint32_t, dom::element> m_schemas; // of rules
    std::map<std::string, std::uint32_t> m_ruleOf;   // by reference
    std::optional<std::uint32_t> m_character;
    std::optional<std::uint32_t> m_anyValue;
    std::optional<ConstraintError> m_error;
};

} // namespace

Compiled<std::vector<Expression>> rulesOfSchema(string_view schema)
{
    const auto bad = [](ConstraintError::Code code, const char* why) {
        return std::unexpected(ConstraintError{code, why});
    };
    if (schema.size() > kMaxBytes)
        return bad(ConstraintError::Code::TooLarge, "the schema is longer than 256 KiB");
    dom::parser parser;
    dom::element root;
    const simdjson::padded_string text(schema);
    if (parser.allocate(text.size(), kMaxNesting) != simdjson::SUCCESS ||
        parser.parse(text).get(root) != simdjson::SUCCESS)
        return bad(ConstraintError::Code::BadForm, "the schema is not JSON, or nests too deep");
    return SchemaReader(root).rules();
}

std::vector<Expression> rulesOfAnyObject()
{
    // A schema of ours: it is good.
    return rulesOfSchema("{\"type\":\"object\"}").value();
}

} // namespace engine
