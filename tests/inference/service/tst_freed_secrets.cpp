// SPDX-License-Identifier: Apache-2.0
// No passphrase, one-time code, recovery share or session token stays in freed memory, of the
// service or of its client, however a request ends. Both are in this process, with the heap that
// the programs have; the test keeps its own copies masked.
#include "tests/inference/service/raw.h"
#include "tests/inference/service/rig.h"
#include "tests/support/heap_search.h"

#include "inference/service/admin_commands.h"

#include <QProcess>
#include <QtTest>

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace {

using support::Heap;
using support::Hidden;

/// Of the answer that comes; the connection stays open.
int statusOf(raw::Connection& client)
{
    return raw::statusOf(client.receive("\r\n\r\n"));
}

constexpr const char* kSignIn = "/cloister/v1/sessions";

/// A request that announces @p announced bytes of a body.
std::string post(const char* path, const std::string& fields, const std::string& body,
                 std::size_t announced = 0)
{
    return std::string("POST ") + path + " HTTP/1.1\r\nHost: x\r\n" + fields +
           "Content-Length: " + std::to_string(std::max(announced, body.size())) + "\r\n\r\n" +
           body;
}

/// Answers what cloister-admin asks for, in turn; then there is nothing more.
service::AskSecret asked(std::vector<Hidden> answers)
{
    return [answers = std::move(answers),
            next = std::size_t(0)](std::string_view) mutable -> std::optional<std::string> {
        if (next == answers.size())
            return std::nullopt;
        return answers[next++].told();
    };
}

} // namespace

class TestFreedSecrets : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::unique_ptr<rig::Served> m_served;
    Heap m_heap;

    /// What cloister-admin does with these words and secrets.
    service::AdminResult admin(std::vector<std::string> words, std::vector<Hidden> secrets,
                               const std::string& as = "it")
    {
        return service::runAdminCall(
            {.socket = m_served->socket(), .as = as, .words = std::move(words)},
            asked(std::move(secrets)));
    }

    Hidden enrolled(const std::string& name)
    {
        const Hidden its{std::string_view(rig::Rig::kPassphrase)};
        const service::AdminResult added = admin({"user", "add", name, "clinician"}, {its});
        const std::size_t colon = added.out.rfind(": ");
        if (added.status != 0 || colon == std::string::npos)
            qFatal("user add: %s", added.error.c_str());
        const Hidden code(
            std::string_view(added.out).substr(colon + 2, added.out.size() - colon - 3));
        Hidden passphrase;
        if (admin({"enrol", name}, {code, passphrase}).status != 0)
            qFatal("enrol");
        m_code.emplace(code);
        return passphrase;
    }

    std::optional<Hidden> m_code; // of the last who was enrolled

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

    void findsWhatIsThereAndWhatWasFreedAsItWas()
    {
        const Hidden secret;
        std::string alive = "passphrase " + secret.told();
        QVERIFY(m_heap.holds(secret));
        alive.clear();
        alive.shrink_to_fit();
        QVERIFY(!m_heap.holds(secret));

        for (const bool elsewhere : {false, true}) {
            const Hidden other;
            QVERIFY(!m_heap.holds(other));
            if (elsewhere)
                std::thread(support::freeAsItIs, other).join();
            else
                support::freeAsItIs(other);
            QVERIFY(m_heap.holds(other));
        }
    }

    void aBlockThatGrowsOrShrinksLeavesNothing()
    {
        for (const std::size_t size : {std::size_t(40), std::size_t(4000), std::size_t(30000)}) {
            const Hidden secret;
            auto* block = static_cast<char*>(std::malloc(size * 2));
            std::memset(block, 'x', size * 2);
            secret.told().copy(block + size + 8, 24);
            QVERIFY(m_heap.holds(secret));
            block = static_cast<char*>(std::realloc(block, size));
            QVERIFY(!m_heap.holds(secret));
            secret.told().copy(block, 24);
            void* between = std::malloc(64); // so that it cannot grow where it stands
            block = static_cast<char*>(std::realloc(block, size * 4));
            QCOMPARE(std::string(block, 24), secret.told());
            std::free(block);
            std::free(between);
            QVERIFY(!m_heap.holds(secret));
        }
    }

    void aLargeBlockThatIsNoMappingLeavesNothing()
    {
        const auto taken = [](std::size_t bytes) {
            void* block = std::malloc(bytes);
            asm volatile("" : : "r"(block) : "memory"); // or malloc and free are left out together
            return block;
        };
        // The C library keeps what is freed after a large mapping was, and gives it out in one.
        std::free(taken(31UL << 20));
        std::vector<void*> pieces;
        for (int i = 0; i < 55; ++i)
            pieces.push_back(taken(1UL << 20));
        for (void* piece : pieces)
            std::free(piece);
        const auto mappings = ::mallinfo2().hblks;
        auto* block = static_cast<char*>(taken(40UL << 20));
        QCOMPARE(::mallinfo2().hblks, mappings); // what this test needs
        const Hidden secret;
        secret.told().copy(block + (20UL << 20), 24);
        QVERIFY(m_heap.holds(secret));
        std::free(block);
        QVERIFY(!m_heap.holds(secret));
    }

    void aSessionLeavesNeitherPassphraseNorToken()
    {
        const Hidden passphrase = enrolled("dr.session");
        QTRY_VERIFY(!m_heap.holds(passphrase));
        QTRY_VERIFY(!m_heap.holds(*m_code));
        const auto client = m_served->client();
        std::optional<Hidden> token;
        std::string session;
        {
            const auto opened = client->signIn({.user = "dr.session",
                                                .passphrase = passphrase.told(),
                                                .knownCheckpoint = std::nullopt});
            QVERIFY(opened);
            token.emplace(opened->token);
            session = opened->session;
        }
        QTRY_VERIFY(!m_heap.holds(passphrase)); // the service answers before it has let go
        QVERIFY(client->heartbeat(session, true));
        QVERIFY(m_heap.holds(*token)); // the client needs it
        QVERIFY(client->signOut(session));
        QTRY_VERIFY(!m_heap.holds(*token));
    }

    void whatIsRefusedOrCutOffLeavesNothing_data()
    {
        QTest::addColumn<QByteArray>("before");
        QTest::addColumn<QByteArray>("after");
        QTest::addColumn<int>("announced"); // bytes of the body; more than come: cut off
        QTest::addColumn<int>("status");    // 0: the client hangs up without an answer
        const auto row = [](const char* name, const char* before, const char* after, int status,
                            int announced = 0) {
            // Written with ' here: moc stumbles over the other.
            QTest::newRow(name) << QByteArray(before).replace('\'', '"')
                                << QByteArray(after).replace('\'', '"') << announced << status;
        };
        row("wrong", "{'user':'dr.dahl','passphrase':'", "'}", 401);
        row("nobody of that name", "{'user':'nobody','passphrase':'", "'}", 401);
        row("typed as the name", "{'user':'", "','passphrase':'short'}", 401);
        row("not closed", "{'user':'dr.dahl','passphrase':'", "", 400);
        row("wrong type beside it", "{'user':7,'passphrase':'", "'}", 400);
        row("an unknown field", "{'user':'dr.dahl','passphrase':'no','other':'", "'}", 401);
        row("in a list", "{'user':'dr.dahl','passphrase':['", "']}", 400);
        row("nested too deeply", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['", "'", 400);
        row("cut off", "{'user':'dr.dahl','passphrase':'", "", 0, 900);
    }

    void whatIsRefusedOrCutOffLeavesNothing()
    {
        QFETCH(QByteArray, before);
        QFETCH(QByteArray, after);
        QFETCH(int, announced);
        QFETCH(int, status);
        const Hidden secret;
        {
            raw::Connection client(m_served->socket());
            client.send(post(kSignIn, {},
                             before.toStdString() + secret.told() + after.toStdString(),
                             static_cast<std::size_t>(announced)));
            if (status == 0) {
                QTRY_VERIFY(m_heap.holds(secret)); // the service waits for the rest
            } else {
                QCOMPARE(statusOf(client), status);
                // Kept open: the service holds nothing back for a next request.
                QTRY_VERIFY(!m_heap.holds(secret));
            }
        }
        QTRY_VERIFY(!m_heap.holds(secret));
    }

    void aTokenThatIsRefusedLeavesNothing()
    {
        const Hidden token;
        raw::Connection client(m_served->socket());
        client.send(post("/cloister/v1/patients/search",
                         "Authorization: Bearer " + token.told() + "\r\n", "{\"query\":\"\"}"));
        QCOMPARE(statusOf(client), 401);
        QTRY_VERIFY(!m_heap.holds(token));
    }

    void aCommandThatStopsEarlyLeavesNothing()
    {
        const Hidden first;
        const Hidden second;
        QCOMPARE(admin({"enrol", "dr.new"}, {first}).status, 2);
        QCOMPARE(admin({"passphrase"}, {first}).status, 2);
        QCOMPARE(admin({"recover", "dr.dahl"}, {first, second}).status, 2);
        QCOMPARE(admin({"recover", "dr.dahl"}, {first}).status, 2);
        QCOMPARE(admin({"user", "list"}, {first}).status, 1);
        QCOMPARE(admin({"enrol", "dr.new"}, {first, second}).status, 1);
        QTRY_VERIFY(!m_heap.holds(first));
        QTRY_VERIFY(!m_heap.holds(second));
    }

    void recoveryLeavesNeitherSharesNorPassphrase()
    {
        std::vector<Hidden> secrets;
        for (std::string& share : m_rig->shares)
            secrets.emplace_back(std::string_view(share));
        m_rig->shares = {};
        const Hidden passphrase;
        QCOMPARE(admin({"recover", "dr.dahl"}, {secrets[0], secrets[2], passphrase}).status, 0);
        secrets.push_back(passphrase);
        const Hidden next;
        QCOMPARE(admin({"passphrase"}, {passphrase, next}, "dr.dahl").status, 0);
        secrets.push_back(next);
        for (const Hidden& secret : secrets)
            QTRY_VERIFY(!m_heap.holds(secret));
    }

    void theCeremonyLeavesNeitherSharesNorPassphrases()
    {
        rig::Rig empty(rig::Rig::Start::Empty);
        const rig::Served served(empty);
        std::vector<Hidden> secrets(3);
        {
            const service::AdminResult result = service::runAdminCall({.socket = served.socket(),
                                                                       .admin = "it",
                                                                       .steward = "steward",
                                                                       .compliance = "officer",
                                                                       .words = {"init"}},
                                                                      asked(secrets));
            QCOMPARE(result.status, 0);
            for (std::size_t at = 0; at < result.out.size();) {
                const std::size_t end = result.out.find('\n', at);
                secrets.emplace_back(std::string_view(result.out).substr(at, end - at));
                at = end + 1;
            }
            QCOMPARE(secrets.size(), std::size_t(6));
            QVERIFY(m_heap.holds(secrets.back())); // it is to be printed
        }
        for (const Hidden& secret : secrets)
            QTRY_VERIFY(!m_heap.holds(secret));
    }

    void theProgramsHaveThisHeap_data()
    {
        QTest::addColumn<QString>("program");
        QTest::addColumn<bool>("has");
        QTest::newRow("service") << QStringLiteral("cloisterd") << true;
        QTest::newRow("admin") << QStringLiteral("cloister-admin") << true;
        QTest::newRow("client") << QStringLiteral("cloister") << true;
        QTest::newRow("worker") << QStringLiteral("cloister-engine") << true; // reads charts
        // The control: programs that are given no secret.
        QTest::newRow("verifier") << QStringLiteral("cloister-verify") << false;
        QTest::newRow("by hand") << QStringLiteral("cloister-model") << false;
    }

    void theProgramsHaveThisHeap()
    {
        QFETCH(QString, program);
        QFETCH(bool, has);
        QProcess nm;
        nm.start(QStringLiteral("nm"), {QStringLiteral("-D"), QStringLiteral("--defined-only"),
                                        QStringLiteral(PROGRAMS "/") + program});
        QVERIFY(nm.waitForFinished(30000));
        QCOMPARE(nm.exitCode(), 0);
        const QByteArray defined = nm.readAllStandardOutput();
        // Seen by the C library and by every other library: it stands in the dynamic table.
        QCOMPARE(defined.contains(" T free\n"), has);
        QCOMPARE(defined.contains(" T realloc\n"), has);
    }
};

QTEST_GUILESS_MAIN(TestFreedSecrets)
#include "tst_freed_secrets.moc"
