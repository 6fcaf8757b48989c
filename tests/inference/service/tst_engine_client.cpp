// SPDX-License-Identifier: Apache-2.0
#include "inference/service/engine_client.h"
#include "tests/support/run_options.h"
#include "tests/support/tiny_model.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

using service::EngineClient;

namespace {

wire::Generate request(std::uint32_t maxTokens, std::size_t promptBytes = 20)
{
    wire::Generate generate;
    generate.turns = {{wire::Role::User, std::string(promptBytes, 'k')}};
    generate.maxTokens = maxTokens;
    return generate;
}

/// Waits up to @p seconds until @p condition holds.
template <typename Condition>
bool eventually(Condition condition, int seconds = 30)
{
    QElapsedTimer timer;
    timer.start();
    while (!condition()) {
        if (timer.elapsed() > seconds * 1000)
            return false;
        QTest::qWait(2);
    }
    return true;
}

using Outcome = std::expected<wire::Finished, wire::Failed>;

/// A request that runs on a thread of its own.
class Running {
public:
    Running(EngineClient& client, wire::Generate generate)
        : m_thread([this, &client, generate = std::move(generate)](const std::stop_token& stop) {
            const EngineClient::Callbacks callbacks{.progress = {},
                                                    .token = [this](const wire::Token& token) {
                                                        m_text += token.text;
                                                        ++m_tokens;
                                                    }};
            m_outcome = client.generate(generate, callbacks, stop);
            m_done = true;
        })
    {
    }
    [[nodiscard]] int tokens() const { return m_tokens; }
    [[nodiscard]] bool done() const { return m_done; }
    void cancel() { m_thread.request_stop(); }
    Outcome outcome()
    {
        m_thread.join();
        return m_outcome;
    }
    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::atomic<int> m_tokens = 0;
    std::atomic<bool> m_done = false;
    std::string m_text;
    Outcome m_outcome;
    std::jthread m_thread;
};

} // namespace

class TestEngineClient : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        m_model = m_folder.filePath(QStringLiteral("tiny.gguf")).toStdString();
        std::ofstream(m_model, std::ios::binary) << support::tinyModel();
        m_client = EngineClient::start(options(m_model));
        waitUntilReady(*m_client);
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

    void cancelsAtOnce()
    {
        for (const std::size_t promptBytes : {std::size_t{20}, std::size_t{2000}}) {
            Running running(*m_client, request(1500, promptBytes));
            if (promptBytes < 100)
                QVERIFY(eventually([&] { return running.tokens() > 3; }));
            QElapsedTimer timer;
            timer.start();
            running.cancel();
            const auto outcome = running.outcome();
            qInfo("cancelled in %lld ms", timer.elapsed());
            QVERIFY(timer.elapsed() < 250);
            QVERIFY(outcome && outcome->reason == wire::StopReason::Cancelled);
            QVERIFY(outcome->generatedTokens < 1500);
        }
    }

    void cancelsWhatWaitsForOthers()
    {
        std::vector<std::unique_ptr<Running>> others;
        for (int i = 0; i < 4; ++i) // as many as run at once
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
        std::stop_source stop;
        stop.request_stop();
        const auto counted = m_client->count(request(1, 200).turns, stop.get_token());
        QVERIFY(!counted && counted.error().code == wire::Errc::Cancelled);
        QVERIFY(m_client->count(request(1, 200).turns, {})); // the late answer confused nobody
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
        auto real = options(path);
        real.threads = 2;
        const auto client = EngineClient::start(real);
        QVERIFY(
            eventually([&] { return client->status().state == EngineClient::State::Ready; }, 120));
        std::string chart;
        while (chart.size() < 12000)
            chart += "Potassium 4.2 mmol/L, creatinine 88 umol/L, walked the stairs. ";
        auto generate = request(100);
        generate.turns[0].text = chart;
        // Three others read as well: each of their steps is long, and none may hold this one up.
        std::vector<std::unique_ptr<Running>> others;
        for (int i = 0; i < 3; ++i)
            others.push_back(std::make_unique<Running>(*client, generate));
        std::atomic<int> chunks = 0;
        std::stop_source stop;
        std::expected<wire::Finished, wire::Failed> outcome;
        const EngineClient::Callbacks callbacks{
            .progress = [&](const wire::Progress&) { ++chunks; }, .token = {}};
        std::jthread running(
            [&] { outcome = client->generate(generate, callbacks, stop.get_token()); });
        QVERIFY(eventually([&] { return chunks > 0; }, 120)); // the prompt is being read
        QElapsedTimer timer;
        timer.start();
        stop.request_stop();
        running.join();
        qInfo("cancelled in %lld ms after %d chunks", timer.elapsed(), chunks.load());
        QVERIFY(outcome && outcome->reason == wire::StopReason::Cancelled);
        QCOMPARE(outcome->generatedTokens, 0U);
        QVERIFY(timer.elapsed() < 250);
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

    void survivesTheWorkersDeath_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("SIGKILL") << SIGKILL;
        QTest::newRow("SIGSEGV") << SIGSEGV;
        QTest::newRow("SIGABRT") << SIGABRT;
    }

    void survivesTheWorkersDeath()
    {
        QFETCH(int, signal);
        const auto before = m_client->status();
        Running running(*m_client, request(3500));
        QVERIFY(eventually([&] { return running.tokens() > 3; }));
        QCOMPARE(::kill(before.pid, signal), 0);
        const auto outcome = running.outcome();
        QVERIFY(!outcome);
        QVERIFY(outcome.error().code == wire::Errc::WorkerGone);
        waitUntilReady(*m_client);
        const auto after = m_client->status();
        QVERIFY(after.pid != before.pid);
        QCOMPARE(after.restarts, before.restarts + 1);
        QVERIFY(m_client->generate(request(5), {}, {}));
    }

    void aWorkerThatHangsIsReplacedWhenItsRequestIsCancelled_data()
    {
        QTest::addColumn<int>("requests");
        QTest::addColumn<int>("bytes");
        QTest::newRow("one that fits its socket") << 1 << 20;
        QTest::newRow("one larger than its socket") << 1 << (4 << 20);
        QTest::newRow("many that fill its socket") << 12 << 60'000;
    }

    void aWorkerThatHangsIsReplacedWhenItsRequestIsCancelled()
    {
        QFETCH(int, requests);
        QFETCH(int, bytes);
        auto impatient = options(m_model);
        impatient.patience = std::chrono::milliseconds(300);
        const auto client = EngineClient::start(impatient);
        waitUntilReady(*client);
        const auto before = client->status();
        QCOMPARE(::kill(before.pid, SIGSTOP), 0);
        std::vector<std::unique_ptr<Running>> all;
        for (int i = 0; i < requests; ++i)
            all.push_back(
                std::make_unique<Running>(*client, request(5, static_cast<std::size_t>(bytes))));
        QTest::qWait(50);
        all.back()->cancel();
        for (const auto& one : all)
            QVERIFY(eventually([&] { return one->done(); }));
        for (const auto& one : all) {
            const auto outcome = one->outcome();
            QVERIFY(!outcome && outcome.error().code == wire::Errc::WorkerGone);
        }
        QVERIFY(eventually([&] {
            const auto now = client->status();
            return now.pid != before.pid && now.state == EngineClient::State::Ready;
        }));
        QVERIFY(client->generate(request(3), {}, {}));
    }

    void aWorkerThatReadsLateIsLeftAlone()
    {
        const auto before = m_client->status();
        QCOMPARE(::kill(before.pid, SIGSTOP), 0);
        std::vector<std::unique_ptr<Running>> all;
        for (int i = 0; i < 12; ++i)
            all.push_back(std::make_unique<Running>(*m_client, request(5, 60'000)));
        QTest::qWait(200);
        QCOMPARE(::kill(before.pid, SIGCONT), 0);
        for (const auto& one : all) {
            const auto outcome = one->outcome();
            QVERIFY(!outcome && outcome.error().code == wire::Errc::ContextTooLong);
        }
        QCOMPARE(m_client->status().pid, before.pid);
        QVERIFY(m_client->generate(request(3), {}, {}));
    }

    void everyWorkerGetsTheFileThatWasHashed()
    {
        const std::string file = m_folder.filePath(QStringLiteral("replaced.gguf")).toStdString();
        std::filesystem::copy_file(m_model, file);
        const auto client = EngineClient::start(options(file));
        waitUntilReady(*client);
        const auto before = client->status();
        QVERIFY(before.modelSha256 == m_client->status().modelSha256);
        // Another file takes the name, as an upgrade would do it; then the worker dies.
        std::ofstream(file + ".new", std::ios::binary) << "no model at all";
        std::filesystem::rename(file + ".new", file);
        QCOMPARE(::kill(before.pid, SIGKILL), 0);
        QVERIFY(eventually([&] {
            const auto now = client->status();
            return now.pid != before.pid && now.state == EngineClient::State::Ready;
        }));
        QVERIFY(client->generate(request(3), {}, {}));
        QVERIFY(client->status().modelSha256 == before.modelSha256);
    }

    void aFileRewrittenInPlaceIsHashedAgain()
    {
        const std::string file = m_folder.filePath(QStringLiteral("rewritten.gguf")).toStdString();
        std::filesystem::copy_file(m_model, file);
        const auto client = EngineClient::start(options(file));
        waitUntilReady(*client);
        const auto before = client->status();
        const auto replaced = [&] {
            const int pid = client->status().pid;
            ::kill(pid, SIGKILL);
            return eventually([&] {
                const auto now = client->status();
                return now.pid != pid && now.state == EngineClient::State::Ready;
            });
        };
        QVERIFY(replaced()); // the control: nobody wrote
        QVERIFY(client->status().modelSha256 == before.modelSha256);

        // The same length, the same inode, and a time of modification that was set back.
        const std::string name = "Tiny random model";
        const auto when = std::filesystem::last_write_time(file);
        std::fstream(file, std::ios::binary | std::ios::in | std::ios::out)
                .seekp(static_cast<std::streamoff>(support::tinyModel().find(name)))
            << "Tiny changed mode";
        std::filesystem::last_write_time(file, when);
        QVERIFY(replaced());
        const auto after = client->status();
        QVERIFY2(after.model->name == "Tiny changed mode", after.model->name.c_str());
        QCOMPARE(after.modelSha256.size(), before.modelSha256.size());
        QVERIFY(after.modelSha256 != before.modelSha256);
        QVERIFY(client->generate(request(3), {}, {}));
    }

    void aFileRewrittenWhileItIsHashedIsHashedAgain()
    {
        // Much to hash, so that it is written to while that goes on.
        const std::string file = m_folder.filePath(QStringLiteral("growing.gguf")).toStdString();
        std::filesystem::copy_file(m_model, file);
        std::filesystem::resize_file(file, std::uintmax_t{1} << 30);
        const auto client = EngineClient::start(options(file));
        QVERIFY(eventually([&] { return client->status().model.has_value(); }));
        const auto first = client->status();
        std::filesystem::resize_file(file, (std::uintmax_t{1} << 30) + 1);
        QVERIFY(first.modelSha256.empty()); // it had not been hashed
        QVERIFY(
            eventually([&] { return client->status().state == EngineClient::State::Ready; }, 120));
        QVERIFY(client->status().pid != first.pid);
        QVERIFY(client->generate(request(3), {}, {}));
    }

    void nobodyIsServedBeforeTheHashIsKnown()
    {
        // Much to hash, little to load: what stands behind the tensors is a hole.
        const std::string file = m_folder.filePath(QStringLiteral("long.gguf")).toStdString();
        std::filesystem::copy_file(m_model, file);
        std::filesystem::resize_file(file, std::uintmax_t{1} << 30);
        const auto client = EngineClient::start(options(file));
        bool loaded = false;
        QVERIFY(eventually(
            [&] {
                const auto status = client->status();
                loaded = loaded || (status.model && status.modelSha256.empty());
                return status.state == EngineClient::State::Ready;
            },
            120));
        QVERIFY(client->status().modelSha256.size() == 64);
        QVERIFY(loaded); // the worker was ready before
    }

    void aWorkerThatCannotBeStartedAgainIsTriedLater()
    {
        const std::filesystem::path program =
            m_folder.filePath(QStringLiteral("engine")).toStdString();
        std::filesystem::copy_file(PROGRAMS "/cloister-engine", program);
        auto moved = options(m_model);
        moved.program = program;
        const auto client = EngineClient::start(moved);
        waitUntilReady(*client);
        std::filesystem::rename(program, program.string() + ".away");
        QCOMPARE(::kill(client->status().pid, SIGKILL), 0);
        QVERIFY(eventually([&] { return client->status().restarts >= 2; }));
        QVERIFY(!isUnusable(*client));
        std::filesystem::rename(program.string() + ".away", program);
        waitUntilReady(*client);
        QVERIFY(client->generate(request(3), {}, {}));

        auto absent = options(m_model);
        absent.program = program.string() + ".never";
        const auto never =
            EngineClient::start(absent); // the first start is a mistake in the set-up
        QVERIFY(eventually([&] { return isUnusable(*never); }));
    }

    void aDamagedModelIsUnusable()
    {
        const std::string damaged = m_folder.filePath(QStringLiteral("damaged.gguf")).toStdString();
        std::ofstream(damaged, std::ios::binary) << support::tinyModel().substr(0, 5000);
        const auto client = EngineClient::start(options(damaged));
        QVERIFY(eventually([&] { return isUnusable(*client); }));
        const auto status = client->status();
        QVERIFY(status.failure && status.failure->code == wire::Errc::ModelUnusable);
        QVERIFY2(status.failure->detail.contains(" at byte "), status.failure->detail.c_str());
        const auto outcome = client->generate(request(5), {}, {});
        QVERIFY(!outcome && outcome.error().code == wire::Errc::WorkerGone);

        const auto absent = EngineClient::start(options("/nowhere/model.gguf"));
        QVERIFY(eventually([&] { return isUnusable(*absent); }));
    }

    void aWorkerThatAlwaysDiesIsTriedAgainSeldom()
    {
        // Stands in for the worker on a machine that has too little memory for a while.
        const std::string program = m_folder.filePath(QStringLiteral("worker")).toStdString();
        const std::string trouble = m_folder.filePath(QStringLiteral("trouble")).toStdString();
        std::ofstream(program) << "#!/bin/sh\ntest -e '" << trouble
                               << "' && exit 1\nexec " PROGRAMS "/cloister-engine \"$@\"\n";
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        std::ofstream(trouble) << "on";

        auto broken = options(m_model);
        broken.program = program;
        const auto client = EngineClient::start(broken);
        QVERIFY(eventually([&] { return isUnusable(*client); }));
        QVERIFY(client->status().failure->detail.contains("exit status 1"));
        QCOMPARE(client->status().restarts, 3U);

        std::filesystem::remove(trouble);
        waitUntilReady(*client);
        QVERIFY(!client->status().failure);
        QVERIFY(client->generate(request(5), {}, {}));
    }

private:
    static EngineClient::Options options(const std::string& modelFile)
    {
        return {.program = PROGRAMS "/cloister-engine", .modelFile = modelFile, .threads = 1};
    }
    static void waitUntilReady(const EngineClient& client)
    {
        QVERIFY(eventually([&] { return client.status().state == EngineClient::State::Ready; }));
    }
    static bool isUnusable(const EngineClient& client)
    {
        return client.status().state == EngineClient::State::Unusable;
    }

    QTemporaryDir m_folder;
    std::string m_model;
    std::unique_ptr<EngineClient> m_client;
};

QTEST_GUILESS_MAIN(TestEngineClient)
#include "tst_engine_client.moc"
