// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/constraint.h"
#include "inference/engine/options.h"
#include "tests/inference/engine/made_vocabulary.h"
#include "tests/support/run_options.h"

#include <QTest>

#include <array>
#include <chrono>
#include <optional>
#include <regex>
#include <set>

using engine::Constraint;
using engine::ConstraintError;
using engine::TokenMask;
using engine::TokenTrie;

namespace {

using Kind = wire::Constraint::Kind;

const MadeVocabulary& vocabulary()
{
    static const MadeVocabulary kVocabulary(
        0, 255, {"[1",  "[12",  "1]",     "[1]",     "[2]", "[9]",  "[1, 2]",       "[0",   "] [",
                 " [3", "[[",   ", 1",    "text",    "2-",  "-3",   "\xe2\x80\x93", "5 mg", "[ ",
                 "ab",  "abab", "ababab", "{\"a\":", "}}",  "\"]}", "true"});
    return kVocabulary;
}

const TokenTrie& trie()
{
    static const TokenTrie kTrie = vocabulary().trie();
    return kTrie;
}

/// Many tokens that begin alike: words of few characters, whole or cut anywhere.
const MadeVocabulary& words()
{
    static const MadeVocabulary kWords = [] {
        std::mt19937 random(31);
        std::set<std::string> texts;
        while (texts.size() < 500) {
            std::string text;
            for (unsigned i = 1 + random() % 6; i > 0; --i)
                text += std::array{"a",
                                   "e",
                                   " ",
                                   "\xc3\xa9",
                                   "\xe4\xb8\xad",
                                   "\xe4\xb8\x80",
                                   "\xf0\x9f\x98\x80",
                                   random() % 8 == 0 ? "\"" : "b"}[random() % 8];
            text = text.substr(random() % 9 == 0 ? 1 : 0);
            text.resize(text.size() - (random() % 4 == 0 && text.size() > 2 ? 1 : 0));
            if (text.size() > 1)
                texts.insert(text);
        }
        return MadeVocabulary(0, 255, {texts.begin(), texts.end()});
    }();
    return kWords;
}

/// The same without some bytes, that stand in longer tokens only.
const MadeVocabulary& wordsWithoutBytes()
{
    static const MadeVocabulary kWords = [] {
        std::vector<std::string> texts;
        for (std::int32_t token = 256; token < words().end() - 1; ++token)
            texts.push_back(words().text(token));
        for (int byte = 0xF0; byte > 0; --byte) // no 0xF0, no b
            if (byte != 'b' && byte < 0xF0)
                texts.emplace_back(1, static_cast<char>(byte));
        return MadeVocabulary(0, 0, texts);
    }();
    return kWords;
}

Constraint compiled(const wire::Constraint& wanted)
{
    return Constraint::compile(wanted, trie()).value();
}

/// Numbers in citation marks, read in the plainest way.
bool citesOnly(const std::string& text, int count)
{
    static const std::regex kMark("\\[[ ,;\\-]*[0-9][0-9 ,;\\-]*\\]");
    static const std::regex kNumber("[0-9]+");
    std::string plain = text; // an en dash is a dash
    for (std::size_t at = 0; (at = plain.find("\xe2\x80\x93")) != std::string::npos;)
        plain.replace(at, 3, "-");
    for (std::sregex_iterator mark(plain.begin(), plain.end(), kMark), end; mark != end; ++mark) {
        const std::string inside = mark->str();
        for (std::sregex_iterator number(inside.begin(), inside.end(), kNumber); number != end;
             ++number) {
            const std::string digits = number->str();
            if (digits[0] == '0' || digits.size() > 4 || std::stoi(digits) > count)
                return false;
        }
    }
    return true;
}

} // namespace

class TestConstraint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// A token is allowed when, byte by byte, it can be read: for every token of many states.
    void masksAreWhatBytesSay_data()
    {
        QTest::addColumn<bool>("ofWords");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QByteArray>("text");
        const auto row = [](const char* name, bool ofWords, Kind kind, const char* text) {
            QTest::newRow(name) << ofWords << int(kind) << QByteArray(text);
        };
        row("pattern", false, Kind::Pattern, "(ab){2,5}(\\[\\d+\\])?.?");
        row("object", false, Kind::AnyJson, "");
        row("citations", false, Kind::Citations, "");
        row("text", true, Kind::Pattern, ".*");
        row("counted text", true, Kind::Pattern, ".{1,30}");
        row("little text", true, Kind::Pattern, ".{1,3}");
        row("ASCII", true, Kind::Pattern, "[ -~]*");
        row("one character less", true, Kind::Pattern, "[^\xe4\xb8\x80]{0,40}");
        row("no last byte", true, Kind::Pattern, "[^\xe4\xb8\x80-\xe4\xb8\xbf]*");
        row("two ways", true, Kind::Pattern, "(.{2}|.{3})*b");
        row("counted strings", true, Kind::JsonSchema,
            "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":20}}");
        row("all citations", true, Kind::Citations, "");
    }
    void masksAreWhatBytesSay()
    {
        QFETCH(bool, ofWords);
        QFETCH(int, kind);
        QFETCH(QByteArray, text);
        const MadeVocabulary& made = ofWords ? words() : vocabulary();
        const TokenTrie tokens = made.trie();
        auto compiling = Constraint::compile(
            {.kind = Kind(kind), .text = text.toStdString(), .citations = 12}, tokens);
        QVERIFY(compiling);
        Constraint constraint = *std::move(compiling);
        std::mt19937 random(9);
        std::size_t compared = 0;
        for (int round = 0; round < 8; ++round) {
            auto state = constraint.begin();
            for (int step = 0; step < 20; ++step) {
                const TokenMask mask = constraint.mask(state);
                QVERIFY(mask.count() > 0);
                std::vector<std::int32_t> allowed;
                for (std::int32_t token = 0; token < made.end(); ++token) {
                    auto next = state;
                    for (const char byte : made.text(token))
                        next = constraint.advance(next, static_cast<unsigned char>(byte));
                    const bool readable = !made.text(token).empty() && next != Constraint::State();
                    QCOMPARE(mask.allows(token), readable);
                    QVERIFY(!readable || constraint.advance(state, token) == next);
                    if (readable)
                        allowed.push_back(token);
                    ++compared;
                }
                QCOMPARE(mask.allows(made.end()), state.complete);
                if (allowed.empty())
                    break;
                state = constraint.advance(state, allowed[random() % allowed.size()]);
            }
        }
        QVERIFY(compared > 5000);
    }

    /// A byte that is no token of its own is never written: not in longer tokens either.
    void bytesThatAreNoTokensAreNotWritten()
    {
        const TokenTrie tokens = wordsWithoutBytes().trie();
        for (const char* text : {".*", ".{1,30}", "[^x]*"}) {
            auto constraint = Constraint::compile({.kind = Kind::Pattern, .text = text}, tokens);
            QVERIFY(constraint);
            const TokenMask mask = constraint->mask(constraint->begin());
            std::size_t allowed = 0;
            for (std::int32_t token = 0; token < wordsWithoutBytes().end(); ++token) {
                const std::string& written = wordsWithoutBytes().text(token);
                if (written.contains('b') || written.contains('\xf0'))
                    QVERIFY(!mask.allows(token));
                allowed += mask.allows(token);
            }
            QVERIFY(allowed > 150);
        }
    }

    /// What was asked before, and guesses that were taken back, change nothing.
    void aStateAloneDecides()
    {
        const wire::Constraint wanted{.kind = Kind::AnyJson};
        Constraint once = compiled(wanted);
        Constraint used = compiled(wanted);
        std::mt19937 random(4);
        for (int i = 0; i < 20; ++i)
            (void)walk(used, vocabulary(), random, 50);
        auto a = once.begin();
        auto b = used.begin();
        for (int step = 0; step < 60; ++step) {
            const TokenMask mask = once.mask(a);
            QVERIFY(mask == used.mask(b));
            std::int32_t token = 0;
            do
                token = static_cast<std::int32_t>(random() % vocabulary().size());
            while (!mask.allows(token) || (token == vocabulary().end() && mask.count() > 1));
            const auto before = b;
            for (int guess = 0; guess < 3; ++guess)
                b = used.advance(b, static_cast<std::int32_t>(random() % vocabulary().size()));
            a = once.advance(a, token);
            b = used.advance(before, token);
            QCOMPARE(a.complete, b.complete);
        }
    }

    void tokensThatAreNotAllowedLeadNowhere()
    {
        Constraint constraint = compiled({.kind = Kind::Pattern, .text = "ab"});
        const auto begin = constraint.begin();
        for (const std::int32_t wrong :
             {std::int32_t{'b'}, vocabulary().end(), vocabulary().end() - 1 /* has no text */}) {
            QVERIFY(!constraint.mask(begin).allows(wrong));
            QCOMPARE(constraint.mask(constraint.advance(begin, wrong)).count(), std::size_t{0});
        }
        const auto end = constraint.advance(constraint.advance(begin, 'a'), 'b');
        QVERIFY(Constraint::isComplete(end));
        QCOMPARE(constraint.mask(end).count(), std::size_t{1});
        QVERIFY(constraint.advance(end, vocabulary().end()) == end);
    }

    void citesOnlyWhatExists()
    {
        std::mt19937 random(6);
        for (const std::uint32_t count : {0U, 1U, 9U, 12U, 137U}) {
            Constraint constraint = compiled({.kind = Kind::Citations, .citations = count});
            const auto accepted = [&](const std::string& text) {
                return accepts(constraint, vocabulary(), text);
            };
            QVERIFY(accepted("") && accepted("Plain text, 2024-05-01: 5 mg (12) ]."));
            QVERIFY(accepted("[") && accepted("[a]") && accepted("[ ]") && accepted("[[["));
            QVERIFY(!accepted("[0]") && !accepted("a [138]") && !accepted("[01]"));
            QCOMPARE(accepted("Potassium 4.1 [1]."), count >= 1);
            QCOMPARE(accepted("[1][2, 3] [1-9] [ 4 mg]"), count >= 9);
            QCOMPARE(accepted("[1\xe2\x80\x93"
                              "12]"),
                     count >= 12);
            QCOMPARE(accepted("[13]"), count >= 13);
            QCOMPARE(accepted("[1, 2, 999]"), false);
            QCOMPARE(accepted("[1; 999]"), false);
            QCOMPARE(accepted("[1; 9]; 999"), count >= 9);
            QCOMPARE(accepted("[2.5 mg and 999]"), count >= 2);
            int unmasked = 0;
            for (int i = 0; i < 200; ++i) {
                const Walk one = walk(constraint, vocabulary(), random, 40);
                QVERIFY(one.ended && !one.stuck);
                QVERIFY2(citesOnly(one.text, static_cast<int>(count)), one.text.c_str());
                std::string free; // the negative control
                for (int n = 0; n < 40; ++n)
                    free += vocabulary().text(256 + static_cast<std::int32_t>(random() % 25));
                unmasked += citesOnly(free, static_cast<int>(count));
            }
            QVERIFY(count > 9 || unmasked < 150);
        }
        const auto many = Constraint::compile({.kind = Kind::Citations, .citations = 1001}, trie());
        QVERIFY(!many && many.error().code == ConstraintError::Code::TooLarge);
    }

    void refusesWhatNoTextCanFit()
    {
        const auto codeOf = [](const wire::Constraint& wanted, const TokenTrie& tokens) {
            const auto constraint = Constraint::compile(wanted, tokens);
            return constraint ? std::optional<ConstraintError::Code>() : constraint.error().code;
        };
        const TokenTrie lower = MadeVocabulary('a', 'z', {"AB"}).trie();
        // AB can be written, but not what begins it: it might be cut off there.
        QVERIFY(codeOf({.kind = Kind::Pattern, .text = "AB"}, lower) ==
                ConstraintError::Code::Empty);
        QVERIFY(codeOf({.kind = Kind::AnyJson}, lower) == ConstraintError::Code::Empty);
        QVERIFY(!codeOf({.kind = Kind::Pattern, .text = "A?[ab]|AB"}, lower));
        const std::vector<std::string_view> texts = {"a", "b"};
        QVERIFY(codeOf({.kind = Kind::Pattern, .text = "a"}, TokenTrie(texts, {})) ==
                ConstraintError::Code::Empty);
        QVERIFY(codeOf({}, lower) == ConstraintError::Code::Unsupported);
    }

    /// Made to have many states: nothing but time is lost, and no mask is empty.
    void survivesExpressionsMadeToBeBad()
    {
        std::mt19937 random(8);
        for (const char* pattern :
             {"(a|b)*a(a|b){200}", "((a?){100}b?){50}", "(.*.*)*[ab]", "(a*)*(b*)*(a|ab|bab)*"}) {
            Constraint constraint = compiled({.kind = Kind::Pattern, .text = pattern});
            const Walk one = walk(constraint, vocabulary(), random, 30);
            QVERIFY2(!one.stuck, pattern);
        }
        Constraint constraint = compiled(
            {.kind = Kind::JsonSchema,
             .text =
                 "{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}},{\"type\":\"array\","
                 "\"items\":{\"$ref\":\"#\"}},{\"type\":\"null\"}]}"});
        auto state = constraint.begin();
        for (int depth = 0; depth < 40; ++depth) { // 2^40 ways to read it
            QVERIFY(constraint.mask(state).count() > 0);
            if (constraint.mask(state).allows('['))
                state = constraint.advance(state, '[');
        }
    }

    /// Walks in the vocabularies of real models; prints what a mask takes, asserts no time.
    void worksWithRealVocabularies_data()
    {
        QTest::addColumn<QString>("model");
        QTest::newRow("small") << QString::fromLatin1(support::kSmallModel);
        QTest::newRow("large") << QString::fromLatin1(support::kLargeModel);
    }
    void worksWithRealVocabularies()
    {
        QFETCH(QString, model);
        const std::string path = support::realModel(model.toStdString());
        if (path.empty()) {
            QVERIFY(support::realModelsMayBeAbsent());
            QSKIP("the model is not there");
        }
        const auto file = engine::openModelFile(path);
        QVERIFY(file);
        const auto tokens = model::Vocabulary::load(*file);
        QVERIFY(tokens);
        const auto begin = Clock::now();
        const TokenTrie real(*tokens);
        qInfo("%zu tokens, %zu nodes, made in %.0f ms", real.vocabulary(), real.nodes().size(),
              millisecondsSince(begin));
        for (const wire::Constraint& wanted : constraintsOfPractice())
            walkInRealVocabulary(wanted, *tokens, real);
    }

private:
    using Clock = std::chrono::steady_clock;

    static double millisecondsSince(Clock::time_point begin)
    {
        return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    }

    static std::vector<wire::Constraint> constraintsOfPractice()
    {
        return {{.kind = Kind::Citations, .citations = 30},
                {.kind = Kind::Pattern, .text = "(Yes|No|Not recorded)\\. .{1,200}"},
                {.kind = Kind::AnyJson},
                {.kind = Kind::JsonSchema,
                 .text = "{\"type\":\"object\",\"properties\":{\"drug\":{\"type\":\"string\","
                         "\"maxLength\":80},\"dose\":{\"type\":\"number\"},\"unit\":{\"enum\":"
                         "[\"mg\",\"g\",\"ml\"]},\"sources\":{\"type\":\"array\",\"items\":"
                         "{\"type\":\"integer\"}},\"reason\":{\"type\":\"string\"}},"
                         "\"required\":[\"drug\",\"dose\",\"unit\",\"sources\",\"reason\"]}"}};
    }

    static void walkInRealVocabulary(const wire::Constraint& wanted,
                                     const model::Vocabulary& tokens, const TokenTrie& real)
    {
        auto begin = Clock::now();
        auto constraint = Constraint::compile(wanted, real);
        QVERIFY(constraint);
        const double compiling = millisecondsSince(begin);
        std::mt19937 random(12);
        std::vector<double> times;
        auto state = constraint->begin();
        for (int step = 0; step < 150; ++step) {
            begin = Clock::now();
            const TokenMask& mask = constraint->mask(state);
            times.push_back(millisecondsSince(begin));
            QVERIFY(mask.count() > 0);
            std::int32_t token = 0;
            do
                token = static_cast<std::int32_t>(random() % tokens.size());
            while (!mask.allows(token));
            QVERIFY(tokens.endsTurn(token) || !tokens.isSpecial(token));
            if (tokens.endsTurn(token)) {
                QVERIFY(Constraint::isComplete(state));
                state = constraint->begin();
                continue;
            }
            state = constraint->advance(state, token);
            QVERIFY(state != Constraint::State());
        }
        std::ranges::sort(times);
        qInfo(
            "kind %d: compiled in %.2f ms; a mask: median %.3f, 90th of 100 %.3f, longest %.3f ms",
            static_cast<int>(wanted.kind), compiling, times[75], times[135], times[149]);
    }
};

QTEST_GUILESS_MAIN(TestConstraint)
#include "tst_constraint.moc"
