// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/stop_matcher.h"

#include <QTest>

#include <optional>
#include <random>

using engine::StopMatcher;

namespace {

struct Shown {
    std::string text;
    bool stopped = false;

    bool operator==(const Shown&) const = default;
};

Shown shown(const std::vector<std::string>& stops, const std::vector<std::string>& pieces)
{
    StopMatcher matcher(stops);
    std::string text;
    for (const std::string& piece : pieces)
        text += matcher.push(piece);
    text += matcher.finish();
    return {text, matcher.stopped()};
}

/// Where the text that is complete first begins; of several that end there the one that begins
/// first.
std::optional<std::size_t> plainStop(const std::vector<std::string>& stops, const std::string& text)
{
    for (std::size_t end = 1; end <= text.size(); ++end) {
        std::size_t longest = 0;
        for (const std::string& stop : stops)
            if (text.substr(0, end).ends_with(stop))
                longest = std::max(longest, stop.size());
        if (longest > 0)
            return end - longest;
    }
    return std::nullopt;
}

} // namespace

class TestStopMatcher : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatStandsBefore()
    {
        QCOMPARE(shown({}, {"a", "b"}), (Shown{"ab", false}));
        QCOMPARE(shown({""}, {"ab"}), (Shown{"ab", false}));
        QCOMPARE(shown({"END"}, {"some text EN", "D more"}), (Shown{"some text ", true}));
        QCOMPARE(shown({"END"}, {"E", "N", "", "D", "x"}), (Shown{"", true}));
        QCOMPARE(shown({"END"}, {"EN"}), (Shown{"EN", false}));
        QCOMPARE(shown({"aab"}, {"aa", "ab"}), (Shown{"a", true}));
        QCOMPARE(shown({"\n\n", "Q:"}, {"a\n", "Q", ":"}), (Shown{"a\n", true}));
        QCOMPARE(shown({"bcd", "c"}, {"abcd"}), (Shown{"ab", true}));
        QCOMPARE(shown({"c", "abc"}, {"ab", "c"}), (Shown{"", true}));
        QCOMPARE(shown({"\xc3\xa9"}, {"\xc3\xa8\xc3\xa9"}), (Shown{"\xc3\xa8", true}));
    }

    void nothingOfAStopTextLeaks()
    {
        StopMatcher matcher({"END"});
        QCOMPARE(matcher.push("tEN"), std::string("t"));
        QCOMPARE(matcher.push("x"), std::string("ENx"));
        QCOMPARE(matcher.push("E"), std::string());
        StopMatcher guess = matcher; // tried, and taken back
        QCOMPARE(guess.push("ND"), std::string());
        QVERIFY(guess.stopped() && !matcher.stopped());
        QCOMPARE(guess.push("more"), std::string());
        QCOMPARE(guess.finish(), std::string());
        QCOMPARE(matcher.push("!"), std::string("E!"));
    }

    /// However the answer is cut, the text is that before the first stop; and at every moment what
    /// was shown is the most that is safe.
    void isTheSameHoweverCut()
    {
        std::mt19937 random(2);
        const auto word = [&random](std::size_t longest) {
            std::string text(1 + random() % longest, 'a');
            for (char& c : text)
                c = "ab"[random() % 2];
            return text;
        };
        int stopped = 0;
        for (int round = 0; round < 3000; ++round) {
            std::vector<std::string> stops;
            for (unsigned i = 1 + random() % 3; i > 0; --i)
                stops.push_back(word(6));
            const std::string text = word(30);
            const auto stop = plainStop(stops, text);
            StopMatcher matcher(stops);
            std::string out;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t size = std::min<std::size_t>(1 + random() % 4, text.size() - at);
                out += matcher.push(text.substr(at, size));
                at += size;
                if (matcher.stopped() || stop)
                    continue;
                const std::string hidden = text.substr(out.size(), at - out.size());
                const auto begins = [&](std::string_view rest) {
                    return std::ranges::any_of(
                        stops, [&](const std::string& one) { return one.starts_with(rest); });
                };
                QVERIFY(begins(hidden));
                for (std::size_t i = 1; i <= out.size(); ++i)
                    QVERIFY(!begins(text.substr(out.size() - i, at - out.size() + i)));
            }
            out += matcher.finish();
            QCOMPARE(out, text.substr(0, stop.value_or(text.size())));
            QCOMPARE(matcher.stopped(), stop.has_value());
            stopped += stop.has_value();
        }
        QVERIFY(stopped > 500 && stopped < 2900);
    }
};

QTEST_GUILESS_MAIN(TestStopMatcher)
#include "tst_stop_matcher.moc"
