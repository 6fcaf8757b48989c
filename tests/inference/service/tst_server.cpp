// SPDX-License-Identifier: Apache-2.0
// The socket: limits, hostile clients, who is trusted.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"
#include "inference/api/limits.h"
#include "inference/service/admin_commands.h"

#include <QtTest>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <thread>

using namespace std::chrono_literals;

namespace {

/// A connection that sends what it likes.
class Raw {
public:
    explicit Raw(const std::filesystem::path& path)
        : m_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{.sun_family = AF_UNIX};
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        m_connected =
            ::connect(m_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        const timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(m_socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Raw() { close(); }

    /// How much of it the service took.
    std::size_t send(std::string_view bytes) const
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count =
                ::send(m_socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0)
                break;
            sent += static_cast<std::size_t>(count);
        }
        return sent;
    }

    /// Until the service closes, or until @p stopAt has come.
    std::string receive(std::string_view stopAt = {}) const
    {
        std::string all;
        char buffer[4096];
        while (stopAt.empty() || !all.contains(stopAt)) {
            const ssize_t count = ::recv(m_socket, buffer, sizeof buffer, 0);
            if (count <= 0)
                break;
            all.append(buffer, static_cast<std::size_t>(count));
        }
        return all;
    }

    /// The connection was closed without an answer, or with one.
    [[nodiscard]] bool connected() const { return m_connected; }
    void close()
    {
        if (m_socket >= 0)
            ::close(std::exchange(m_socket, -1));
    }

private:
    int m_socket;
    bool m_connected = false;
};

int statusOf(const std::string& response)
{
    return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

std::string post(std::string_view path, const std::string& token, std::string_view body)
{
    std::string request = "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n";
    if (!token.empty())
        request += "Authorization: Bearer " + token + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return request.append(body);
}

} // namespace

class TestServer : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::unique_ptr<rig::Served> m_served;

    [[nodiscard]] std::string exchange(std::string_view bytes) const
    {
        const Raw raw(m_served->socket());
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
            const Raw raw(m_served->socket());
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
        int status = 0;
        for (unsigned i = 0; i < api::kRequestBurst + 200 && status != 429; ++i) {
            const Raw raw(m_served->socket());
            raw.send(header);
            QCOMPARE(raw.send(std::string(5000, 'x')), std::size_t{5000});
            status = statusOf(raw.receive());
        }
        QCOMPARE(status, 429);
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
            raw->send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n");
        QElapsedTimer clock;
        clock.start();
        while (trickle.send("x") == 1 && clock.elapsed() < 20000)
            QTest::qWait(20);
        QVERIFY(clock.elapsed() < 20000);
        QCOMPARE(silent.send("x"), std::size_t{0});
        QVERIFY(healthy());
    }

    void aRefusalWithoutABodyClosesAtOnce()
    {
        const Raw raw(m_served->socket());
        raw.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
        QCOMPARE(statusOf(raw.receive()), 404);
        // Both directions: nothing more is read.
        QTRY_COMPARE(raw.send("x"), std::size_t{0});
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
            const Raw raw(m_served->socket());
            raw.send(std::string_view(request).substr(0, request.size() - 5));
            QTest::qWait(100); // the header is read and its sender authorised
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

    void hostileClientsDoNotKeepOthersWaiting()
    {
        std::vector<std::unique_ptr<Raw>> slow;
        for (std::size_t i = 0; i < api::kMaxConnectionsOfUid - 4; ++i) {
            slow.push_back(std::make_unique<Raw>(m_served->socket()));
            slow.back()->send(i % 2 == 0 ? "GET /healthz HTTP/1.1\r\nHo" // never goes on
                                         : std::string_view("\x16\x03\x01\x02\x00", 5));
        }
        QElapsedTimer clock;
        clock.start();
        QVERIFY(healthy());
        QVERIFY(clock.elapsed() < 1000);
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
        const bool swept = QTest::qWaitFor([&] { return m_rig->sessions->count() == 0; }, 5000);
        const int read = reading;
        release.set_value();
        QVERIFY(beats && locks && swept);
        QCOMPARE(left, std::size_t{2});
        QCOMPARE(read, 4);
        // They go on, and learn that their session has ended meanwhile.
        for (const auto& one : readers)
            QVERIFY(statusOf(one->receive()) >= 400);
    }

    void aUidMayOpenSoManyConnectionsAndNoMore()
    {
        std::vector<std::unique_ptr<Raw>> many;
        for (std::size_t i = 0; i < api::kMaxConnectionsOfUid; ++i)
            many.push_back(std::make_unique<Raw>(m_served->socket()));
        const Raw oneMore(m_served->socket());
        QVERIFY(oneMore.connected()); // the kernel's queue took it
        oneMore.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        QVERIFY(oneMore.receive().empty()); // and the service closed it
        many.clear();
        QTRY_VERIFY(healthy());
    }

    /// Asks through a new session and reads until the first token, or to the end of a refusal.
    std::string askedBy(const std::string& user, std::vector<std::unique_ptr<Raw>>& streams) const
    {
        streams.push_back(std::make_unique<Raw>(m_served->socket()));
        streams.back()->send(post("/v1/chat/completions", m_rig->signIn(user),
                                  "{\"messages\":[{\"role\":\"user\",\"content\":\"Say it.\"}],"
                                  "\"stream\":true}"));
        return streams.back()->receive("}\n\n");
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
        const Raw raw(m_served->socket());
        int refused = 0;
        for (unsigned i = 0; i < api::kRequestBurst + 200 && refused == 0; ++i) {
            raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            const std::string response = raw.receive("\r\n\r\n");
            refused = statusOf(response) == 429 ? 1 : 0;
            QVERIFY(statusOf(response) == 200 || refused == 1);
        }
        QCOMPARE(refused, 1);
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
        QTest::qWait(100);
        QCOMPARE(m_rig->log->size(), before);
        QVERIFY(healthy());
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
        const auto [client, session] = m_served->clinician();
        m_rig->desk->mayOpen = [](const storage::User&, std::string_view) -> bool {
            throw std::bad_alloc();
        };
        const auto before = client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {});
        QVERIFY(!before && before.error().code == api::Errc::Internal);
        m_rig->desk->mayOpen = [](const storage::User&, std::string_view) { return true; };
        QCOMPARE(m_rig->questions->count(), 0U);

        const auto wall = std::exchange(
            m_rig->clock.wall, [] -> decltype(m_rig->clock.wall()) { throw std::bad_alloc(); });
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
        m_rig->merger->waitIdle(5s);
        m_rig->clock.wall = wall;

        // All of it goes on: the question, the import that waited, and the turn that broke off.
        QVERIFY(client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {}));
        m_rig->merger->wake();
        m_rig->merger->waitIdle(20s);
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
