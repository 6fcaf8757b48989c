// SPDX-License-Identifier: Apache-2.0
// What another account of the same machine can do: see the socket, and nothing else
// (docs/threat-model.md, "other local account"). The service runs as `cloister`, the others are
// `clinician1` and `clinician2` of the root that ./run makes. Runs as root, which alone can be all
// of them; every refusal has the same call by somebody allowed as its control.

#include "inference/api/client.h"
#include "tests/flow/ward.h"

#include <QtTest>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>

namespace fs = std::filesystem;

namespace {

struct Account {
    const char* user;
    const char* group;
};

constexpr Account kService{"cloister", "cloister-admin"};
constexpr Account kOwner{"clinician1", "clinician1"};
constexpr Account kStranger{"clinician2", "clinician2"};

QStringList launcher(const Account& account)
{
    return {QStringLiteral("setpriv"),
            QStringLiteral("--reuid=") + QString::fromLatin1(account.user),
            QStringLiteral("--regid=") + QString::fromLatin1(account.group),
            QStringLiteral("--init-groups"), QStringLiteral("--")};
}

bool become(const Account& account)
{
    const passwd* user = ::getpwnam(account.user);
    const group* primary = ::getgrnam(account.group);
    return user != nullptr && primary != nullptr &&
           ::initgroups(account.user, primary->gr_gid) == 0 && ::setgid(primary->gr_gid) == 0 &&
           ::setuid(user->pw_uid) == 0;
}

/// What @p body returns when a child process runs it as @p account; -1 when it could not.
template <typename Body>
int runAs(const Account& account, Body body)
{
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(become(account) ? body() : 255);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) == 255)
        return -1;
    return WEXITSTATUS(status);
}

bool canOpen(const fs::path& file)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0)
        ::close(descriptor);
    return descriptor >= 0;
}

/// Makes @p folder and gives it to the service.
bool giveFolder(const fs::path& folder, mode_t mode)
{
    const passwd* user = ::getpwnam(kService.user);
    const group* primary = ::getgrnam(kService.group);
    fs::create_directories(folder);
    return user != nullptr && primary != nullptr &&
           ::chown(folder.c_str(), user->pw_uid, primary->gr_gid) == 0 &&
           ::chmod(folder.c_str(), mode) == 0;
}

} // namespace

class TestPermissions : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (::geteuid() != 0)
            QSKIP("only root can be several users; ./run test is");
        for (const Account& account : {kService, kOwner, kStranger})
            QVERIFY2(::getpwnam(account.user) != nullptr, account.user);
        m_ward.withModel = false;
        // As ./run serve makes it: others may reach the socket, and look into nothing.
        QCOMPARE(::chmod(m_ward.state().parent_path().c_str(), 0711), 0);
        QVERIFY(giveFolder(m_ward.state(), 0711));
        QVERIFY2(m_ward.start(launcher(kService)), m_ward.standardError().constData());
        QCOMPARE(m_ward.init(), std::string());
        QCOMPARE(m_ward.import(flow::makeUpPatient().bundle), std::string());
        QVERIFY(m_ward.signIn(m_ward.clinician)); // so that there is a vault
    }

    void theServiceRunsAsItself()
    {
        struct stat info{};
        QCOMPARE(::stat(m_ward.socket().c_str(), &info), 0);
        QCOMPARE(info.st_uid, ::getpwnam(kService.user)->pw_uid);
    }

    void nobodyElseReadsTheState()
    {
        std::vector<fs::path> paths{m_ward.state()};
        for (const auto& entry : fs::recursive_directory_iterator(m_ward.state())) {
            if (!entry.is_socket())
                paths.push_back(entry.path());
        }
        QVERIFY(paths.size() > 12); // keys, vaults, records, inbox, audit
        for (const fs::path& path : paths) {
            const auto open = [&path] { return canOpen(path) ? 1 : 0; };
            QCOMPARE(runAs(kStranger, open), 0);
            QCOMPARE(runAs(kOwner, open), 0);
            QCOMPARE(runAs(kService, open), 1);
        }
    }

    void aStateFolderThatTheServiceMakesIsItsOwn()
    {
        const fs::path home = m_ward.state().parent_path() / "fresh";
        QVERIFY(giveFolder(home, 0755));
        const QString state = QString::fromStdString((home / "state").string());
        QProcess daemon;
        const QStringList command =
            launcher(kService) +
            QStringList{QStringLiteral(PROGRAMS "/cloisterd"), QStringLiteral("--state"), state,
                        QStringLiteral("--socket"), state + QStringLiteral(".sock")};
        daemon.start(command.first(), command.mid(1));
        QVERIFY(daemon.waitForReadyRead(30000));
        struct stat info{};
        QCOMPARE(::stat(state.toLocal8Bit().constData(), &info), 0);
        QCOMPARE(info.st_mode & 07777, 0700U);
        ::kill(static_cast<pid_t>(daemon.processId()), SIGTERM);
        QVERIFY(daemon.waitForFinished(30000));
    }

    void aTokenIsWorthNothingToAnotherUser()
    {
        // Signed in as clinician1; the token comes back over a pipe.
        int ends[2];
        QCOMPARE(::pipe(ends), 0);
        const int signedIn = runAs(kOwner, [&] {
            auto client = m_ward.client();
            const auto session = client->signIn({.user = m_ward.clinician.name,
                                                 .passphrase = m_ward.clinician.passphrase,
                                                 .knownCheckpoint = {}});
            if (!session)
                return 1;
            const auto size = static_cast<ssize_t>(session->token.size());
            return ::write(ends[1], session->token.data(), session->token.size()) == size ? 0 : 2;
        });
        ::close(ends[1]);
        QCOMPARE(signedIn, 0);
        std::string token(256, '\0');
        token.resize(static_cast<std::size_t>(
            std::max<ssize_t>(::read(ends[0], token.data(), token.size()), 0)));
        ::close(ends[0]);
        QCOMPARE(token.size(), std::size_t(64));

        const auto search = [&] {
            auto client = m_ward.client();
            client->setToken(token);
            const auto found = client->searchPatients("", 10, 0);
            if (found)
                return 0;
            return found.error().code == api::Errc::Unauthorized ? 1 : 2;
        };
        QCOMPARE(runAs(kStranger, search), 1);
        QCOMPARE(runAs(kService, search), 1); // nor to IT
        QCOMPARE(runAs(kOwner, search), 0);   // and it is still good
    }

    void importAndAdministrationAreForTheirGroup_data()
    {
        QTest::addColumn<QStringList>("command");
        QTest::newRow("status") << QStringList{QStringLiteral("status")};
        QTest::newRow("import") << QStringList{QStringLiteral("import"),
                                               QStringLiteral(DEMO "/anna-testfield.json")};
    }

    void importAndAdministrationAreForTheirGroup()
    {
        QFETCH(QStringList, command);
        QByteArray said;
        for (const Account& account : {kOwner, kStranger}) {
            QCOMPARE(admin(account, command, {}, said), 1);
            QVERIFY2(said.startsWith("Not allowed") || said.contains(": Not allowed"),
                     said.constData());
        }
        QCOMPARE(admin(kService, command, {}, said), 0);
    }

    void recoveryIsForTheGroupToo()
    {
        const QByteArray secrets = QByteArray::fromStdString(
            m_ward.shares[0] + "\n" + m_ward.shares[1] + "\na passphrase of the stranger\n");
        const QStringList recover{QStringLiteral("recover"),
                                  QString::fromStdString(m_ward.clinician.name)};
        QByteArray said;
        QCOMPARE(admin(kStranger, recover, secrets, said), 1);
        QVERIFY2(said.startsWith("Not allowed"), said.constData());
        QVERIFY(m_ward.signIn(m_ward.clinician)); // nothing was changed
        QCOMPARE(admin(kService, recover, secrets, said), 0);
        m_ward.clinician.passphrase = "a passphrase of the stranger";
        QVERIFY(m_ward.signIn(m_ward.clinician));
    }

    void aCliniciansSessionAdministersNothing()
    {
        const auto asClinician = [&] {
            auto client = m_ward.signIn(m_ward.clinician);
            if (!client)
                return 9;
            const auto refused = [](const auto& result) {
                return !result && result.error().code == api::Errc::Forbidden;
            };
            return (refused(client->addUser("dr.evil", "admin")) ? 0 : 1) +
                   (refused(client->users()) ? 0 : 2) + (refused(client->auditExport()) ? 0 : 4);
        };
        QCOMPARE(runAs(kStranger, asClinician), 0);
        const auto asAdmin = [&] {
            const auto client = m_ward.signIn(m_ward.admin);
            return client && client->users() ? 0 : 1;
        };
        QCOMPARE(runAs(kStranger, asAdmin), 0); // the control: a role is a person's, not a uid's
    }

    void cleanupTestCase()
    {
        if (::geteuid() == 0)
            QVERIFY(m_ward.stop());
    }

private:
    /// cloister-admin as @p account; @p said gets what it wrote to standard error.
    int admin(const Account& account, const QStringList& words, const QByteArray& secrets,
              QByteArray& said)
    {
        const QStringList command =
            launcher(account) +
            QStringList{QStringLiteral(PROGRAMS "/cloister-admin"), QStringLiteral("--socket"),
                        QString::fromStdString(m_ward.socket().string()),
                        QStringLiteral("--passphrase-fd"), QStringLiteral("0")} +
            words;
        QProcess program;
        program.start(command.first(), command.mid(1));
        program.write(secrets);
        program.closeWriteChannel();
        if (!program.waitForFinished(60000))
            return -1;
        said = program.readAllStandardError();
        return program.exitCode();
    }

    flow::Ward m_ward;
};

QTEST_GUILESS_MAIN(TestPermissions)
#include "tst_permissions.moc"
