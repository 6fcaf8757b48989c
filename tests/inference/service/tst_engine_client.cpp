// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/service/engine_requests.h"
#include "tests/support/run_options.h"

#include <QThread>

#include <csignal>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::isUnusable;
using service::ModelFolder;
using service::request;
using service::Running;

class TestEngineClient : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_client = EngineClient::start(ModelFolder::options(m_folder.model()));
        QVERIFY(becomesReady(*m_client));
    }

    void saysWhatItRuns()
    {
        const auto status = m_client->status();
        QVERIFY(status.model);
        QVERIFY(status.model->name == "Tiny random model");
        QVERIFY(status.model->architecture == "llama");
        QVERIFY(status.model->weightType == "F32");
        QCOMPARE(status.model->contextTokens, 4096U);
        QCOMPARE(status.model->vocabulary, 261U);
        QVERIFY(status.pid > 0);
        QVERIFY(eventually([&] { return m_client->status().modelSha256.size() == 64; }));
    }

    void generatesAndCountsAtOnce()
    {
        Running first(*m_client, request(200));
        Running second(*m_client, request(200));
        const auto counted = m_client->count({{wire::Role::User, std::string(20, 'k')}}, {});
        QVERIFY(counted);
        const auto a = first.outcome();
        const auto b = second.outcome();
        QVERIFY(a && b);
        QVERIFY(a->reason == wire::StopReason::MaxTokens);
        QCOMPARE(a->generatedTokens, 200U);
        QCOMPARE(a->promptTokens, *counted);
        QVERIFY(first.text() == second.text());
        QCOMPARE(first.text().size(), std::size_t{200});
    }

    void manyRequestsAllEnd()
    {
        std::vector<std::unique_ptr<Running>> all;
        for (int i = 0; i < 12; ++i)
            all.push_back(std::make_unique<Running>(*m_client, request(20)));
        for (auto& one : all) {
            const auto outcome = one->outcome();
            QVERIFY(outcome);
            QVERIFY(one->text() == all.front()->text());
        }
    }

    void refusesRequestsThatMakeNoSense()
    {
        const auto codeOf = [this](wire::Generate generate) {
            const auto outcome = m_client->generate(std::move(generate), {}, {});
            return outcome ? wire::Errc::Internal : outcome.error().code;
        };
        QVERIFY(codeOf(request(0)) == wire::Errc::BadRequest);
        auto noTurns = request(5);
        noTurns.turns.clear();
        QVERIFY(codeOf(noTurns) == wire::Errc::BadRequest);
        auto cold = request(5);
        cold.sampling.temperature = -1.0F;
        QVERIFY(codeOf(cold) == wire::Errc::BadRequest);
        auto none = request(5);
        none.sampling.topP = 0.0F;
        QVERIFY(codeOf(none) == wire::Errc::BadRequest);
        auto hot = request(5);
        hot.sampling.topLogprobs = 21;
        QVERIFY(codeOf(hot) == wire::Errc::BadRequest);
        auto silent = request(5);
        silent.stops = {"x", ""};
        QVERIFY(codeOf(silent) == wire::Errc::BadRequest);
        auto unknown = request(5);
        unknown.constraint = {.kind = wire::Constraint::Kind::JsonSchema,
                              .text = "{\"minimum\":1}"};
        QVERIFY(codeOf(unknown) == wire::Errc::BadConstraint);
        auto large = request(5);
        large.turns[0].text.assign(wire::kMaxFrameBytes, 'x');
        QVERIFY(codeOf(large) == wire::Errc::BadRequest);
        QVERIFY(!m_client->count({}, {}));

        const auto tooLong = m_client->generate(request(4000, 200), {}, {});
        QVERIFY(!tooLong && tooLong.error().code == wire::Errc::ContextTooLong);
        const auto counted = m_client->count(request(1, 200).turns, {});
        QCOMPARE(tooLong.error().promptTokens, *counted);
        QCOMPARE(tooLong.error().maxTokens, 4000U);
        QCOMPARE(tooLong.error().contextTokens, 4096U);
        QVERIFY(m_client->generate(request(3), {}, {})); // and it still serves
    }

    void answersAsAskedFor()
    {
        auto wanted = request(60);
        wanted.sampling = {.temperature = 1.0F, .seed = 5};
        const auto answerOf = [this](const wire::Generate& generate) {
            Running running(*m_client, generate);
            const auto outcome = running.outcome();
            return std::pair(outcome ? outcome->reason : wire::StopReason::Cancelled,
                             running.text());
        };
        const auto [reason, text] = answerOf(wanted);
        QVERIFY(reason == wire::StopReason::MaxTokens && text.size() > 20);

        auto stopped = wanted;
        stopped.stops = {text.substr(10, 3)};
        QVERIFY(answerOf(stopped) ==
                std::pair(wire::StopReason::StopText, text.substr(0, text.find(stopped.stops[0]))));

        auto typed = wanted;
        typed.constraint = {.kind = wire::Constraint::Kind::JsonSchema,
                            .text =
                                "{\"type\":\"object\",\"properties\":{\"k\":{\"enum\":[17,true]}},"
                                "\"required\":[\"k\"]}"};
        const auto [end, json] = answerOf(typed);
        QVERIFY(end == wire::StopReason::EndOfTurn);
        QVERIFY2(json.contains("\"k\":") && json.ends_with('}'), json.c_str());

        auto telling = request(3);
        telling.sampling.logprobs = true;
        telling.sampling.topLogprobs = 2;
        std::vector<wire::TokenOdds> odds;
        const EngineClient::Callbacks callbacks{
            .progress = {}, .token = [&odds](const wire::Token& token) {
                odds.insert(odds.end(), token.odds.begin(), token.odds.end());
            }};
        QVERIFY(m_client->generate(telling, callbacks, {}));
        QCOMPARE(odds.size(), std::size_t{9});
        QVERIFY(odds[0].token == odds[1].token && odds[0].bytes.size() == 1);
    }

    void citesOnlyWhatExists()
    {
        auto wanted = request(300);
        wanted.sampling = {.temperature = 1.0F, .seed = 6};
        constexpr std::int32_t kFirstByte = 3; // of the tiny vocabulary
        for (const char letter : {'[', '3', '9'})
            wanted.sampling.bias.push_back({kFirstByte + letter, 90.0F});
        const auto answerOf = [this](const wire::Generate& generate) {
            Running running(*m_client, generate);
            return running.outcome() ? running.text() : std::string();
        };
        const std::string free = answerOf(wanted);
        QVERIFY2(free.contains("[9") && free.contains("[39"), free.c_str()); // the control
        wanted.constraint = {.kind = wire::Constraint::Kind::Citations, .citations = 3};
        const std::string held = answerOf(wanted);
        QVERIFY2(held.contains("[3"), held.c_str());
        QVERIFY2(!held.contains("[9") && !held.contains("[39"), held.c_str());
        // Where only what exists is cited the mask changes nothing.
        wanted.constraint.citations = 999;
        wanted.sampling.bias[0].bias = 0.0F; // no [
        auto unheld = wanted;
        unheld.constraint = {};
        const std::string same = answerOf(unheld);
        QVERIFY(same.size() > 100);
        QCOMPARE(answerOf(wanted), same);
    }

    void cancelsAtOnce()
    {
        for (const std::size_t promptBytes : {std::size_t{20}, std::size_t{2000}}) {
            Running running(*m_client, request(1500, promptBytes));
            if (promptBytes < 100)
                QVERIFY(eventually([&] { return running.tokens() > 3; }));
            running.cancel();
            const auto outcome = running.outcome();
            QVERIFY(outcome && outcome->reason == wire::StopReason::Cancelled);
            QVERIFY(outcome->generatedTokens < 1500);
        }
    }

    void cancelsWhatWaitsForOthers()
    {
        std::vector<std::unique_ptr<Running>> others;
        for (int i = 0; i < 32; ++i) // as many as run at once
            others.push_back(std::make_unique<Running>(*m_client, request(3500)));
        for (const auto& other : others)
            QVERIFY(eventually([&] { return other->tokens() > 0; }));
        Running waiting(*m_client, request(3500));
        QTest::qWait(20);
        waiting.cancel();
        const auto outcome = waiting.outcome();
        QVERIFY(outcome && outcome->reason == wire::StopReason::Cancelled);
        QCOMPARE(outcome->generatedTokens, 0U);
        // Not because there was room at last: the others are still running. Nor has it left a
        // trace.
        for (const auto& other : others)
            QVERIFY(!other->done());
        for (const auto& other : others)
            other->cancel();
        for (const auto& other : others)
            QVERIFY(other->outcome()->reason == wire::StopReason::Cancelled);
        QVERIFY(m_client->generate(request(3), {}, {}));
    }

    void stopsCountingAtOnce()
    {
        const auto count = [&](const std::stop_token& stop) {
            return m_client->count(request(1, 200).turns, stop);
        };
        std::stop_source before;
        before.request_stop();
        const auto never = count(before.get_token());
        QVERIFY(!never && never.error().code == wire::Errc::Cancelled);

        // A worker that doesn't answer meanwhile, and whose late answer confuses nobody.
        const int worker = m_client->status().pid;
        QCOMPARE(::kill(worker, SIGSTOP), 0);
        std::stop_source meanwhile;
        std::jthread stopping([&] {
            QThread::msleep(20);
            meanwhile.request_stop();
        });
        const auto stopped = count(meanwhile.get_token());
        QCOMPARE(::kill(worker, SIGCONT), 0);
        QVERIFY(!stopped && stopped.error().code == wire::Errc::Cancelled);
        QVERIFY(count({}));
        QCOMPARE(m_client->status().pid, worker);
    }

    void cancelsWhileARealModelReads_data()
    {
        QTest::addColumn<QByteArray>("file");
        QTest::newRow("135M") << QByteArray(support::kSmallModel);
#if !defined(__SANITIZE_ADDRESS__) // it would take minutes there and show nothing more
        QTest::newRow("1.5B") << QByteArray(support::kLargeModel);
#endif
    }

    void cancelsWhileARealModelReads()
    {
        QFETCH(QByteArray, file);
        const std::string path = support::realModel(file.toStdString());
        if (path.empty()) {
            QVERIFY(support::realModelsMayBeAbsent());
            QSKIP("the real model is absent: CLOISTER_MODELS names no folder that holds it");
        }
        auto real = ModelFolder::options(path);
        real.threads = 2;
        const auto client = EngineClient::start(real);
        QVERIFY(becomesReady(*client, 120));
        std::string chart;
        while (chart.size() < 12000)
            chart += "Potassium 4.2 mmol/L, creatinine 88 umol/L, walked the stairs. ";
        auto generate = request(100);
        generate.turns[0].text = chart;
        // Three others read as well: each of their steps is long, and none may hold this one up.
        std::vector<std::unique_ptr<Running>> others;
        for (int i = 0; i < 3; ++i) {
            generate.user = static_cast<std::uint64_t>(i) + 1;
            others.push_back(std::make_unique<Running>(*client, generate));
        }
        generate.user = 4; // each has a turn of his own
        std::atomic<int> chunks = 0;
        std::stop_source stop;
        std::expected<wire::Finished, wire::Failed> outcome;
        const EngineClient::Callbacks callbacks{
            .progress = [&](const wire::Progress&) { ++chunks; }, .token = {}};
        std::jthread running(
            [&] { outcome = client->generate(generate, callbacks, stop.get_token()); });
        QVERIFY(eventually([&] { return chunks > 0; }, 120)); // the prompt is being read
        QElapsedTimer timer; // told, not judged: the limit wanted is 250 ms
        timer.start();
        stop.request_stop();
        running.join();
        qInfo("cancelled in %lld ms after %d chunks", timer.elapsed(), chunks.load());
        QVERIFY(outcome && outcome->reason == wire::StopReason::Cancelled);
        QCOMPARE(outcome->generatedTokens, 0U);
        for (const auto& other : others)
            QVERIFY(!other->done()); // nor did it wait until they had read
        for (const auto& other : others)
            other->cancel();
        for (const auto& other : others)
            QVERIFY(other->outcome()->reason == wire::StopReason::Cancelled);
        QVERIFY(client->generate(request(3), {}, {}));
    }

    void aCallbackThatThrowsEndsItsRequestOnly()
    {
        Running beside(*m_client, request(500));
        int heard = 0;
        const EngineClient::Callbacks throws{.progress = {}, .token = [&heard](const wire::Token&) {
                                                 if (++heard == 3)
                                                     throw std::bad_alloc();
                                             }};
        const auto outcome = m_client->generate(request(3500), throws, {});
        QVERIFY(!outcome && outcome.error().code == wire::Errc::Internal);
        QCOMPARE(heard, 3);
        QVERIFY(beside.outcome());
        QVERIFY(m_client->generate(request(3), {}, {}));
    }

private:
    ModelFolder m_folder;
    std::unique_ptr<EngineClient> m_client;
};

QTEST_GUILESS_MAIN(TestEngineClient)
#include "tst_engine_client.moc"
