// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/generation.h"
#include "inference/model/gguf.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <memory>
#include <regex>

using engine::Generation;
using engine::Step;

namespace {

struct Written {
    std::vector<std::int32_t> tokens;
    std::string text;
    Step::Kind end = Step::Kind::Reading;
};

} // namespace

class TestGeneration : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_bytes = support::tinyModel();
        auto file = model::GgufFile::parse(std::as_bytes(std::span(m_bytes)));
        QVERIFY(file);
        m_file = std::make_unique<model::GgufFile>(*std::move(file));
        auto tokenizer = model::Tokenizer::load(*m_file);
        QVERIFY(tokenizer);
        m_tokenizer = std::make_unique<model::Tokenizer>(*std::move(tokenizer));
        auto network = model::Model::load(*m_file, {.threads = 2, .exact = false});
        QVERIFY2(network, network ? "" : network.error().detail.c_str());
        m_network = *std::move(network);
    }

    void writesUntilTheLimit()
    {
        const Written all = write({.prompt = prompt(100), .sampling = {}, .maxTokens = 50});
        QCOMPARE(all.tokens.size(), std::size_t{50});
        QVERIFY(all.end == Step::Kind::MaxTokens);
        QVERIFY(all.text.size() == 50); // one letter each
    }

    void sameRequestSameTokens()
    {
        const Generation::Request request{
            .prompt = prompt(70),
            .sampling = {.temperature = 0.8F, .topK = 20, .topP = 0.95F, .seed = 7},
            .maxTokens = 40};
        const Written once = write(request);
        QCOMPARE(write(request).tokens, once.tokens);
        auto other = request;
        other.sampling.seed = 8;
        QVERIFY(write(other).tokens != once.tokens);
        // Another request in between, a step of each in turn: nothing changes.
        auto first = Generation::start(*m_network, m_tokenizer.get(), request);
        auto second = Generation::start(*m_network, m_tokenizer.get(), other);
        QVERIFY(first && second);
        std::vector<std::int32_t> tokens;
        for (bool going = true; going;) {
            const auto step = (*first)->step({});
            QVERIFY(step);
            if (step->kind == Step::Kind::Token)
                tokens.push_back(step->token);
            going = step->kind == Step::Kind::Reading || step->kind == Step::Kind::Token;
            if ((*second)->generatedTokens() < 20)
                QVERIFY((*second)->step({}));
        }
        QCOMPARE(tokens, once.tokens);
    }

    void refusesMoreThanTheContextHolds()
    {
        auto fits = Generation::start(*m_network, m_tokenizer.get(),
                                      {.prompt = prompt(4000), .sampling = {}, .maxTokens = 96});
        QVERIFY(fits);
        const auto tooLong =
            Generation::start(*m_network, m_tokenizer.get(),
                              {.prompt = prompt(4000), .sampling = {}, .maxTokens = 97});
        QVERIFY(!tooLong && tooLong.error().code == model::Errc::ContextTooLong);
        QCOMPARE(
            tooLong.error().detail,
            std::string("4000 prompt tokens and up to 97 of the answer are 4097, the context holds "
                        "4096"));
    }

    void cancelledStepCanBeTakenAgain()
    {
        const Generation::Request request{.prompt = prompt(100), .sampling = {}, .maxTokens = 10};
        const Written expected = write(request);
        auto generation = Generation::start(*m_network, m_tokenizer.get(), request);
        QVERIFY(generation);
        std::stop_source stop;
        stop.request_stop();
        std::vector<std::int32_t> tokens;
        for (int i = 0; i < 12; ++i) { // 2 chunks and 10 tokens
            const auto cancelled = (*generation)->step(stop.get_token());
            if (!cancelled)
                QVERIFY(cancelled.error().code == model::Errc::Cancelled);
            const auto step = cancelled ? cancelled : (*generation)->step({});
            QVERIFY(step);
            if (step->kind == Step::Kind::Token)
                tokens.push_back(step->token);
        }
        QCOMPARE(tokens, expected.tokens);
    }

    void endsBeforeAStopText()
    {
        Generation::Request request{
            .prompt = prompt(70), .sampling = {.temperature = 1.0F, .seed = 3}, .maxTokens = 60};
        const Written whole = write(request);
        QVERIFY(whole.text.size() > 20);
        const std::string stop = whole.text.substr(10, 3);
        request.stops = {"no such text", stop};
        const Written cut = write(request);
        QVERIFY(cut.end == Step::Kind::StopText);
        QCOMPARE(cut.text, whole.text.substr(0, whole.text.find(stop)));
        // The stop text's own tokens were generated, and count.
        QCOMPARE(cut.tokens, std::vector(whole.tokens.begin(),
                                         whole.tokens.begin() +
                                             static_cast<std::ptrdiff_t>(cut.tokens.size())));
        QVERIFY(cut.tokens.size() < whole.tokens.size());
    }

    void keepsToWhatIsAskedFor()
    {
        const engine::TokenTrie trie(m_tokenizer->vocabulary());
        auto constraint = engine::Constraint::compile(
            {.kind = wire::Constraint::Kind::Pattern, .text = "(yes|no), [0-9]{2,4}!"}, trie);
        QVERIFY2(constraint, constraint ? "" : constraint.error().detail.c_str());
        Generation::Request request{
            .prompt = prompt(70), .sampling = {.temperature = 1.0F, .seed = 3}, .maxTokens = 60};
        const std::regex pattern("(yes|no), [0-9]{2,4}!");
        QVERIFY(!std::regex_match(write(request).text, pattern)); // the negative control
        request.constraint = *std::move(constraint);
        for (const float temperature : {0.0F, 1.0F}) {
            request.sampling.temperature = temperature;
            const Written written = write(request);
            QVERIFY(written.end == Step::Kind::EndOfTurn);
            QVERIFY2(std::regex_match(written.text, pattern), written.text.c_str());
        }
    }

    void tellsWhatTheModelThoughtWhereAsked()
    {
        Generation::Request request{.prompt = prompt(70), .sampling = {}, .maxTokens = 3};
        auto generation = Generation::start(*m_network, m_tokenizer.get(), request);
        request.sampling.logprobs = true;
        request.sampling.topLogprobs = 2;
        auto telling = Generation::start(*m_network, m_tokenizer.get(), request);
        QVERIFY(generation && telling);
        for (int i = 0; i < 5; ++i) { // 2 chunks and 3 tokens
            const auto silent = (*generation)->step({});
            const auto step = (*telling)->step({});
            QVERIFY(silent && step && silent->odds.empty() && silent->token == step->token);
            if (step->kind != Step::Kind::Token)
                continue;
            QCOMPARE(step->odds.size(), std::size_t{3});
            QCOMPARE(step->odds[0].token, step->token);
            QCOMPARE(step->odds[1].token, step->token); // greedy
            QCOMPARE(step->odds[1].logprob, step->odds[0].logprob);
            QVERIFY(step->odds[0].logprob < 0.0F && step->odds[2].logprob <= step->odds[1].logprob);
        }
    }

private:
    [[nodiscard]] std::vector<std::int32_t> prompt(std::size_t length) const
    {
        std::vector<std::int32_t> tokens;
        m_tokenizer->encode(std::string(length, 'k'), model::Specials::AsText, tokens);
        return tokens;
    }

    Written write(const Generation::Request& request)
    {
        Written written;
        auto generation = Generation::start(*m_network, m_tokenizer.get(), request);
        if (!generation)
            return written;
        while (true) {
            const auto step = (*generation)->step({});
            if (!step)
                return written;
            written.text += step->text;
            written.end = step->kind;
            if (step->kind == Step::Kind::Token)
                written.tokens.push_back(step->token);
            else if (step->kind != Step::Kind::Reading)
                return written;
        }
    }

    std::string m_bytes;
    std::unique_ptr<model::GgufFile> m_file;
    std::unique_ptr<model::Tokenizer> m_tokenizer;
    std::unique_ptr<model::Model> m_network;
};

QTEST_GUILESS_MAIN(TestGeneration)
#include "tst_generation.moc"
