// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/lookup.h"
#include "inference/engine/speculation.h"

#include <QTest>

#include <algorithm>
#include <random>

using engine::DraftRecord;
using engine::GuessRecord;
using engine::HeldRate;
using engine::Lookup;
using engine::planGuesses;
using engine::StepCosts;

namespace {

using Tokens = std::vector<std::int32_t>;
using Chances = std::vector<std::vector<double>>;

std::vector<double> same(std::size_t tokens, double chance)
{
    return std::vector<double>(tokens, chance);
}

Tokens guess(const Tokens& text, std::size_t most = 8)
{
    Lookup lookup;
    lookup.append(text);
    const auto found = lookup.next(most).tokens;
    return {found.begin(), found.end()};
}

/// Straight from the definition.
std::pair<std::size_t, std::size_t> longestMatch(const Tokens& text)
{
    std::size_t best = 0;
    std::size_t after = 0;
    for (std::size_t end = 2; end < text.size(); ++end) {
        std::size_t same = 0;
        while (same < Lookup::kMost && same < end &&
               text[end - 1 - same] == text[text.size() - 1 - same])
            ++same;
        if (same >= Lookup::kLeast && same >= best) {
            best = same;
            after = end;
        }
    }
    return {best, after};
}

} // namespace

class TestSpeculation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void guessesWhatFollowed()
    {
        QCOMPARE(guess({1, 2, 3, 4, 5, 9, 2, 3}), (Tokens{4, 5, 9, 2, 3}));
        QCOMPARE(guess({1, 2, 3, 4, 5, 9, 2, 3}, 2), (Tokens{4, 5}));
        // The longer match wins over the later one, the later over the earlier.
        QCOMPARE(guess({7, 2, 3, 4, 0, 2, 3, 5, 7, 2, 3}, 1), (Tokens{4}));
        QCOMPARE(guess({8, 2, 3, 4, 0, 2, 3, 5, 7, 2, 3}, 1), (Tokens{5}));
    }

    void guessesNothingWithoutAMatch()
    {
        QCOMPARE(guess({}), Tokens{});
        QCOMPARE(guess({1}), Tokens{});
        QCOMPARE(guess({1, 2}), Tokens{});
        QCOMPARE(guess({1, 2, 3, 4}), Tokens{});
        QCOMPARE(guess({1, 3, 2, 3}), Tokens{}); // one token is too little
    }

    void findsTheLongestOfManyPlaces()
    {
        std::mt19937 random(5);
        for (int round = 0; round < 200; ++round) {
            Tokens text;
            for (std::size_t i = 0; i < 60; ++i)
                text.push_back(static_cast<std::int32_t>(random() % 4));
            Lookup lookup;
            lookup.append(text);
            const auto found = lookup.next(5);
            const auto [matched, after] = longestMatch(text);
            QCOMPARE(found.matched, matched);
            if (matched > 0)
                QVERIFY(std::ranges::equal(found.tokens,
                                           std::span(text).subspan(after).first(
                                               std::min<std::size_t>(5, text.size() - after))));
        }
    }

    void costsAreLearntAndInterpolated()
    {
        StepCosts costs;
        QVERIFY(costs.of(8) > costs.of(1));
        costs.measured(1, 100);
        costs.measured(5, 200);
        QCOMPARE(costs.of(1), 100.0);
        QCOMPARE(costs.of(3), 150.0);
        QVERIFY(costs.of(9) > 200.0);
        for (int i = 0; i < 100; ++i)
            costs.measured(1, 120);
        QVERIFY(std::abs(costs.of(1) - 120.0) < 1.0);
        costs.measured(1, 100'000); // another program had the machine
        QVERIFY(costs.of(1) < 150.0);
    }

    void recordFollowsWhatIsSeen()
    {
        GuessRecord record;
        QVERIFY(record.chance(2) < record.chance(10));
        for (int i = 0; i < 20; ++i)
            record.seen(10, 4, 4);
        QVERIFY(record.chance(10) > 0.95);
        for (int i = 0; i < 20; ++i)
            record.seen(10, 4, 0);
        QVERIFY(record.chance(10) < 0.1);
        QVERIFY(record.chance(10) > 0.0); // tried again some day
        QCOMPARE(record.chance(2), GuessRecord().chance(2));
    }

    void verifiesOnlyWhatPays()
    {
        StepCosts dear; // every row costs as much as the first
        for (std::size_t rows = 1; rows <= 16; ++rows)
            dear.measured(rows, 100.0 * static_cast<double>(rows));
        StepCosts cheap; // rows cost nothing
        for (std::size_t rows = 1; rows <= StepCosts::kMostRows; ++rows)
            cheap.measured(rows, 100.0);
        const Chances one = {same(7, 0.9)};
        QCOMPARE(planGuesses(one, 1, dear).lengths, (std::vector<std::size_t>{0}));
        QCOMPARE(planGuesses(one, 1, cheap).lengths, (std::vector<std::size_t>{7}));
        // The likelier guess gets the rows, as long as one more is worth its cost.
        StepCosts knee;
        knee.measured(1, 100);
        knee.measured(4, 110);
        knee.measured(5, 400);
        knee.measured(64, 9000);
        const Chances two = {same(7, 0.5), same(7, 0.95)};
        const engine::GuessPlan plan = planGuesses(two, 2, knee);
        QCOMPARE(plan.lengths, (std::vector<std::size_t>{0, 2}));
        QCOMPARE(plan.expected, 2 + 0.95 + 0.95 * 0.95);
        QCOMPARE(plan.cost, 110.0);
        // As many as a step may cost at most; without any it costs what it costs.
        QCOMPARE(planGuesses(two, 2, knee, knee.of(3)).lengths, (std::vector<std::size_t>{0, 1}));
        QCOMPARE(planGuesses(two, 2, knee, 1.0).lengths, (std::vector<std::size_t>{0, 0}));
        QCOMPARE(planGuesses(Chances{}, 1, cheap).lengths, std::vector<std::size_t>{});
        QCOMPARE(planGuesses(Chances(1), 1, cheap).lengths, (std::vector<std::size_t>{0}));
        // Chances may differ from token to token.
        QCOMPARE(planGuesses(Chances{{0.9, 0.01, 0.9}}, 1, knee).lengths,
                 (std::vector<std::size_t>{1}));
    }

    void draftsOnlyWhatPays()
    {
        StepCosts answer; // rows cost nothing
        for (std::size_t rows = 1; rows <= StepCosts::kMostRows; ++rows)
            answer.measured(rows, 100.0);
        StepCosts small, dear;
        small.measured(1, 10);
        dear.measured(1, 100);
        const double undrafted = 1.0 / 100;
        const auto rate = [&](double chance, const StepCosts& costs) {
            return engine::draftedRate({.expected = 1, .rows = 1}, std::span(&chance, 1), 12,
                                       answer, costs);
        };
        // Four tokens and one more, for 140: the best there is with these numbers.
        QVERIFY(rate(0.9, small) > 2.5 * undrafted);
        QVERIFY(rate(0.05, small) < undrafted);
        QVERIFY(rate(0.99, dear) < undrafted);
        double always = 1.0;
        QCOMPARE(engine::draftedRate({.expected = 1, .rows = 1}, std::span(&always, 1), 4, answer,
                                     small),
                 5.0 / 140);
    }

    void recordOfDraftsFollowsWhatIsSeen()
    {
        DraftRecord record;
        QVERIFY(record.chance(0.1) < record.chance(0.95));
        const double before = record.expectation().chance();
        const std::vector<double> sure(4, 0.95);
        for (int i = 0; i < 200; ++i)
            record.seen(sure, 0);
        QVERIFY(record.chance(0.95) < 0.1);
        QCOMPARE(record.chance(0.1), DraftRecord().chance(0.1));
        const double low = record.expectation().chance();
        QVERIFY(low < 0.1 && low > 0.0);
        for (int i = 0; i < 20; ++i)
            record.drift();
        QVERIFY(record.expectation().chance() > 3 * low);
        QVERIFY(record.expectation().chance() < before);
        for (int i = 0; i < 400; ++i)
            record.seen(sure, 4);
        QVERIFY(record.chance(0.95) > 0.95);
        QVERIFY(record.expectation().chance() > 0.95);
        record.seen({}, 0); // nothing was drafted
        // An answer of its own forgets sooner.
        HeldRate mine = record.expectation();
        for (int i = 0; i < 20; ++i)
            mine.seen(4, 0, 0.9);
        QVERIFY(mine.chance() < 0.2);
    }
};

QTEST_GUILESS_MAIN(TestSpeculation)
#include "tst_speculation.moc"
