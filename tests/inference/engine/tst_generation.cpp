// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/generation.h"
#include "tests/support/loaded.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <algorithm>
#include <memory>
#include <regex>
#include <string_view>

using engine::Generation;
using engine::Step;

namespace {

using Tokens = std::vector<std::int32_t>;

/// Logits that make each of @p wanted the most likely of its row.
std::vector<float> rowsFor(const Tokens& wanted, std::size_t vocabulary)
{
    std::vector<float> rows(wanted.size() * vocabulary, -1.0F);
    for (std::size_t row = 0; row < wanted.size(); ++row)
        rows[row * vocabulary + static_cast<std::size_t>(wanted[row])] = 1.0F;
    return rows;
}

std::string textOf(const std::vector<Step>& steps)
{
    std::string text;
    for (const Step& step : steps)
        text += step.text;
    return text;
}

} // namespace

class TestGeneration : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_model = std::make_unique<support::Loaded>(support::tinyModel());
        QVERIFY(m_model->tokenizer);
        m_tokenizer = m_model->tokenizer.get();
        m_vocabulary = m_tokenizer->vocabulary().size();
    }

    void givesTokensAndTheirText()
    {
        Generation generation = begin("abc", 10);
        QCOMPARE(generation.promptTokens(), 3U);
        const auto steps = take(generation, tokensOf("x"), {});
        QCOMPARE(steps.size(), std::size_t{1});
        QVERIFY(steps[0].kind == Step::Kind::Token);
        QCOMPARE(steps[0].text, std::string("x"));
        QCOMPARE(generation.generatedTokens(), 1U);
        QCOMPARE(generation.tokens().size(), std::size_t{4});
        QVERIFY(!generation.ended());
    }

    void keepsGuessesAsLongAsTheyHold()
    {
        Generation generation = begin("abc", 10);
        // Rows: after "c" comes x, then y, then not the guessed z but w.
        auto steps = take(generation, tokensOf("xywv"), tokensOf("xyz"));
        QCOMPARE(textOf(steps), std::string("xyw"));
        QCOMPARE(generation.generatedTokens(), 3U);
        // All hold: the last row gives one more.
        steps = take(generation, tokensOf("pqr"), tokensOf("pq"));
        QCOMPARE(textOf(steps), std::string("pqr"));
        // None does.
        steps = take(generation, tokensOf("kl"), tokensOf("m"));
        QCOMPARE(textOf(steps), std::string("k"));
        QCOMPARE(generation.generatedTokens(), 7U);
    }

    void endsAtTheLimit()
    {
        Generation generation = begin("abc", 3);
        const auto steps = take(generation, tokensOf("wxyz"), tokensOf("wxy"));
        QCOMPARE(steps.size(), std::size_t{4});
        QVERIFY(steps.back().kind == Step::Kind::MaxTokens);
        QCOMPARE(textOf(steps), std::string("wxy"));
        QVERIFY(generation.ended());
    }

    void endsWithTheTurn()
    {
        Generation generation = begin("abc", 10);
        const auto end = m_tokenizer->vocabulary().special("<|im_end|>");
        QVERIFY(end);
        Tokens wanted = tokensOf("x");
        wanted.push_back(*end);
        wanted.push_back(wanted.front());
        const auto steps = take(generation, wanted, {wanted[0], wanted[1]});
        QCOMPARE(steps.size(), std::size_t{2});
        QVERIFY(steps.back().kind == Step::Kind::EndOfTurn);
        QCOMPARE(generation.generatedTokens(), 1U); // the end is not one of them
        QVERIFY(generation.ended());
    }

    void endsBeforeAStopText()
    {
        Generation::Request request = requestOf("abc", 20);
        request.stops = {"no such text", "yz"};
        Generation generation(m_tokenizer, request);
        auto steps = take(generation, tokensOf("xy"), tokensOf("x"));
        QCOMPARE(textOf(steps), std::string("x")); // y may be the beginning
        steps = take(generation, tokensOf("zk"), tokensOf("z"));
        QVERIFY(steps.back().kind == Step::Kind::StopText);
        QCOMPARE(textOf(steps), std::string());
        // The stop text's own tokens were generated, and count.
        QCOMPARE(generation.generatedTokens(), 3U);
    }

    void heldBackTextComesAtTheEnd()
    {
        Generation::Request request = requestOf("abc", 2);
        request.stops = {"yz"};
        Generation generation(m_tokenizer, request);
        const auto steps = take(generation, tokensOf("xyk"), tokensOf("xy"));
        QVERIFY(steps.back().kind == Step::Kind::MaxTokens);
        QCOMPARE(steps.back().text, std::string("y"));
    }

    void guessesWhatTheTextRepeats()
    {
        Generation generation = begin("The dose is 5 mg. The dose", 30);
        const auto guess = generation.guess(4);
        QCOMPARE(guess.matched > 2, true);
        QVERIFY(std::ranges::equal(guess.tokens, tokensOf(" is ")));
        // Never more than may still be written, one of them being chosen anyway.
        Generation last = begin("The dose is 5 mg. The dose", 2);
        QCOMPARE(last.guess(4).tokens.size(), std::size_t{1});
        Generation only = begin("The dose is 5 mg. The dose", 1);
        QVERIFY(only.guess(4).tokens.empty());
    }

    void drawnTokensDependOnTheirPlaceAlone()
    {
        Generation::Request request = requestOf("abc", 64);
        request.sampling = {.temperature = 1.0F, .seed = 7};
        std::vector<float> rows;
        for (std::size_t i = 0; i < 5 * m_vocabulary; ++i) {
            const auto token = static_cast<std::int32_t>(i % m_vocabulary);
            rows.push_back(m_tokenizer->vocabulary().isSpecial(token) ? -100.0F : 0.0F);
        }
        const auto row = std::span<const float>(rows).first(m_vocabulary);
        Generation one(m_tokenizer, request);
        Generation other(m_tokenizer, request);
        Tokens drawn;
        while (drawn.size() < 20 && !one.ended()) {
            QCOMPARE(one.take(row, {}).size(), std::size_t{1});
            drawn = {one.tokens().begin() + 3, one.tokens().end()};
        }
        QCOMPARE(drawn.size(), std::size_t{20});
        // Verified five at a time instead of one after the other.
        for (std::size_t at = 0; at + 5 <= drawn.size(); at += 5)
            QCOMPARE(other.take(rows, std::span(drawn).subspan(at, 4)).size(), std::size_t{5});
        const auto again = other.tokens().subspan(3);
        QVERIFY(std::ranges::equal(again, drawn));
    }

    void keepsToWhatIsAskedFor()
    {
        const engine::TokenTrie trie(m_tokenizer->vocabulary());
        auto constraint = engine::Constraint::compile(
            {.kind = wire::Constraint::Kind::Pattern, .text = "(yes|no), [0-9]{2,4}!"}, trie);
        QVERIFY2(constraint, constraint ? "" : constraint.error().detail.c_str());
        const std::regex pattern("(yes|no), [0-9]{2,4}!");
        Generation::Request request = requestOf("abc", 60);
        request.sampling = {.temperature = 1.0F, .seed = 3};
        QVERIFY(!std::regex_match(writeAnything(request), pattern)); // the negative control
        request.constraint = *std::move(constraint);
        for (const float temperature : {0.0F, 1.0F}) {
            request.sampling.temperature = temperature;
            const std::string text = writeAnything(request);
            QVERIFY2(std::regex_match(text, pattern), text.c_str());
        }
        // A guess that the pattern forbids does not hold, however likely the model finds it.
        request.sampling.temperature = 0.0F;
        Generation generation(m_tokenizer, request);
        const auto steps = take(generation, tokensOf("xx"), tokensOf("x"));
        QCOMPARE(steps.size(), std::size_t{1});
        QVERIFY(steps[0].text == "y" || steps[0].text == "n");
    }

    void tellsWhatTheModelThoughtWhereAsked()
    {
        Generation::Request request = requestOf("abc", 5);
        request.sampling.logprobs = true;
        request.sampling.topLogprobs = 2;
        Generation telling(m_tokenizer, request);
        const auto steps = take(telling, tokensOf("x"), {});
        QCOMPARE(steps[0].odds.size(), std::size_t{3});
        QCOMPARE(steps[0].odds[0].token, steps[0].token);
        QCOMPARE(steps[0].odds[1].token, steps[0].token); // greedy
        QVERIFY(steps[0].odds[2].logprob <= steps[0].odds[1].logprob);
        Generation silent = begin("abc", 5);
        QVERIFY(take(silent, tokensOf("x"), {})[0].odds.empty());
    }

private:
    [[nodiscard]] Tokens tokensOf(std::string_view text) const
    {
        Tokens tokens;
        for (const char letter : text) // one token each
            m_tokenizer->encode(std::string(1, letter), model::Specials::AsText, tokens);
        return tokens;
    }
    [[nodiscard]] Generation::Request requestOf(std::string_view prompt,
                                                std::uint32_t maxTokens) const
    {
        return {.prompt = tokensOf(prompt), .sampling = {}, .maxTokens = maxTokens, .stops = {}};
    }
    [[nodiscard]] Generation begin(std::string_view prompt, std::uint32_t maxTokens) const
    {
        return Generation(m_tokenizer, requestOf(prompt, maxTokens));
    }
    /// All tokens equally likely.
    [[nodiscard]] std::string writeAnything(const Generation::Request& request) const
    {
        const std::vector<float> flat(m_vocabulary, 0.0F);
        Generation generation(m_tokenizer, request);
        std::string text;
        while (!generation.ended())
            text += textOf(generation.take(flat, {}));
        return text;
    }
    [[nodiscard]] std::vector<Step> take(Generation& generation, const Tokens& wanted,
                                         const Tokens& guesses) const
    {
        return generation.take(rowsFor(wanted, m_vocabulary), guesses);
    }

    std::unique_ptr<support::Loaded> m_model;
    const model::Tokenizer* m_tokenizer = nullptr; // of m_model
    std::size_t m_vocabulary = 0;
};

QTEST_GUILESS_MAIN(TestGeneration)
#include "tst_generation.moc"
