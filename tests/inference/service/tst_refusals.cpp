// SPDX-License-Identifier: Apache-2.0
// The socket: limits, and that a refusal is read.
#include "tests/inference/service/raw.h"
#include "tests/inference/service/rig.h"

#include "inference/api/limits.h"

#include <QtTest>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using raw::post;
using raw::statusOf;
using Raw = raw::Connection;

class TestRefusals : public QObject {
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

    /// Asks through a new session and reads until the first token, or to the end of a refusal.
    std::string askedBy(const std::string& user, std::vector<std::unique_ptr<Raw>>& streams) const
    {
        streams.push_back(std::make_unique<Raw>(m_served->socket()));
        streams.back()->send(post("/v1/chat/completions", m_rig->signIn(user),
                                  "{\"messages\":[{\"role\":\"user\",\"content\":\"Say it.\"}],"
                                  "\"stream\":true}"));
        return streams.back()->receive("}\n\n");
    }

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

    void limitsAreTypedErrors()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        QCOMPARE(statusOf(exchange("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " +
                                   std::string(api::kMaxHeaderBytes, 'a') + "\r\n\r\n")),
                 431);
        QCOMPARE(
            statusOf(exchange(
                "POST /cloister/v1/patients/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                token + "\r\nContent-Length: 999999999\r\n\r\n")),
            413);
        std::string chunked =
            "POST /cloister/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 5; ++i)
            chunked += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
        QCOMPARE(statusOf(exchange(chunked)), 413);
        QCOMPARE(statusOf(exchange("GARBAGE\r\n\r\n")), 400);
        QCOMPARE(
            statusOf(exchange("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
            404);
        QVERIFY(healthy());
    }

    void aRefusalIsReadByWhoStillSends_data()
    {
        QTest::addColumn<QByteArray>("header"); // without its last empty line
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        const auto row = [](const char* name, const std::string& header, std::size_t body,
                            int status) {
            QTest::newRow(name) << QByteArray::fromStdString(header)
                                << QByteArray(qsizetype(body), 'x') << status;
        };
        const auto sized = [](const std::string& path, std::size_t body) {
            return "POST " + path +
                   " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body) + "\r\n";
        };
        const std::string search = "/cloister/v1/patients/search";
        const std::string wrong = "Authorization: Bearer wrong\r\n";
        const std::string admin = "Authorization: Bearer ADMIN\r\n";
        row("no token", sized(search, 12), 12, 401);
        row("wrong token", sized(search, 12) + wrong, 12, 401);
        row("wrong role", sized(search, 12) + admin, 12, 403);
        row("stream, no token", sized("/v1/chat/completions", 5000), 5000, 401);
        row("stream, wrong token", sized("/v1/chat/completions", 5000) + wrong, 5000, 401);
        row("stream, wrong role", sized("/cloister/v1/patients/ID/questions", 90) + admin, 90, 403);
        row("no route", sized("/nowhere", 3000), 3000, 404);
        row("wrong method", sized("/healthz", 3000), 3000, 405);
        row("too large", sized("/cloister/v1/sessions", 4UL << 20), 4UL << 20, 413);
        row("large and no token", sized(search, 8UL << 20), 8UL << 20, 401);
        row("header too large",
            sized(search, 9000) + "X: " + std::string(api::kMaxHeaderBytes, 'a') + "\r\n", 9000,
            431);
        row("no HTTP", "GARBAGE\r\n", 9000, 400);
        row("chunked", "POST " + search + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n",
            9000, 401);
    }

    void aRefusalIsReadByWhoStillSends()
    {
        QFETCH(QByteArray, header);
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        header.replace("ID", QByteArray::fromStdString(m_rig->patient));
        header.replace("ADMIN", QByteArray::fromStdString(m_rig->signIn("it")));
        for (const int pause : {0, 50}) {
            Raw raw(m_served->socket());
            raw.send(header.append("\r\n", pause == 0 ? 2 : 0).toStdString());
            QTest::qWait(pause);
            QCOMPARE(raw.send(body.toStdString()), std::size_t(body.size()));
            const std::string response = raw.receive();
            QCOMPARE(statusOf(response), status);
            QVERIFY(response.contains("Connection: close"));
            QVERIFY(response.ends_with('}'));
        }
        QVERIFY(healthy());
    }

    void aRefusalOfTooManyRequestsIsReadByWhoStillSends()
    {
        const std::string header =
            "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
        for (unsigned i = 0; i <= api::kRequestBurst; ++i) {
            Raw raw(m_served->socket());
            raw.send(header);
            QCOMPARE(raw.send(std::string(5000, 'x')), std::size_t{5000});
            QCOMPARE(statusOf(raw.receive()), i < api::kRequestBurst ? 404 : 429);
        }
    }

    /// The control: reading on has an end.
    void aBodyWithoutEndIsCut()
    {
        const std::string piece(1UL << 20, 'x');
        const Raw flood(m_served->socket());
        flood.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
        std::size_t taken = 0;
        for (std::size_t sent = piece.size(); sent == piece.size(); taken += sent)
            sent = flood.send(piece);
        // What the kernel had already taken comes on top.
        QVERIFY(taken <= api::kMaxDiscardedBytes + (4UL << 20));

        // One that trickles, and one that says nothing more.
        const Raw trickle(m_served->socket());
        const Raw silent(m_served->socket());
        for (const Raw* raw : {&trickle, &silent})
            raw->send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n");
        // Both are cut long before the one that trickles would have sent what it announced.
        std::size_t trickled = 0;
        for (; trickled < 9999 && trickle.send("x") == 1; ++trickled)
            QTest::qWait(20);
        QVERIFY(trickled < 9999);
        QTRY_COMPARE(silent.send("x"), std::size_t{0});
        QVERIFY(healthy());
    }

    void aRefusalWithoutABodyClosesAtOnce()
    {
        Raw raw(m_served->socket());
        raw.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
        QCOMPARE(statusOf(raw.receive()), 404);
        // Both directions: nothing more is read.
        QTRY_COMPARE(raw.send("x"), std::size_t{0});
    }

    void aJsonDepthBombIsRefusedBeforeItIsParsed()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        for (const char bracket : {'[', '{'}) {
            const std::string bomb(100000, bracket);
            const std::string response =
                exchange(post("/cloister/v1/patients/search", token, bomb));
            QCOMPARE(statusOf(response), 400);
            QVERIFY(response.contains("nested too deeply"));
        }
        QVERIFY(healthy());
    }

    void aUidMayOpenSoManyConnectionsAndNoMore()
    {
        std::vector<std::unique_ptr<Raw>> many;
        for (std::size_t i = 0; i < api::kMaxConnectionsOfUid; ++i)
            many.push_back(std::make_unique<Raw>(m_served->socket()));
        Raw oneMore(m_served->socket());
        QVERIFY(oneMore.connected()); // the kernel's queue took it
        oneMore.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        QVERIFY(oneMore.receive().empty() && oneMore.ended()); // and the service closed it
        many.clear();
        QTRY_VERIFY(healthy());
    }

    void aQuestionTooManyIsRefusedAndDoesNotHang()
    {
        using Running = service::RunningQuestions;
        m_rig->engine.endless = true;
        m_rig->engine.pause = 20ms;
        std::vector<std::unique_ptr<Raw>> streams;
        for (const char* user : {"dr.dahl", "dr.other", "steward"})
            for (unsigned i = 0; i < Running::kMostOfUser; ++i)
                QCOMPARE(statusOf(askedBy(user, streams)), 200);
        // One user's many windows leave room for the others.
        QCOMPARE(m_rig->questions->count(), Running::kMost - Running::kMostOfUser);
        const std::uint64_t before = m_rig->log->size();
        std::string refused = askedBy("dr.dahl", streams);
        QCOMPARE(statusOf(refused), 503);
        streams.back()->close();
        QCOMPARE(m_rig->log->size(), before + 1); // the sign-in, and no question

        for (unsigned i = 0; i < Running::kMostOfUser; ++i)
            QCOMPARE(statusOf(askedBy("dr.new", streams)), 200);
        QCOMPARE(m_rig->questions->count(), Running::kMost);
        streams.front()->close(); // one of dr.dahl's; somebody whom nobody knows takes its place
        QTRY_COMPARE(m_rig->questions->count(), Running::kMost - 1);
        const auto place = m_rig->questions->begin("elsewhere", "another user", nullptr, {});
        QVERIFY(place);
        refused = askedBy("dr.dahl", streams);
        QCOMPARE(statusOf(refused), 503);
        m_rig->questions->end(place);
        QCOMPARE(statusOf(askedBy("dr.dahl", streams)), 200); // the control
        QVERIFY(healthy());
    }

    void aUidMaySendSoManyRequestsAndNoMore()
    {
        for (const unsigned allowed : {api::kRequestBurst, 3 * api::kRequestsPerSecond}) {
            Raw raw(m_served->socket());
            for (unsigned i = 0; i <= allowed; ++i) {
                raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
                QCOMPARE(statusOf(raw.receive("\r\n\r\n")), i < allowed ? 200 : 429);
            }
            m_rig->later += 3s; // and the bucket fills again
        }
    }

    void aTruncatedRequestChangesNothing()
    {
        const std::string whole =
            post("/cloister/v1/sessions", {}, "{\"user\":\"dr.dahl\",\"passphrase\":\"x\"}");
        const std::uint64_t before = m_rig->log->size();
        for (std::size_t length = 0; length < whole.size(); length += 3) {
            Raw raw(m_served->socket());
            raw.send(std::string_view(whole).substr(0, length));
        }
        // The service takes its connections in turn: whoever came before has been seen to.
        QVERIFY(healthy() && healthy());
        QCOMPARE(m_rig->log->size(), before);
    }
};

QTEST_GUILESS_MAIN(TestRefusals)
#include "tst_refusals.moc"
