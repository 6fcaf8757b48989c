// SPDX-License-Identifier: Apache-2.0
#include "app/socket_backend.h"

#include <QSemaphore>
#include <QTemporaryDir>
#include <QtTest>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Stands in for the daemon. It answers a request for a patient only when it is told to.
class SlowService {
public:
    explicit SlowService(const QString& path)
        : m_listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const QByteArray name = path.toLocal8Bit();
        std::memcpy(address.sun_path, name.constData(), static_cast<std::size_t>(name.size()));
        listening =
            ::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
            ::listen(m_listener, 8) == 0;
        m_accepting = std::jthread([this] {
            for (int peer = ::accept(m_listener, nullptr, nullptr); peer >= 0;
                 peer = ::accept(m_listener, nullptr, nullptr))
                m_serving.emplace_back([this, peer] { serve(peer); });
        });
    }
    ~SlowService()
    {
        release.release();
        ::shutdown(m_listener, SHUT_RDWR);
        m_accepting.join();
        m_serving.clear();
        ::close(m_listener);
    }
    SlowService(const SlowService&) = delete;
    SlowService& operator=(const SlowService&) = delete;

    bool listening = false;
    QSemaphore release;
    std::atomic<bool> asked = false, answered = false, left = false;

private:
    void serve(int peer)
    {
        std::string request(4096, '\0');
        const auto count = ::recv(peer, request.data(), request.size(), 0);
        request.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        std::string body = "{}";
        if (request.starts_with("POST /cloister/v1/sessions ")) {
            body = "{\"session\":\"s1\",\"token\":\"t1\"}";
        } else if (request.starts_with("GET ")) {
            asked = true;
            release.acquire();
            answered = true;
        } else if (request.starts_with("DELETE /cloister/v1/sessions/s1")) {
            left = true;
        }
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\nConnection: close\r\n\r\n" + body;
        std::ignore = ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(peer);
    }

    int m_listener;
    std::vector<std::jthread> m_serving;
    std::jthread m_accepting;
};

} // namespace

class TestSocketBackend : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aLockDoesNotWaitForARunningCall()
    {
        const QTemporaryDir home;
        qputenv("XDG_CONFIG_HOME", home.path().toUtf8());
        const QString path = home.filePath(QStringLiteral("s"));
        SlowService service(path);
        QVERIFY(service.listening);
        app::SocketBackend backend(path);
        QSignalSpy entered(&backend, &app::Backend::signedIn);
        backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("four words of mine"));
        QTRY_COMPARE(entered.size(), 1);
        QSignalSpy opened(&backend, &app::Backend::patientOpened);
        backend.openPatient(QStringLiteral("p1"));
        QTRY_VERIFY(service.asked);
        QVERIFY(!service.left); // control: nothing else ends the session

        backend.leave(app::Backend::Leaving::Lock);
        QTRY_VERIFY(service.left);
        QVERIFY(!service.answered); // the call still runs
        service.release.release();
        QTRY_VERIFY(service.answered);
        backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("four words of mine"));
        QTRY_COMPARE(entered.size(), 2);
        QCOMPARE(opened.size(), 0); // what came for the session before is dropped
    }
};

QTEST_GUILESS_MAIN(TestSocketBackend)
#include "tst_socket_backend.moc"
