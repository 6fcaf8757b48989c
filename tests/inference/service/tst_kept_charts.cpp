// SPDX-License-Identifier: Apache-2.0
// What the real worker has read of a chart comes back after the session, the worker and the daemon
// have ended: to the same user about the same patient, and with the same answer.
#include "tests/inference/service/deaf.h"
#include "tests/inference/service/engine_requests.h"
#include "tests/inference/service/rig.h"
#include "tests/support/files.h"

#include "inference/service/kept_charts.h"

#include <QtTest>

#include <csignal>
#include <thread>

using service::EngineClient;
using service::KeptCharts;
using service::ModelFolder;

namespace {

// Parts of a prompt. The program's own words, which all users share, are more than half of it in
// the tiny model's vocabulary of single bytes; the last tokens are always computed.
constexpr double kKnown = 0.15;
constexpr double kAnew = 0.35;

/// The real client, and what it was asked for.
class Watched : public EngineClient {
public:
    explicit Watched(const EngineClient::Options& options)
        : m_client(EngineClient::start(options))
    {
    }
    [[nodiscard]] Status status() const override { return m_client->status(); }
    std::expected<wire::Finished, wire::Failed>
    generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop) override
    {
        const auto finished = m_client->generate(std::move(request), callbacks, std::move(stop));
        if (finished)
            last = *finished;
        return finished;
    }
    std::expected<std::uint32_t, wire::Failed> count(std::vector<wire::Turn> turns,
                                                     std::stop_token stop) override
    {
        return m_client->count(std::move(turns), std::move(stop));
    }
    void forget(std::uint64_t user) override
    {
        m_client->forget(user);
        forgotten = user;
    }
    std::expected<std::string, wire::Failed> keep(std::uint64_t user, std::uint64_t patient,
                                                  std::uint32_t number,
                                                  std::stop_token stop) override
    {
        // Kept first, then forgotten.
        if (forgotten == user)
            keptForgotten = true;
        std::this_thread::sleep_for(slowness);
        return m_client->keep(user, patient, number, std::move(stop));
    }
    std::expected<std::uint32_t, wire::Failed> restore(std::uint64_t user, std::uint64_t patient,
                                                       std::string piece,
                                                       std::stop_token stop) override
    {
        auto known = m_client->restore(user, patient, std::move(piece), std::move(stop));
        restored += known ? 1 : 0;
        return known;
    }

    wire::Finished last;
    std::atomic<int> restored{0};
    std::atomic<std::uint64_t> forgotten{0};
    std::atomic<bool> keptForgotten{false};
    std::chrono::milliseconds slowness{0}; // of keep(), beside the worker's own

private:
    std::unique_ptr<EngineClient> m_client;
};

} // namespace

class TestKeptCharts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<rig::Rig>();
        start({});
    }
    void cleanup()
    {
        stop();
        m_rig.reset();
    }

    void isNotReadAgainAfterTheBreak()
    {
        std::string token = m_rig->signIn("dr.dahl");
        const std::string cold = ask(token);
        QVERIFY(!cold.empty());
        QVERIFY2(m_engine->last.promptTokens > 500, qPrintable(figures()));
        lock(token);
        QCOMPARE(files().size(), std::size_t{1});
        QVERIFY(m_engine->forgotten != 0 && !m_engine->keptForgotten);

        token = m_rig->signIn("dr.dahl");
        QCOMPARE(ask(token), cold);
        QVERIFY2(readAnew() <= kKnown, qPrintable(figures()));
        QVERIFY(m_engine->restored > 0);
        // Once: the next question finds it with the worker.
        const int before = m_engine->restored;
        QCOMPARE(ask(token), cold);
        QCOMPARE(m_engine->restored.load(), before);
        QVERIFY2(readAnew() <= kKnown, qPrintable(figures()));
    }

    void comesBackToAnotherWorkerToo()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const std::string cold = ask(token);
        lock(token);
        stop();
        start({}); // as if the service had been started again
        QCOMPARE(ask(m_rig->signIn("dr.dahl")), cold);
        QVERIFY2(readAnew() <= kKnown, qPrintable(figures()));
    }

    void aWorkerThatDiedIsGivenItAgain()
    {
        std::string token = m_rig->signIn("dr.dahl");
        const std::string cold = ask(token);
        lock(token);
        token = m_rig->signIn("dr.dahl");
        ask(token);
        const int pid = m_engine->status().pid;
        QCOMPARE(::kill(pid, SIGKILL), 0);
        QVERIFY(service::eventually([&] {
            const auto now = m_engine->status();
            return now.pid != pid && now.state == EngineClient::State::Ready;
        }));
        QCOMPARE(ask(token), cold);
        QVERIFY2(readAnew() <= kKnown, qPrintable(figures()));
    }

    void nobodyElseHasIt()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        const std::string other = m_rig->signIn("dr.other");
        ask(other);
        QVERIFY2(readAnew() > kAnew, qPrintable(figures()));
        QCOMPARE(m_engine->restored.load(), 0);
        lock(other);
        QCOMPARE(files().size(), std::size_t{2});
    }

    void whatIsDamagedIsReadAnew()
    {
        std::string token = m_rig->signIn("dr.dahl");
        const std::string cold = ask(token);
        lock(token);
        const auto file = files().at(0);
        std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(1000) << "xx";
        token = m_rig->signIn("dr.dahl");
        QCOMPARE(ask(token), cold);
        QVERIFY2(readAnew() > kAnew, qPrintable(figures()));
        QVERIFY(files().empty()); // refused by its tag, and gone
        lock(token);
        QCOMPARE(ask(m_rig->signIn("dr.dahl")), cold);
        QVERIFY2(readAnew() <= kKnown, qPrintable(figures())); // what was kept then
    }

    void whatIsTooOldIsReadAnew()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        m_rig->later += std::chrono::hours(25);
        ask(m_rig->signIn("dr.dahl"));
        QVERIFY2(readAnew() > kAnew, qPrintable(figures()));
        QVERIFY(files().empty());
    }

    void anotherModelReadsAnew()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        stop();
        std::ofstream(m_models.model(), std::ios::app | std::ios::binary) << '\0';
        start({});
        ask(m_rig->signIn("dr.dahl"));
        QVERIFY2(readAnew() > kAnew, qPrintable(figures()));
        QCOMPARE(m_engine->restored.load(), 0);
        QVERIFY(files().empty());
    }

    void noMoreThanAllowed()
    {
        stop();
        start({.vaults = {}, .bytes = 2}); // not even one piece
        std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        token = m_rig->signIn("dr.dahl");
        ask(token);
        QVERIFY2(readAnew() > kAnew, qPrintable(figures()));
        QCOMPARE(m_engine->restored.load(), 0);
    }

    void onlyTheLastSessionsEndKeeps()
    {
        const std::string first = m_rig->signIn("dr.dahl");
        const std::string second = m_rig->signIn("dr.dahl");
        ask(first);
        lock(first);
        QVERIFY(files().empty() && m_engine->forgotten == 0);
        lock(second);
        QCOMPARE(files().size(), std::size_t{1});
    }

    void whereNothingWasReadNothingIsKept()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        lock(token);
        QVERIFY(files().empty());
        QVERIFY(m_engine->forgotten != 0);
    }

    void sealsAndNamesNothing()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        const auto file = files().at(0);
        const std::string bytes = support::contentOf(file);
        QVERIFY(bytes.size() > 100'000);
        // Keys and values of a page begin alike in all sequences; sealed, nothing does.
        QVERIFY(!bytes.contains("CLKP") && !bytes.contains("CLKV"));
        QVERIFY(!file.string().contains(m_rig->patient));
    }

    void leavesRoomForTheAuditLog()
    {
        stop();
        start({.leave = std::uint64_t{1} << 60});
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        QVERIFY(files().empty());
        QVERIFY(m_engine->forgotten != 0);
    }

    void nothingIsKeptAfterThePatience()
    {
        stop();
        start({.patience = std::chrono::seconds(0)});
        const std::string token = m_rig->signIn("dr.dahl");
        ask(token);
        lock(token);
        QVERIFY(files().empty());
        QVERIFY(m_engine->forgotten != 0);
    }

    void whatComesAfterThePatienceIsLeftOut_data()
    {
        QTest::addColumn<int>("patience"); // seconds
        QTest::addColumn<bool>("kept");
        QTest::newRow("in time") << 20 << true;
        QTest::newRow("too late") << 1 << false;
    }

    void whatComesAfterThePatienceIsLeftOut()
    {
        QFETCH(int, patience);
        QFETCH(bool, kept);
        stop();
        start({.patience = std::chrono::seconds(patience)});
        m_engine->slowness = std::chrono::milliseconds(1200);
        std::string token = m_rig->signIn("dr.dahl");
        const std::string cold = ask(token);
        lock(token);
        QVERIFY(m_engine->forgotten != 0);
        token = m_rig->signIn("dr.dahl");
        QCOMPARE(ask(token), cold);
        QVERIFY2(kept ? readAnew() <= kKnown : readAnew() > kAnew, qPrintable(figures()));
    }

private:
    void start(KeptCharts::Options options)
    {
        m_engine = std::make_unique<Watched>(ModelFolder::options(m_models.model()));
        QVERIFY(service::becomesReady(*m_engine));
        options.vaults = m_rig->folder() / "vaults";
        m_kept = std::make_unique<KeptCharts>(options, *m_engine, m_rig->clock);
        m_rig->desk->engine = m_engine.get();
        m_rig->desk->kept = m_kept.get();
        m_rig->services->engine = m_engine.get();
        m_rig->services->kept = m_kept.get();
    }
    void stop()
    {
        m_kept.reset();
        m_engine.reset();
    }

    std::string ask(const std::string& token)
    {
        Deaf deaf;
        const auto done = service::answer(
            *m_rig->desk,
            {.caller = m_rig->caller(token),
             .patient = m_rig->patient,
             .request = {.question = "Why was " + m_rig->made.stoppedDrug + " stopped?",
                         .maxTokens = 40}},
            deaf, {});
        return done ? done->answer.text : std::string();
    }

    void lock(const std::string& token)
    {
        const std::string session = m_rig->caller(token).session;
        QCOMPARE(m_rig->call("DELETE", "/cloister/v1/sessions/" + session + "?reason=lock", token)
                     .status,
                 204);
        m_kept->finish(std::chrono::seconds(30));
    }

    /// Of the last prompt, the part that was not known.
    [[nodiscard]] double readAnew() const
    {
        return 1.0 - static_cast<double>(m_engine->last.cachedTokens) /
                         static_cast<double>(m_engine->last.promptTokens);
    }
    [[nodiscard]] QString figures() const
    {
        return QStringLiteral("%1 of %2 tokens known")
            .arg(m_engine->last.cachedTokens)
            .arg(m_engine->last.promptTokens);
    }

    [[nodiscard]] std::vector<std::filesystem::path> files() const
    {
        std::vector<std::filesystem::path> found;
        for (const auto& user : std::filesystem::directory_iterator(m_rig->folder() / "vaults")) {
            std::error_code absent;
            for (const auto& entry :
                 std::filesystem::directory_iterator(user.path() / "charts", absent))
                found.push_back(entry.path());
        }
        return found;
    }

    ModelFolder m_models;
    std::unique_ptr<rig::Rig> m_rig;
    std::unique_ptr<Watched> m_engine;
    std::unique_ptr<KeptCharts> m_kept;
};

QTEST_GUILESS_MAIN(TestKeptCharts)
#include "tst_kept_charts.moc"
