// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/service/engine_requests.h"

#include <csignal>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::isUnusable;
using service::ModelFolder;
using service::request;
using service::Running;

class TestEngineWorker : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_client = EngineClient::start(ModelFolder::options(m_folder.model()));
        QVERIFY(becomesReady(*m_client));
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
        QVERIFY(becomesReady(*m_client));
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
        auto impatient = ModelFolder::options(m_folder.model());
        impatient.patience = std::chrono::milliseconds(300);
        const auto client = EngineClient::start(impatient);
        QVERIFY(becomesReady(*client));
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

    void aWorkerThatCannotBeStartedAgainIsTriedLater()
    {
        const std::filesystem::path program = m_folder.file("engine");
        std::filesystem::copy_file(PROGRAMS "/cloister-engine", program);
        auto moved = ModelFolder::options(m_folder.model());
        moved.program = program;
        const auto client = EngineClient::start(moved);
        QVERIFY(becomesReady(*client));
        std::filesystem::rename(program, program.string() + ".away");
        QCOMPARE(::kill(client->status().pid, SIGKILL), 0);
        QVERIFY(eventually([&] { return client->status().restarts >= 2; }));
        QVERIFY(!isUnusable(*client));
        std::filesystem::rename(program.string() + ".away", program);
        QVERIFY(becomesReady(*client));
        QVERIFY(client->generate(request(3), {}, {}));

        auto absent = ModelFolder::options(m_folder.model());
        absent.program = program.string() + ".never";
        const auto never =
            EngineClient::start(absent); // the first start is a mistake in the set-up
        QVERIFY(eventually([&] { return isUnusable(*never); }));
    }

    void aDamagedModelIsUnusable()
    {
        const std::string damaged = m_folder.file("damaged.gguf");
        std::ofstream(damaged, std::ios::binary) << support::tinyModel().substr(0, 5000);
        const auto client = EngineClient::start(ModelFolder::options(damaged));
        QVERIFY(eventually([&] { return isUnusable(*client); }));
        const auto status = client->status();
        QVERIFY(status.failure && status.failure->code == wire::Errc::ModelUnusable);
        QVERIFY2(status.failure->detail.contains(" at byte "), status.failure->detail.c_str());
        const auto outcome = client->generate(request(5), {}, {});
        QVERIFY(!outcome && outcome.error().code == wire::Errc::WorkerGone);

        const auto absent = EngineClient::start(ModelFolder::options("/nowhere/model.gguf"));
        QVERIFY(eventually([&] { return isUnusable(*absent); }));
    }

    void aWorkerThatAlwaysDiesIsTriedAgainSeldom()
    {
        // Stands in for the worker on a machine that has too little memory for a while.
        const std::string program = m_folder.file("worker");
        const std::string trouble = m_folder.file("trouble");
        std::ofstream(program) << "#!/bin/sh\ntest -e '" << trouble
                               << "' && exit 1\nexec " PROGRAMS "/cloister-engine \"$@\"\n";
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        std::ofstream(trouble) << "on";

        auto broken = ModelFolder::options(m_folder.model());
        broken.program = program;
        const auto client = EngineClient::start(broken);
        QVERIFY(eventually([&] { return isUnusable(*client); }));
        QVERIFY(client->status().failure->detail.contains("exit status 1"));
        QCOMPARE(client->status().restarts, 3U);

        std::filesystem::remove(trouble);
        QVERIFY(becomesReady(*client));
        QVERIFY(!client->status().failure);
        QVERIFY(client->generate(request(5), {}, {}));
    }

private:
    ModelFolder m_folder;
    std::unique_ptr<EngineClient> m_client;
};

QTEST_GUILESS_MAIN(TestEngineWorker)
#include "tst_engine_worker.moc"
