// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/pattern.h"
#include "tests/inference/engine/made_vocabulary.h"
#include "tests/support/run_options.h"

#include <QTest>

#include <regex>

using engine::Constraint;
using engine::ConstraintError;

namespace {

using Kind = wire::Constraint::Kind;

const MadeVocabulary& ascii()
{
    static const MadeVocabulary kAscii(
        0, 127,
        {"ab", "ba", "aaa", "b1", "12", "2024-", "1 a", "\n\n", "Aa_", "abc1b2", "..", "--"});
    return kAscii;
}

const engine::TokenTrie& trie()
{
    static const engine::TokenTrie kTrie = ascii().trie();
    return kTrie;
}

engine::Compiled<Constraint> compiled(const std::string& pattern)
{
    return Constraint::compile({.kind = Kind::Pattern, .text = pattern}, trie());
}

/// A pattern from the known subset.
std::string randomPattern(std::mt19937& random, int depth)
{
    const auto again = [&] { return randomPattern(random, depth - 1); };
    switch (random() % (depth > 0 ? 12 : 5)) {
    case 0:
        return "a";
    case 1:
        return "[ab1]";
    case 2:
        return "[^a\\-]";
    case 3:
        return "\\d";
    case 4:
        return ".";
    case 5:
        return "(" + again() + "|" + again() + ")";
    case 6:
        return "(?:" + again() + ")*";
    case 7:
        return "(" + again() + ")+";
    case 8:
        return "(" + again() + ")?";
    case 9:
        return "(" + again() + "){1,3}";
    case 10:
        return "(" + again() + "){2}";
    default:
        return again() + again();
    }
}

} // namespace

class TestPattern : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void acceptsWhatStdRegexAccepts()
    {
        std::mt19937 random(7);
        int yes = 0;
        int no = 0;
        for (int round = 0; round < 400; ++round) {
            const std::string pattern = randomPattern(random, 3);
            auto constraint = compiled(pattern);
            QVERIFY2(constraint, pattern.c_str());
            const std::regex reference(pattern);
            for (int i = 0; i < 40; ++i) {
                std::string text(random() % 6, 'a');
                for (char& c : text)
                    c = "ab1-\n"[random() % 5];
                const bool expected = std::regex_match(text, reference);
                QVERIFY2(accepts(*constraint, ascii(), text) == expected,
                         (pattern + " : " + text).c_str());
                ++(expected ? yes : no);
            }
        }
        QVERIFY(yes > 500 && no > 500);
    }

    void walksUnderTheMaskFit_data()
    {
        QTest::addColumn<QByteArray>("pattern");
        for (const char* pattern :
             {"[a-c]{3,5}", "(ab|ba)+", "\\d{4}-\\d{2}-\\d{2}", "(yes|no|not (known|recorded))",
              ".*b1.*", "[^ab]*1?", "\\w+( \\w+){0,4}\\.", "(a|ab)(c|bcd)*", "\\x41\\u0061_\\t?",
              "", "a??b*?", "[]a]|[a-]", "^\\[\\d+\\]$", "(a*)*b", "([+-]?\\d+(\\.\\d+)?)"})
            QTest::newRow(pattern) << QByteArray(pattern);
    }
    void walksUnderTheMaskFit()
    {
        QFETCH(QByteArray, pattern);
        std::mt19937 random(3);
        auto constraint = compiled(pattern.toStdString());
        QVERIFY2(constraint, constraint ? "" : constraint.error().detail.c_str());
        QByteArray written = pattern; // "[]" is empty in ECMAScript: our ] must be escaped
        const std::regex reference(written.replace("[]a]", "[\\]a]").toStdString());
        int unmasked = 0;
        for (int i = 0; i < 100; ++i) {
            const Walk one = walk(*constraint, ascii(), random, 10);
            QVERIFY(one.ended && !one.stuck);
            QVERIFY2(std::regex_match(one.text, reference), one.text.c_str());
            // Negative control: without the mask hardly anything fits.
            std::string free;
            for (unsigned n = 1 + random() % 10; n > 0; --n)
                free += ascii().text(static_cast<std::int32_t>(random() % (ascii().size() - 2)));
            unmasked += std::regex_match(free, reference);
        }
        QVERIFY(pattern == "[^ab]*1?" || pattern.startsWith(".*") || unmasked < 20);
    }

    void whatIsNotKnownIsNamed_data()
    {
        using Code = ConstraintError::Code;
        QTest::addColumn<QByteArray>("pattern");
        QTest::addColumn<int>("code");
        const auto row = [](const char* pattern, Code code) {
            QTest::newRow(pattern) << QByteArray(pattern) << static_cast<int>(code);
        };
        for (const char* pattern : {"\\bword", "(a)\\1", "(?=a)", "(?<n>a)", "a^b", "a$b", "^a|b",
                                    "a|b$", "a**", "a+{2}", "[[:alpha:]]", "\\pL", "\\ud800"})
            row(pattern, Code::Unsupported);
        for (const char* pattern : {"(a", "a)", "[a", "*a", "a{", "a{2", "a{3,2}", "a{x}", "[b-a]",
                                    "[\\d-z]", "\\", "\\x4", "a|*", "[a-\\w]", "\\u12g4"})
            row(pattern, Code::BadForm);
        for (const char* pattern : {"a{1001}", "((a{1000}){1000}){1000}", "(){1000}{2}"})
            row(pattern,
                std::string_view(pattern).contains("}{") ? Code::Unsupported : Code::TooLarge);
        for (const char* pattern : {"\xc3\xa4", "a[]b", "[^\\d\\D]"}) // no such bytes here
            row(pattern, Code::Empty);
        QTest::newRow("deep") << QByteArray(200, '(') + QByteArray(200, ')')
                              << static_cast<int>(Code::TooLarge);
        QTest::newRow("long") << QByteArray(20000, 'a') << static_cast<int>(Code::TooLarge);
    }
    void whatIsNotKnownIsNamed()
    {
        QFETCH(QByteArray, pattern);
        QFETCH(int, code);
        const auto constraint = compiled(pattern.toStdString());
        QVERIFY(!constraint);
        QCOMPARE(static_cast<int>(constraint.error().code), code);
        QVERIFY(!constraint.error().detail.empty());
    }

    void survivesAnyPattern()
    {
        std::mt19937 random(13);
        int good = 0;
        int walked = 0;
        for (int round = 0; round < support::rounds(20000, 4000000); ++round) {
            std::string pattern(random() % 12, ' ');
            for (char& c : pattern)
                c = "ab1[](){}*+?|\\.^$-,d2:x"[random() % 23];
            if (!engine::parsePattern(pattern, engine::Anchored::AsWritten) || ++good % 20 != 0)
                continue;
            // What is known can be written, whatever it is, or is refused by name.
            if (auto constraint = compiled(pattern)) {
                const Walk one = walk(*constraint, ascii(), random, 6);
                QVERIFY2(!one.stuck, pattern.c_str());
                ++walked;
            }
        }
        QVERIFY(walked > 20);
        QVERIFY(good > 500);
    }

    void charactersAreWhole()
    {
        const MadeVocabulary bytes(0, 255, {"\xc3\xa4", "x\xe2\x82"});
        const engine::TokenTrie all = bytes.trie();
        auto constraint = Constraint::compile({.kind = Kind::Pattern, .text = ".{2}"}, all);
        QVERIFY(constraint);
        for (const char* text : {"ab", "a\xc3\xa4", "\xe2\x82\xac\xf0\x9f\x98\x80",
                                 "\xed\x9f\xbf"
                                 "a",
                                 "\xf4\x8f\xbf\xbf\xef\xbf\xbf"})
            QVERIFY2(accepts(*constraint, bytes, text), text);
        // Half a character, over-long, a surrogate, above the last code, three characters.
        for (const char* text : {"a", "a\xc3",
                                 "\xc0\x80"
                                 "a",
                                 "\xe0\x80\x80"
                                 "a",
                                 "\xed\xa0\x80"
                                 "a",
                                 "\xf4\x90\x80\x80"
                                 "a",
                                 "abc"})
            QVERIFY2(!accepts(*constraint, bytes, text), text);
        std::mt19937 random(1);
        for (int i = 0; i < 300; ++i) {
            const Walk one = walk(*constraint, bytes, random, 10);
            QVERIFY(one.ended);
            QCOMPARE(QString::fromStdString(one.text).toStdString(), one.text);
        }
    }
};

QTEST_GUILESS_MAIN(TestPattern)
#include "tst_pattern.moc"
