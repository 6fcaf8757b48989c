// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/keyed_random.h"
#include "inference/engine/odds.h"
#include "inference/engine/sampler.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <set>

using engine::Choice;
using engine::Position;
using engine::Sampler;
using engine::SamplerSettings;
using engine::TokenMask;

namespace {

using Tokens = std::vector<std::int32_t>;
constexpr std::array kLogits = {1.0F, 3.0F, 2.0F, 3.0F, -1.0F};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

/// The first tokens of an answer whose every position has kLogits.
Tokens draw(const SamplerSettings& settings, std::size_t count)
{
    Sampler sampler(settings);
    Tokens tokens;
    while (tokens.size() < count)
        tokens.push_back(sampler.choose({.logits = kLogits, .answer = tokens}).token);
    return tokens;
}

std::set<std::int32_t> seen(const SamplerSettings& settings)
{
    const auto tokens = draw(settings, 2000);
    return {tokens.begin(), tokens.end()};
}

struct Odds {
    std::int32_t token;
    double logit;
    double weight = 0.0;
};

/// The order in the comment of SamplerSettings, by sorting everything, in float64.
std::vector<Odds> plainOdds(const SamplerSettings& settings, const Position& position)
{
    std::vector<Odds> odds;
    for (std::size_t i = 0; i < position.logits.size(); ++i)
        odds.push_back({static_cast<std::int32_t>(i), position.logits[i]});
    for (const auto& [token, bias] : settings.bias)
        odds[static_cast<std::size_t>(token)].logit += bias;
    auto window = position.answer;
    if (settings.penaltyWindow != 0 && settings.penaltyWindow < window.size())
        window = window.last(settings.penaltyWindow);
    for (Odds& one : odds) {
        const auto times = std::ranges::count(window, one.token);
        if (times == 0)
            continue;
        if (one.logit > 0)
            one.logit /= settings.repetitionPenalty;
        else
            one.logit *= settings.repetitionPenalty;
        one.logit -=
            static_cast<double>(times) * settings.frequencyPenalty + settings.presencePenalty;
    }
    if (position.mask != nullptr)
        std::erase_if(odds, [&](const Odds& one) { return !position.mask->allows(one.token); });
    std::ranges::stable_sort(odds, std::ranges::greater(), &Odds::logit);
    return odds;
}

std::int32_t plainChoice(const SamplerSettings& settings, const Position& position)
{
    auto odds = plainOdds(settings, position);
    if (settings.temperature == 0.0F)
        return odds.front().token;
    if (settings.topK != 0 && settings.topK < odds.size())
        odds.resize(settings.topK);
    double total = 0.0;
    for (Odds& one : odds)
        total += one.weight =
            std::exp((one.logit - odds.front().logit) / double{settings.temperature});
    double held = 0.0;
    std::size_t kept = 0;
    while (kept < odds.size() && (kept == 0 || held < double{settings.topP} * total))
        held += odds[kept++].weight;
    odds.resize(kept);
    std::erase_if(odds, [&](const Odds& one) { return one.weight < double{settings.minP}; });
    std::ranges::sort(odds, {}, &Odds::token);
    held = 0.0;
    for (const Odds& one : odds)
        held += one.weight;
    double left = engine::uniformAt(settings.seed, position.answer.size()) * held;
    for (const Odds& one : odds)
        if ((left -= one.weight) < 0.0)
            return one.token;
    return odds.back().token;
}

std::vector<float> randomLogits(std::mt19937& random, std::size_t count, float spread)
{
    std::normal_distribution<float> numbers(0.0F, spread);
    std::vector<float> logits(count);
    for (float& logit : logits)
        logit = numbers(random);
    return logits;
}

SamplerSettings randomSettings(std::mt19937& random, std::size_t vocabulary)
{
    const auto oneOf = [&random](auto... values) {
        const std::array list = {values...};
        return list[random() % list.size()];
    };
    SamplerSettings settings{.temperature = oneOf(0.0F, 0.3F, 1.0F, 2.0F),
                             .topK = oneOf(0U, 0U, 1U, 40U, 100000U),
                             .topP = oneOf(1.0F, 1.0F, 0.95F, 0.5F, 0.9999F),
                             .minP = oneOf(0.0F, 0.0F, 0.05F, 1.0F),
                             .seed = random(),
                             .repetitionPenalty = oneOf(1.0F, 1.3F, 0.8F),
                             .frequencyPenalty = oneOf(0.0F, 0.5F, -0.5F),
                             .presencePenalty = oneOf(0.0F, 1.5F, -2.0F),
                             .penaltyWindow = oneOf(0U, 5U, 1000U)};
    for (unsigned i = random() % 4; i > 0; --i)
        settings.bias.push_back(
            {static_cast<std::int32_t>(random() % vocabulary), oneOf(-100.0F, 3.0F, 20.0F)});
    return settings;
}

} // namespace

class TestSampler : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// The three vectors of kat_vectors, published with the paper's own code (Random123).
    void philoxGivesTheKnownAnswers()
    {
        using Words = std::array<std::uint32_t, 4>;
        QCOMPARE(engine::philox4x32({0, 0, 0, 0}, {0, 0}),
                 (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
        const std::uint32_t ones = 0xffffffff;
        QCOMPARE(engine::philox4x32({ones, ones, ones, ones}, {ones, ones}),
                 (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
        QCOMPARE(engine::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                                    {0xa4093822, 0x299f31d0}),
                 (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
    }

    void randomNumbersDependOnEveryBitOfSeedAndPosition()
    {
        std::set<double> numbers = {engine::uniformAt(0, 0)};
        for (int bit = 0; bit < 64; ++bit) {
            numbers.insert(engine::uniformAt(std::uint64_t{1} << bit, 0));
            numbers.insert(engine::uniformAt(0, std::uint64_t{1} << bit));
        }
        QCOMPARE(numbers.size(), std::size_t{129});
        QVERIFY(*numbers.begin() >= 0.0 && *numbers.rbegin() < 1.0);
    }

    void greedyTakesTheFirstOfTheMostLikely()
    {
        QCOMPARE(draw({.temperature = 0.0F}, 3), (Tokens{1, 1, 1}));
        // Wherever it stands among the lanes.
        for (std::size_t size : {1U, 3U, 16U, 17U, 37U, 64U})
            for (std::size_t at = 0; at < size; ++at) {
                std::vector<float> logits(size, -5.0F);
                logits[at] = logits[size - 1] = -4.0F;
                QCOMPARE(engine::largestOf(logits), at);
            }
    }

    void sameSeedSameTokens()
    {
        const SamplerSettings settings{.temperature = 1.0F, .seed = 42};
        QCOMPARE(draw(settings, 100), draw(settings, 100));
        auto other = settings;
        other.seed = 43;
        QVERIFY(draw(settings, 100) != draw(other, 100));
        // Fixed once and for all: a replay years later must draw the same. (From a generator
        // written after the paper, in another language.)
        QCOMPARE(draw(settings, 12), (Tokens{2, 1, 3, 3, 3, 1, 3, 1, 1, 1, 3, 1}));
    }

    void aPositionAloneDecides()
    {
        const SamplerSettings settings{.temperature = 1.0F, .seed = 42};
        const Tokens whole = draw(settings, 50);
        Sampler sampler(settings);
        for (std::size_t n = 50; n-- > 0;) // backwards, and each twice
            for (int again = 0; again < 2; ++again)
                QCOMPARE(
                    sampler.choose({.logits = kLogits, .answer = std::span(whole).first(n)}).token,
                    whole[n]);
    }

    void drawsByLikelihood()
    {
        const auto tokens = draw({.temperature = 1.0F, .seed = 1}, 20000);
        double total = 0.0;
        for (const float logit : kLogits)
            total += std::exp(logit);
        for (std::size_t id = 0; id < kLogits.size(); ++id) {
            const auto times = std::ranges::count(tokens, static_cast<std::int32_t>(id));
            const double expected = std::exp(kLogits[id]) / total;
            QVERIFY(std::abs(static_cast<double>(times) / 20000.0 - expected) < 0.015);
        }
    }

    void topKTopPAndMinPCutTheTail()
    {
        using Set = std::set<std::int32_t>;
        QCOMPARE(seen({.temperature = 1.0F}), (Set{0, 1, 2, 3, 4}));
        QCOMPARE(seen({.temperature = 1.0F, .topK = 2}), (Set{1, 3}));
        QCOMPARE(seen({.temperature = 1.0F, .topK = 1}), (Set{1}));
        QCOMPARE(seen({.temperature = 1.0F, .topK = 99}), (Set{0, 1, 2, 3, 4}));
        // The two most likely hold 0.80 of all, the third 0.15.
        QCOMPARE(seen({.temperature = 1.0F, .topP = 0.5F}), (Set{1, 3}));
        QCOMPARE(seen({.temperature = 1.0F, .topP = 0.9F}), (Set{1, 2, 3}));
        QCOMPARE(seen({.temperature = 1.0F, .topP = 1e-6F}), (Set{1}));
        // The third is exp(-1) = 0.37 times as likely as the first two.
        QCOMPARE(seen({.temperature = 1.0F, .minP = 0.3F}), (Set{1, 2, 3}));
        QCOMPARE(seen({.temperature = 1.0F, .minP = 1.0F}), (Set{1, 3}));
    }

    void everyProcessorGivesTheSameBits()
    {
        std::mt19937 random(21);
        const auto tables = engine::availableOdds();
        for (std::size_t size : {1U, 7U, 15U, 16U, 17U, 33U, 1000U}) {
            for (const float spread : {1.0F, 40.0F, 1e30F}) {
                auto logits = randomLogits(random, size, spread);
                if (size > 1)
                    logits[random() % size] = -kInfinite;
                const float best = tables[0]->largest(logits.data(), size);
                QCOMPARE(best, *std::ranges::max_element(logits));
                std::vector<float> expected;
                for (const engine::OddsTable* table : tables) {
                    auto values = logits;
                    values[0] = kNan;
                    table->raise(values.data(), size, -1e30F, values.data());
                    QVERIFY(values[0] == -1e30F && *std::ranges::min_element(values) >= -1e30F);
                    values = logits;
                    std::vector<float> groups((size + engine::kOddsGroup - 1) / engine::kOddsGroup);
                    table->weigh(values.data(), size, best, 0.7F, groups.data());
                    for (std::size_t i = 0; i < size; ++i) {
                        const double exact = std::exp((double{logits[i]} - best) * double{0.7F});
                        // The difference times the scale is rounded: up to 87 units of 2^-24.
                        QVERIFY(std::abs(values[i] - exact) <= 1.1e-5 * exact + 1e-37);
                        QVERIFY(values[i] <= groups[i / engine::kOddsGroup]);
                    }
                    QCOMPARE(*std::ranges::max_element(groups), 1.0F);
                    values.push_back(table->largest(logits.data(), size));
                    values.push_back(static_cast<float>(table->sumOf(values.data(), size)));
                    values.push_back(
                        static_cast<float>(table->sumOfWeights(logits.data(), size, best)));
                    const double plain = std::accumulate(
                        values.begin(), values.begin() + static_cast<int>(size), 0.0);
                    QVERIFY(std::abs(values[size + 1] - plain) < 1e-6 * plain);
                    table->drop(values.data(), size, 0.5F);
                    QVERIFY(
                        std::ranges::none_of(values, [](float v) { return v > 0 && v < 0.5F; }));
                    if (expected.empty())
                        expected = values;
                    QVERIFY(std::memcmp(expected.data(), values.data(),
                                        values.size() * sizeof(float)) == 0);
                }
            }
        }
    }

    void choosesAsThePlainOneDoes()
    {
        std::mt19937 random(11);
        std::set<std::int32_t> different;
        for (int round = 0; round < 1500; ++round) {
            const std::size_t vocabulary = round % 10 == 0 ? 5000 : 1 + random() % 300;
            auto logits = randomLogits(random, vocabulary, round % 3 == 0 ? 0.5F : 4.0F);
            for (unsigned ties = random() % 20; ties > 0; --ties)
                logits[random() % vocabulary] = logits[random() % vocabulary];
            Tokens answer(random() % 30);
            for (auto& token : answer)
                token = static_cast<std::int32_t>(random() % vocabulary);
            TokenMask mask(vocabulary);
            mask.allow(static_cast<std::int32_t>(random() % vocabulary));
            for (std::size_t i = 0; i < vocabulary / 2; ++i)
                mask.allow(static_cast<std::int32_t>(random() % vocabulary));
            const auto settings = randomSettings(random, vocabulary);
            Sampler sampler(settings);
            const Position position{
                .logits = logits, .answer = answer, .mask = round % 2 == 0 ? nullptr : &mask};
            const std::int32_t token = sampler.choose(position).token;
            QCOMPARE(token, plainChoice(settings, position));
            different.insert(token);
        }
        QVERIFY(different.size() > 100);
    }

    void penaltiesLookAtTheirWindow()
    {
        constexpr std::array kFlat = {2.0F, 1.9F, -1.0F};
        const auto greedy = [&](const SamplerSettings& settings, const Tokens& answer) {
            return Sampler(settings).choose({.logits = kFlat, .answer = answer}).token;
        };
        QCOMPARE(greedy({}, {0, 0}), 0);
        QCOMPARE(greedy({.repetitionPenalty = 1.1F}, {0}), 1);
        QCOMPARE(greedy({.presencePenalty = 0.2F}, {0}), 1);
        QCOMPARE(greedy({.frequencyPenalty = 0.06F}, {0}), 0);
        QCOMPARE(greedy({.frequencyPenalty = 0.06F}, {0, 0}), 1);
        QCOMPARE(greedy({.presencePenalty = 0.2F, .penaltyWindow = 2}, {0, 2, 2}), 0);
        QCOMPARE(greedy({.presencePenalty = 0.2F, .penaltyWindow = 3}, {0, 2, 2}), 1);
        QCOMPARE(greedy({.presencePenalty = 0.2F}, {-1, 3, 0}), 1); // tokens of nowhere: ignored
        QCOMPARE(greedy({.bias = {{2, 5.0F}, {-1, 9.0F}, {3, 9.0F}}}, {}), 2);
    }

    void reportsWhatTheModelThinks()
    {
        // Neither temperature nor bias, penalty or mask change what is reported.
        TokenMask mask(kLogits.size());
        mask.allow(4);
        Sampler sampler({.temperature = 0.5F,
                         .presencePenalty = 1.0F,
                         .bias = {{0, 5.0F}},
                         .logprobs = true,
                         .topLogprobs = 3});
        const Choice choice =
            sampler.choose({.logits = kLogits, .answer = std::array{1, 1}, .mask = &mask});
        double total = 0.0;
        for (const float logit : kLogits)
            total += std::exp(logit);
        const auto near = [&](float got, float logit) {
            return std::abs(got - (logit - std::log(total))) < 1e-6;
        };
        QCOMPARE(choice.token, 4);
        QVERIFY(near(choice.logprob, -1.0F));
        QCOMPARE(choice.top.size(), std::size_t{3});
        QVERIFY(choice.top[0].token == 1 && near(choice.top[0].logprob, 3.0F));
        QVERIFY(choice.top[1].token == 3 && near(choice.top[1].logprob, 3.0F));
        QVERIFY(choice.top[2].token == 2 && near(choice.top[2].logprob, 2.0F));
        // Negative control: nothing is reported unasked.
        QVERIFY(Sampler(SamplerSettings{}).choose({.logits = kLogits, .answer = {}}).top.empty());
    }

    void survivesNumbersThatAreNone()
    {
        for (const float temperature : {0.0F, 1e-40F, 1.0F}) {
            Sampler sampler({.temperature = temperature, .logprobs = true, .topLogprobs = 2});
            const auto chosen = [&](auto... logits) {
                const Choice choice =
                    sampler.choose({.logits = std::array{logits...}, .answer = {}});
                return std::isfinite(choice.logprob) &&
                               std::ranges::all_of(
                                   choice.top,
                                   [](const auto& one) { return std::isfinite(one.logprob); })
                           ? choice.token
                           : -1;
            };
            QCOMPARE(chosen(kNan, 1.0F, kNan), 1);
            QCOMPARE(chosen(0.0F, kInfinite), 1);
            QCOMPARE(chosen(-kInfinite, -kInfinite, -3e38F), 2);
            QCOMPARE(chosen(kNan, kNan), 0);
            QCOMPARE(chosen(-3e38F, 3e38F), 1);
        }
        TokenMask mask(3);
        mask.allow(2);
        QCOMPARE(Sampler({.temperature = 1.0F})
                     .choose({.logits = std::array{1.0F, 2.0F, kNan}, .answer = {}, .mask = &mask})
                     .token,
                 2);
    }

    void settingsOutOfBoundsMakeNoSense()
    {
        QVERIFY(makesSense(SamplerSettings{}));
        for (const float wrong : {kNan, kInfinite, -1.0F}) {
            QVERIFY(!makesSense(SamplerSettings{.temperature = wrong}));
            QVERIFY(!makesSense(SamplerSettings{.topP = wrong}));
            QVERIFY(!makesSense(SamplerSettings{.minP = wrong}));
            QVERIFY(!makesSense(SamplerSettings{.repetitionPenalty = wrong}));
        }
        QVERIFY(!makesSense(SamplerSettings{.topP = 0.0F}));
        QVERIFY(!makesSense(SamplerSettings{.repetitionPenalty = 0.0F}));
        QVERIFY(!makesSense(SamplerSettings{.frequencyPenalty = kNan}));
        QVERIFY(!makesSense(SamplerSettings{.presencePenalty = kInfinite}));
        QVERIFY(!makesSense(SamplerSettings{.bias = {{0, kNan}}}));
        QVERIFY(!makesSense(SamplerSettings{.topLogprobs = 21}));
    }

    /// Prints what a token costs at a vocabulary of 152,000; asserts nothing about time.
    void timePerToken()
    {
        std::mt19937 random(3);
        const auto logits = randomLogits(random, 152000, 3.0F);
        const auto microseconds = [&](SamplerSettings settings) {
            Sampler sampler(std::move(settings));
            double best = 1e9;
            for (int i = 0; i < 15; ++i) {
                const auto begin = std::chrono::steady_clock::now();
                (void)sampler.choose({.logits = logits, .answer = {}});
                const std::chrono::duration<double, std::micro> took =
                    std::chrono::steady_clock::now() - begin;
                best = std::min(best, took.count());
            }
            return best;
        };
        qInfo("greedy %.0f us, top-k 40 %.0f us, top-p 0.9 %.0f us, all %.0f us, greedy with 20 "
              "logprobs %.0f us",
              microseconds({}), microseconds({.temperature = 0.8F, .topK = 40}),
              microseconds({.temperature = 0.8F, .topP = 0.9F}),
              microseconds({.temperature = 0.8F}),
              microseconds({.logprobs = true, .topLogprobs = 20}));
    }
};

QTEST_GUILESS_MAIN(TestSampler)
#include "tst_sampler.moc"
