// SPDX-License-Identifier: Apache-2.0
// The socket: hostile clients beside others, who is trusted.
#include "tests/inference/service/raw.h"
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"
#include "inference/api/limits.h"
#include "inference/service/admin_commands.h"

#include <QtTest>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>

using namespace std::chrono_literals;
using raw::post;
using raw::statusOf;
using Raw = raw::Connection;

class TestServer : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::unique_ptr<rig::Served> m_served;

    [[nodiscard]] std::string exchange(std::string_view bytes) const
    {
        Raw raw(m_served->socket());
        raw.send(bytes);
        return raw.receive();
    }

    [[nodiscard]] bool healthy() const { return m_served->client()->service().has_value(); }

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<rig::Rig>();
        m_served = std::make_unique<rig::Served>(*m_rig);
    }

    void cleanup()
    {
        m_served.reset();
        m_rig.reset();
    }

    void aLockBetweenHeaderAndBodyIsALock_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("body");
        QTest::newRow("search") << QByteArray("/cloister/v1/patients/search")
                                << QByteArray("{\"query\":\"\"}");
        QTest::newRow("question") << QByteArray("/cloister/v1/patients/ID/questions")
                                  << QByteArray("{\"question\":\"Allergies?\"}");
        QTest::newRow("chat") << QByteArray("/v1/chat/completions")
                              << QByteArray("{\"messages\":[{\"role\":\"user\","
                                            "\"content\":\"hi\"}]}");
    }

    void aLockBetweenHeaderAndBodyIsALock()
    {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, body);
        path.replace("ID", QByteArray::fromStdString(m_rig->patient));
        // Somebody else holds the records, so the wiped key alone would not keep them closed.
        const std::string other = m_rig->signIn("dr.other");
        for (const bool locks : {false, true}) {
            const std::string token = m_rig->signIn("dr.dahl");
            std::string request = post(path.toStdString(), token, body.toStdString());
            request.insert(request.find("Host"), "Connection: close\r\n");
            Raw raw(m_served->socket());
            raw.send(std::string_view(request).substr(0, request.size() - 5));
            // The service takes its connections in turn: two others answered, this one's header
            // has been read and its sender authorised.
            QVERIFY(healthy() && healthy());
            if (locks)
                service::sessionEnded(
                    *m_rig->services,
                    *m_rig->sessions->end(m_rig->caller(token).session, service::SessionEnd::Lock));
            const std::uint64_t before = m_rig->log->size();
            raw.send(std::string_view(request).substr(request.size() - 5));
            const std::string response = raw.receive();
            QCOMPARE(statusOf(response), locks ? 401 : 200);
            if (!locks)
                continue;
            QVERIFY(response.contains("locked"));
            QVERIFY(!response.contains(m_rig->made.family));
            QCOMPARE(m_rig->log->size(), before);
        }
    }

    void hostileClientsDoNotKeepOthersWaiting()
    {
        std::vector<std::unique_ptr<Raw>> slow;
        for (std::size_t i = 0; i < api::kMaxConnectionsOfUid - 4; ++i) {
            slow.push_back(std::make_unique<Raw>(m_served->socket()));
            slow.back()->send(i % 2 == 0 ? "GET /healthz HTTP/1.1\r\nHo" // never goes on
                                         : std::string_view("\x16\x03\x01\x02\x00", 5));
        }
        QVERIFY(healthy());
        // Not because the others had been given up: each that stopped in its header still waits.
        for (std::size_t i = 0; i < slow.size(); i += 2)
            QVERIFY(slow[i]->waits());
    }

    void whoReadsHoldsUpNoLock()
    {
        std::atomic<int> reading = 0;
        std::promise<void> release;
        const std::shared_future<void> released = release.get_future().share();
        m_rig->desk->mayOpen = [&](const storage::User&, std::string_view) {
            ++reading;
            released.wait();
            return true;
        };
        const auto [client, session] = m_served->clinician();
        m_rig->signIn("dr.dahl"); // a second session, which falls silent
        const std::string reader = m_rig->signIn("dr.other");
        std::vector<std::unique_ptr<Raw>> readers;
        for (int i = 0; i < 8; ++i) {
            readers.push_back(std::make_unique<Raw>(m_served->socket()));
            readers.back()->send("GET /cloister/v1/patients/" + m_rig->patient +
                                 " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                 "Authorization: Bearer " +
                                 reader + "\r\n\r\n");
        }
        QTRY_COMPARE(reading.load(), 4); // every thread that reads waits
        const bool beats = client->heartbeat(session, true).has_value();
        const bool locks = client->lock(session).has_value();
        const std::size_t left = m_rig->sessions->count();
        m_rig->later += api::kSilent + 1s; // and the leases of the others end
        const bool swept = QTest::qWaitFor([&] { return m_rig->sessions->count() == 0; }, 60000);
        const int read = reading;
        release.set_value();
        QVERIFY(beats && locks && swept);
        QCOMPARE(left, std::size_t{2});
        QCOMPARE(read, 4);
        // They go on, and learn that their session has ended meanwhile.
        for (const auto& one : readers)
            QVERIFY(statusOf(one->receive()) >= 400);
    }

    void aPathThatIsTooLongIsOneClearSentence()
    {
        const auto server = service::Server::listen(
            {.socket = m_rig->folder() / std::string(120, 'p')}, *m_rig->services);
        QVERIFY(!server);
        QVERIFY(server.error().message.contains("107"));
        const auto second =
            service::Server::listen({.socket = m_served->socket()}, *m_rig->services);
        QVERIFY(!second && second.error().code == api::Errc::Conflict);
    }

    void theClientTrustsOnlyTheExpectedUser()
    {
        api::Client client({.socket = m_served->socket(), .daemonUid = geteuid() + 1});
        const auto session = client.signIn(
            {.user = "dr.dahl", .passphrase = rig::Rig::kPassphrase, .knownCheckpoint = {}});
        QVERIFY(!session && session.error().code == api::Errc::UntrustedPeer);
    }

    void anExceptionEndsItsRequestAndNothingElse()
    {
        const auto clockBroken = std::make_shared<std::atomic<bool>>(false);
        m_served.reset(); // its threads read the clock
        m_rig->clock.wall = [clockBroken, whole = m_rig->clock.wall] {
            if (*clockBroken)
                throw std::bad_alloc();
            return whole();
        };
        m_served = std::make_unique<rig::Served>(*m_rig);
        const auto [client, session] = m_served->clinician();
        m_rig->desk->mayOpen = [](const storage::User&, std::string_view) -> bool {
            throw std::bad_alloc();
        };
        const auto before = client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {});
        QVERIFY(!before && before.error().code == api::Errc::Internal);
        m_rig->desk->mayOpen = [](const storage::User&, std::string_view) { return true; };
        QCOMPARE(m_rig->questions->count(), 0U);

        *clockBroken = true;
        bool accepted = false;
        const auto within = client->ask(m_rig->patient, {.question = "Allergies?"},
                                        {.accepted = [&](const api::Accepted&) { accepted = true; },
                                         .evidence = {},
                                         .progress = {},
                                         .token = {},
                                         .claim = {}},
                                        {});
        QVERIFY2(accepted, within ? "answered" : within.error().message.c_str());
        QVERIFY(!within && within.error().code == api::Errc::Internal);
        // An ordinary route, and the merger's thread.
        const std::string token = m_rig->signIn("dr.other");
        QVERIFY(exchange("GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         "Authorization: Bearer " +
                         token + "\r\n\r\n")
                    .contains("500"));
        const flow::MadeUpPatient second = flow::makeUpPatient();
        QVERIFY(client->import(std::as_bytes(std::span(second.bundle))));
        m_rig->merger->waitIdle(60s);
        *clockBroken = false;

        // All of it goes on: the question, the import that waited, and the turn that broke off.
        QVERIFY(client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {}));
        m_rig->merger->wake();
        m_rig->merger->waitIdle(60s);
        QVERIFY(m_rig->inbox->waiting()->empty());
        QCOMPARE(m_rig->questions->count(), 0U);
        const auto [again, sessionAgain] = m_served->clinician();
        const auto all = again->conversations({}, 10, 0);
        QVERIFY(all && all->size() == 2);
        for (const api::Conversation& one : *all) {
            const auto turns = again->conversation(one.id);
            QVERIFY(turns && turns->turns.front().answer);
        }
    }

    void cloisterAdminChangesAPassphrase()
    {
        const auto change = [this](std::vector<std::string> secrets) {
            std::ranges::reverse(secrets);
            return service::runAdminCall(
                       {.socket = m_served->socket(), .as = "dr.dahl", .words = {"passphrase"}},
                       [&secrets](std::string_view) -> std::optional<std::string> {
                           if (secrets.empty())
                               return std::nullopt;
                           std::string next = secrets.back();
                           secrets.pop_back();
                           return next;
                       })
                .status;
        };
        const std::string fresh = "another long passphrase";
        QCOMPARE(change({rig::Rig::kPassphrase}), 2);
        QCOMPARE(change({"a wrong passphrase", fresh}), 1);
        QCOMPARE(m_rig->signInResponse("dr.dahl", fresh).status, 401);
        QCOMPARE(change({rig::Rig::kPassphrase, fresh}), 0);
        QCOMPARE(m_rig->signInResponse("dr.dahl", fresh).status, 201);
    }
};

QTEST_GUILESS_MAIN(TestServer)
#include "tst_server.moc"
