// SPDX-License-Identifier: Apache-2.0
// The program `cloister` itself, hardened and in its sandbox, on Qt's offscreen platform: it shows
// its sign-in window, which looks for the service, and can make no socket that leaves the machine.

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

namespace {

constexpr int kStartMs = 60'000;

/// A socket on which a client looks for its service; every connection is read once and closed.
class Listener {
public:
    explicit Listener(const QString& path)
        : m_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        qstrncpy(address.sun_path, path.toLocal8Bit().constData(), sizeof address.sun_path);
        m_good = ::bind(m_socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                 ::listen(m_socket, 8) == 0;
    }
    ~Listener() { ::close(m_socket); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] bool good() const { return m_good; }

    /// What the next client asks for, if one is there; @p peer: its process.
    QByteArray request(int& peer) const
    {
        const int client = ::accept4(m_socket, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0)
            return {};
        ucred who{};
        socklen_t size = sizeof who;
        ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &size);
        peer = who.pid;
        QByteArray asked(4096, '\0');
        asked.resize(qMax<qsizetype>(0, ::read(client, asked.data(), 4096)));
        ::close(client);
        return asked;
    }

private:
    int m_socket;
    bool m_good = false;
};

} // namespace

class TestClientProgram : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsItsSignInWindowAndEndsWhenTold()
    {
        const QStringList left = run({});
        QCOMPARE(m_error, QByteArray());
        // Nothing was decided yet: no settings, no checkpoint.
        QVERIFY2(left.isEmpty(), qPrintable(left.join(u' ')));
    }

    void makesNoSocketThatLeavesTheMachine()
    {
        run({QStringLiteral("LD_PRELOAD=" PLANTED_PROBE),
             QStringLiteral("ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0")});
        // The control: before the sandbox, the very same calls are allowed.
        for (const char* family : {"internet", "v6", "netlink"}) {
            QVERIFY(m_error.contains(QByteArray("loaded ") + family + " allowed\n"));
            QVERIFY(m_error.contains(QByteArray("connecting ") + family + " denied\n"));
            QVERIFY(!m_error.contains(QByteArray("connecting ") + family + " allowed\n"));
        }
    }

    void refusesWhatItCannotUse()
    {
        const auto refused = [this](const QStringList& arguments, const QString& environment) {
            QProcess client;
            client.setEnvironment({environment});
            client.start(QStringLiteral(PROGRAMS "/cloister"), arguments);
            client.waitForFinished(kStartMs);
            m_error = client.readAllStandardError();
            return client.exitStatus() == QProcess::NormalExit ? client.exitCode() : -1;
        };
        QCOMPARE(refused({}, QStringLiteral("QT_QPA_PLATFORM=vnc")), 1); // falls back to a display
        QVERIFY(m_error.contains("no display"));
        QCOMPARE(refused({}, QStringLiteral("DISPLAY=elsewhere:0")), 1);
        QVERIFY(m_error.contains("not on this machine"));
        QCOMPARE(refused({QStringLiteral("--nonsense")}, QStringLiteral("DISPLAY=:0")), 2);
        QCOMPARE(m_error.count('\n'), 1);
    }

private:
    /// Starts the client in a home of its own, waits until it has looked for the service twice,
    /// which only a running event loop does, and ends it. Returns what it left in its home.
    QStringList run(const QStringList& environment)
    {
        QTemporaryDir home;
        const QString path = home.path() + QStringLiteral(".sock");
        const Listener listener(path);
        if (!listener.good())
            return {QStringLiteral("nobody could listen")};

        QProcess client;
        client.setEnvironment(QStringList{QStringLiteral("HOME=") + home.path(),
                                          QStringLiteral("LC_ALL=C.UTF-8"),
                                          QStringLiteral("QT_QPA_PLATFORM=offscreen")} +
                              environment);
        client.start(QStringLiteral(PROGRAMS "/cloister"), {QStringLiteral("--socket"), path});
        int asked = 0;
        int peer = 0;
        const auto looked = [&] {
            asked += listener.request(peer).startsWith("GET /cloister/v1/service ") ? 1 : 0;
            return asked >= 2;
        };
        const bool up = QTest::qWaitFor(looked, kStartMs);
        const bool mine = peer == static_cast<int>(client.processId());
        ::kill(static_cast<pid_t>(client.processId()), SIGTERM);
        const bool ended = client.waitForFinished(kStartMs);
        ::unlink(path.toLocal8Bit().constData());
        m_error = client.readAllStandardError();
        // What this platform says of itself where a desktop's would not.
        m_error.replace("This plugin does not support propagateSizeHints()\n", "");
        // SIGTERM itself ended it: no crash, no abort, no call that the filter kills for.
        if (!up || !mine || !ended || client.exitStatus() != QProcess::CrashExit ||
            client.exitCode() != SIGTERM)
            return {QStringLiteral("it was not up, or did not end as told")};
        return filesBelow(home.path());
    }

    static QStringList filesBelow(const QString& folder)
    {
        QStringList files;
        QDirIterator walk(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (walk.hasNext())
            files << walk.next();
        return files;
    }

    QByteArray m_error;
};

QTEST_GUILESS_MAIN(TestClientProgram)
#include "tst_client_program.moc"
