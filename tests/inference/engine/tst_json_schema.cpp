// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/json_schema.h"
#include "tests/inference/engine/made_vocabulary.h"
#include "tests/support/run_options.h"

#include <QTest>

#include <optional>
#include <regex>
#include <set>
#include <simdjson.h>

namespace dom = simdjson::dom;
using engine::Constraint;
using engine::ConstraintError;

namespace {

using Kind = wire::Constraint::Kind;

const MadeVocabulary& vocabulary()
{
    static const MadeVocabulary kVocabulary(
        0, 255,
        {"{\"",       "\":",   "\": \"",    "\",\"", "\"}",           "},{",      "]}",
         "[]",        "[[",    "{}",        "}}",    "true",          "false",    "null",
         "name",      "dose",  "\"name\":", "mg",    "\\\"",          "\\u00",    "\n  ",
         "\",\n  \"", "12",    "0.5",       "-1",    "e+1",           "\xc3\xa4", "\xe2\x82",
         "[1,2",      "\"a\"", ", ",        "tag",   "\"tags\": [\"", "unit",     "x\xf0\x9f",
         "a]",        "kind",  "next"});
    return kVocabulary;
}

const engine::TokenTrie& trie()
{
    static const engine::TokenTrie kTrie = vocabulary().trie();
    return kTrie;
}

engine::Compiled<Constraint> compiled(const std::string& schema)
{
    return Constraint::compile({.kind = Kind::JsonSchema, .text = schema}, trie());
}

std::size_t charactersIn(std::string_view text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80; }));
}

/// Checks values against a schema in the plainest way: an independent reading of the standard.
class Checker {
public:
    explicit Checker(dom::element root)
        : m_root(root)
    {
    }

    [[nodiscard]] bool fits(dom::element schema, dom::element value) const
    {
        if (schema.is_bool())
            return bool(schema);
        const dom::object rules = schema;
        dom::element rule;
        if (!rules["$ref"].get(rule))
            return fits(m_root.at_pointer(std::string_view(rule).substr(1)), value);
        if (!rules["anyOf"].get(rule))
            return any(rule, [&](dom::element one) { return fits(one, value); });
        if (!rules["const"].get(rule) && !same(rule, value))
            return false;
        if (!rules["enum"].get(rule) && !any(rule, [&](auto one) { return same(one, value); }))
            return false;
        if (!rules["type"].get(rule)) {
            const auto is = [&](dom::element type) { return hasType(value, type); };
            if (rule.is_array() ? !any(rule, is) : !is(rule))
                return false;
        }
        if (value.is_string())
            return fitsString(rules, value);
        if (value.is_array())
            return fitsArray(rules, value);
        return !value.is_object() || fitsObject(rules, value);
    }

private:
    template <typename Test>
    static bool any(dom::array list, Test test)
    {
        return std::any_of(list.begin(), list.end(), test);
    }
    static bool same(dom::element a, dom::element b)
    {
        return simdjson::to_string(a) == simdjson::to_string(b);
    }
    static bool hasType(dom::element value, std::string_view type)
    {
        const bool whole = value.is_int64() || value.is_uint64();
        return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
               (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
               (type == "null" && value.is_null()) || (type == "integer" && whole) ||
               (type == "number" && value.is_number());
    }
    static std::uint64_t limit(dom::object rules, const char* name, std::uint64_t otherwise)
    {
        std::uint64_t value = otherwise;
        return rules[name].get(value) ? otherwise : value;
    }
    static bool fitsString(dom::object rules, std::string_view text)
    {
        dom::element pattern;
        if (!rules["pattern"].get(pattern) &&
            !std::regex_search(std::string(text),
                               std::regex(std::string(std::string_view(pattern)))))
            return false;
        return charactersIn(text) >= limit(rules, "minLength", 0) &&
               charactersIn(text) <= limit(rules, "maxLength", UINT64_MAX);
    }
    [[nodiscard]] bool fitsArray(dom::object rules, dom::array list) const
    {
        dom::element items;
        const bool typed = !rules["items"].get(items);
        for (const dom::element item : list)
            if (typed && !fits(items, item))
                return false;
        return list.size() >= limit(rules, "minItems", 0) &&
               list.size() <= limit(rules, "maxItems", UINT64_MAX);
    }
    [[nodiscard]] bool fitsObject(dom::object rules, dom::object value) const
    {
        dom::element properties;
        const bool declared = !rules["properties"].get(properties);
        dom::element others;
        const bool limited = !rules["additionalProperties"].get(others);
        for (const auto& [name, member] : value) {
            dom::element schema;
            if (declared && !dom::object(properties)[name].get(schema)) {
                if (!fits(schema, member))
                    return false;
            } else if (limited && !fits(others, member)) {
                return false;
            }
        }
        dom::element required;
        if (rules["required"].get(required))
            return true;
        return !any(required, [&](dom::element name) {
            dom::element member;
            return bool(value[std::string_view(name)].get(member));
        });
    }

    dom::element m_root;
};

bool fits(const std::string& schema, const std::string& text)
{
    dom::parser ofSchema;
    dom::parser ofText;
    const dom::element root = ofSchema.parse(schema);
    dom::element value;
    return !ofText.parse(text).get(value) && Checker(root).fits(root, value);
}

const char* const kMedication =
    "{\"title\":\"Medication\",\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\",\"maxLength\":5},"
    "\"dose\":{\"type\":\"number\"},\"unit\":{\"enum\":[\"mg\",\"\xc2\xb5g\",null,7]},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":3},"
    "\"as \\\"needed\\\"\\n\":{\"type\":[\"boolean\",\"null\"]}},"
    "\"required\":[\"dose\",\"tags\"],\"additionalProperties\":false}";
const char* const kTree =
    "{\"$ref\":\"#/$defs/node\",\"$defs\":{\"node\":{\"type\":\"object\",\"properties\":{"
    "\"kind\":{\"const\":\"leaf\"},\"next\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/"
    "node\"}"
    "}},\"required\":[\"kind\"]}}}";

} // namespace

class TestJsonSchema : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void walksUnderTheMaskFit_data()
    {
        QTest::addColumn<QByteArray>("schema");
        for (const char* schema :
             {kMedication,
              kTree,
              "{\"type\":\"object\"}",
              "{\"type\":\"string\"}",
              "true",
              "{}",
              "{\"type\":\"integer\"}",
              "{\"type\":[\"number\",\"null\"]}",
              "{\"type\":\"string\",\"minLength\":2,\"maxLength\":4}",
              "{\"type\":\"string\",\"pattern\":\"^[A-Z]\\\\d+\\\"?$\"}",
              "{\"type\":\"string\",\"pattern\":\"^[x-z]+a\\nb$\"}",
              "{\"type\":\"array\",\"items\":{\"type\":\"array\"}}",
              "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":2,\"maxItems\":2}",
              "{\"type\":\"array\",\"maxItems\":0}",
              "{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\"}},"
              "\"required\":[\"a\"]},{\"type\":\"object\",\"properties\":{\"a\":{\"type\":"
              "\"array\"},"
              "\"b\":{\"type\":\"null\"}},\"required\":[\"b\"]}]}",
              "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}",
              "{\"type\":\"object\",\"additionalProperties\":false}",
              "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{},\"c\":{\"type\":\"null\"}}}",
              "{\"type\":\"object\",\"properties\":{\"a\":false,\"b\":{\"type\":\"null\"}}}",
              "{\"enum\":[\"a\",1,-2.5,[1,{\"x\":null}],true],\"type\":[\"string\",\"number\","
              "\"array\"]}",
              "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}"})
            QTest::newRow(schema) << QByteArray(schema);
    }
    void walksUnderTheMaskFit()
    {
        QFETCH(QByteArray, schema);
        auto constraint = compiled(schema.toStdString());
        QVERIFY2(constraint, constraint ? "" : constraint.error().detail.c_str());
        std::mt19937 random(5);
        std::set<std::string> texts;
        for (int i = 0; i < 150; ++i) {
            const Walk one = walk(*constraint, vocabulary(), random, 30);
            QVERIFY(!one.stuck);
            QVERIFY2(one.ended, one.text.c_str());
            QVERIFY2(fits(schema.toStdString(), one.text), one.text.c_str());
            texts.insert(one.text);
        }
        QVERIFY(texts.size() > 3 || schema.contains("maxItems\":0") || schema.contains("false"));
    }

    /// Negative controls: without masks nothing fits, and the checker tells wrong from right.
    void theCheckerRefuses()
    {
        std::mt19937 random(5);
        for (int i = 0; i < 1000; ++i) {
            std::string free = "{";
            for (unsigned n = random() % 10; n > 0; --n)
                free += vocabulary().text(
                    static_cast<std::int32_t>(random() % (vocabulary().size() - 2)));
            QVERIFY(!fits(kMedication, free));
        }
        QVERIFY(fits(kMedication, "{\"dose\":1,\"tags\":[\"a\"],\"unit\":\"mg\"}"));
        QVERIFY(!fits(kMedication, "{\"dose\":1,\"tags\":[]}"));
        QVERIFY(!fits(kMedication, "{\"dose\":1}"));
        QVERIFY(!fits(kMedication, "{\"dose\":1,\"tags\":[\"a\"],\"other\":1}"));
        QVERIFY(!fits(kMedication, "{\"dose\":1,\"tags\":[\"a\"],\"name\":\"sixsix\"}"));
        QVERIFY(!fits(kTree, "{\"kind\":\"leaf\",\"next\":[{\"kind\":\"x\"}]}"));
    }

    void acceptsAndRefuses()
    {
        auto constraint = compiled(kMedication);
        QVERIFY(constraint);
        const auto accepted = [&](const char* text) {
            return accepts(*constraint, vocabulary(), text);
        };
        QVERIFY(accepted("{\"dose\":0.25,\"tags\":[\"a\"]}"));
        QVERIFY(
            accepted("{\"name\": \"\xc3\xa4\\u00e4\\n\", \"dose\": -1e-3, \"unit\": \"\xc2\xb5g\", "
                     "\"tags\": [\"\", \"b\"], \"as \\\"needed\\\"\\n\": null}"));
        QVERIFY(accepted("{\n  \"dose\": 12,\n  \"tags\": [\n    \"a\"\n  ]\n}"));
        for (const char* wrong :
             {"", "{}", "{\"dose\":1}", "{\"tags\":[\"a\"],\"dose\":1}", "{\"dose\":1,\"tags\":[]}",
              "{\"dose\":01,\"tags\":[\"a\"]}", "{\"dose\":1.,\"tags\":[\"a\"]}",
              "{\"dose\":1,\"tags\":[\"a\"],}", "{,\"dose\":1,\"tags\":[\"a\"]}",
              "{\"name\":\"sixsix\",\"dose\":1,\"tags\":[\"a\"]}", "{\"dose\":1,\"tags\":[\"\n\"]}",
              "{\"dose\":1,\"tags\":[\"\\ud800\"]}", "{\"dose\":1,\"tags\":[\"\xff\"]}",
              "{\"dose\":1,\"tags\":[\"a\"]} ", "{\"dose\":1,\"tags\":[\"a\",\"b\",\"c\",\"d\"]}"})
            QVERIFY2(!accepted(wrong), wrong);
    }

    void anyObjectNestsAsDeepAsAllowed()
    {
        auto any = Constraint::compile({.kind = Kind::AnyJson}, trie());
        QVERIFY(any);
        QVERIFY(accepts(*any, vocabulary(), "{\"a\":[1,{\"b\":[]}],\"\":\"\\\\\"}"));
        QVERIFY(!accepts(*any, vocabulary(), "[]"));
        // Opens brackets as long as it may: then everything can still be closed.
        auto state = any->begin();
        std::string text = "{\"a\":";
        for (const char c : text)
            state = any->advance(state, static_cast<unsigned char>(c));
        std::size_t depth = 0;
        for (; any->mask(state).allows('['); ++depth) {
            state = any->advance(state, '[');
            text += '[';
            QVERIFY(depth < 1000);
        }
        QVERIFY(depth > 30);
        QVERIFY(any->mask(state).allows(']') && !any->mask(state).allows('{'));
        for (; depth > 0; --depth)
            state = any->advance(state, ']');
        state = any->advance(state, '}');
        QVERIFY(Constraint::isComplete(state));
        QCOMPARE(any->mask(state).count(), std::size_t{1}); // the end of the turn
    }

    void whatIsNotKnownIsNamed_data()
    {
        using Code = ConstraintError::Code;
        QTest::addColumn<QByteArray>("schema");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("named");
        const auto row = [](const char* schema, Code code, const char* named) {
            QTest::newRow(schema) << QByteArray(schema) << static_cast<int>(code)
                                  << QByteArray(named);
        };
        row("{\"type\":\"integer\",\"minimum\":1}", Code::Unsupported, "'minimum'");
        row("{\"items\":{\"oneOf\":[]}}", Code::Unsupported, "'oneOf'");
        row("{\"properties\":{\"a\":{\"format\":\"date\"}}}", Code::Unsupported, "'format'");
        row("{\"anyOf\":[{}],\"type\":\"object\"}", Code::Unsupported, "'anyOf'");
        row("{\"$ref\":\"http:x\"}", Code::Unsupported, "'http:x'");
        row("{\"required\":[\"a\"]}", Code::Unsupported, "'a'");
        row("{\"pattern\":\"a\",\"maxLength\":3}", Code::Unsupported, "'pattern'");
        row("{\"pattern\":\"\\\\bx\"}", Code::Unsupported, "pattern");
        row("{\"type\":\"text\"}", Code::BadForm, "'type'");
        row("{\"type\":[]}", Code::BadForm, "'type'");
        row("{\"type\":5}", Code::BadForm, "'type'");
        row("{\"type\":\"array\",\"minItems\":-1}", Code::BadForm, "'minItems'");
        row("{\"enum\":5}", Code::BadForm, "'enum'");
        row("{\"properties\":5}", Code::BadForm, "'properties'");
        row("{\"properties\":{},\"required\":5}", Code::BadForm, "'required'");
        row("{\"type\":\"null\",\"type\":\"string\"}", Code::BadForm, "'type'");
        row("{\"$ref\":\"#/$defs/none\"}", Code::BadForm, "'#/$defs/none'");
        row("{\"items\":[]}", Code::BadForm, "'array'");
        row("5", Code::BadForm, "'integer'");
        row("{", Code::BadForm, "JSON");
        row("", Code::BadForm, "JSON");
        row("{\"type\":\"string\",\"maxLength\":4000000}", Code::TooLarge, "states");
        row("false", Code::Empty, "fits");
        row("{\"$ref\":\"#\"}", Code::Empty, "fits"); // itself, for ever
        row("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}",
            Code::Empty, "fits");
        row("{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}", Code::Empty, "fits");
        row("{\"enum\":[1],\"type\":\"string\"}", Code::Empty, "fits");
    }
    void whatIsNotKnownIsNamed()
    {
        QFETCH(QByteArray, schema);
        QFETCH(int, code);
        QFETCH(QByteArray, named);
        const auto constraint = compiled(schema.toStdString());
        QVERIFY(!constraint);
        QCOMPARE(static_cast<int>(constraint.error().code), code);
        QVERIFY2(constraint.error().detail.contains(named.toStdString()),
                 constraint.error().detail.c_str());
    }

    /// References that make a chain, or nest, as long as they like.
    void longChainsDontExhaustTheStack()
    {
        std::string schema = "{\"$ref\":\"#/$defs/0\",\"$defs\":{";
        for (int i = 0; i < 5000; ++i)
            schema += "\"" + std::to_string(i) + "\":{\"$ref\":\"#/$defs/" + std::to_string(i + 1) +
                      "\"},";
        schema += "\"5000\":{\"type\":\"null\"}}}";
        const auto chain = compiled(schema); // deeper than calls may nest
        QVERIFY(!chain && chain.error().code == ConstraintError::Code::Empty);
        QVERIFY(!compiled(std::string(100000, '[')));
    }

    void survivesMutations()
    {
        std::mt19937 random(17);
        int good = 0;
        int refused = 0;
        int walked = 0;
        for (int round = 0; round < support::rounds(3000, 1000000); ++round) {
            std::string schema = round % 2 == 0 ? kMedication : kTree;
            for (unsigned i = 1 + random() % 3; i > 0; --i)
                schema[random() % schema.size()] = "{}[]\",:0a\\tn#/"[random() % 15];
            const bool known = engine::rulesOfSchema(schema).has_value();
            ++(known ? good : refused);
            if (!known || good % 10 != 0)
                continue;
            if (auto constraint = compiled(schema)) {
                const Walk one = walk(*constraint, vocabulary(), random, 20);
                dom::parser parser;
                QVERIFY2(!one.stuck, schema.c_str());
                QVERIFY2(!one.ended || !parser.parse(one.text).error(), one.text.c_str());
                walked += one.ended;
            }
        }
        QVERIFY(good > 50 && refused > 500 && walked > 3);
    }
};

QTEST_GUILESS_MAIN(TestJsonSchema)
#include "tst_json_schema.moc"
