// SPDX-License-Identifier: Apache-2.0
// When the audit log cannot be written, nothing of a patient is released: on a full file system, on
// a read-only one, and when the disk reports an error. Runs in a user and mount namespace of its
// own, so that an ordinary user may mount and trace.

#include "tests/flow/ward.h"

#include <QtTest>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace {

bool writeFile(const char* path, const std::string& text)
{
    std::ofstream file(path);
    file << text << std::flush;
    return file.good();
}

/// Must run before the first thread starts.
bool enterOwnNamespace()
{
    const auto uid = ::getuid();
    const auto gid = ::getgid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return writeFile("/proc/self/setgroups", "deny") &&
           writeFile("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
           writeFile("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1") &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// Everything that reads a patient; the name of each that was not refused for the log's sake.
QStringList released(api::Client& client, const std::string& patient)
{
    QStringList through;
    const auto note = [&through](const char* what, const auto& result) {
        if (result || result.error().code != api::Errc::AuditUnavailable)
            through << QString::fromUtf8(what)
                    << QString::fromStdString(result ? "released" : result.error().name);
    };
    note("search", client.searchPatients("", 10, 0));
    note("chart", client.patient(patient));
    note("document", client.document(patient, 0));
    note("conversations", client.conversations(patient, 10, 0));
    std::string streamed;
    api::Client::Events events;
    events.evidence = [&](const api::EvidenceFound& found) {
        streamed += found.coverage.line + ".";
    };
    events.token = [&](const std::string& text) { streamed += text; };
    note("question", client.ask(patient, {.question = "What is the last potassium?"}, events, {}));
    if (!streamed.empty())
        through << QStringLiteral("stream");
    return through;
}

} // namespace

class TestAuditRefuses : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void onAFullFileSystem()
    {
        flow::Ward ward;
        const auto log = ward.state() / "audit";
        std::filesystem::create_directories(log);
        QCOMPARE(::mount("tmpfs", log.c_str(), "tmpfs", 0, "size=4m,mode=700"), 0);
        std::string patient;
        auto client = morning(ward, patient);
        QVERIFY(client);
        QVERIFY2(released(*client, patient).contains(QStringLiteral("chart")),
                 "the control: all is released");

        const auto filler = log / "filler";
        fill(filler);
        // The log's last page may have room for a few records more: they are written, so it may
        // answer.
        for (int i = 0; i < 50 && client->patient(patient); ++i) {
        }
        QCOMPARE(released(*client, patient), QStringList());
        QVERIFY(!ward.signIn(ward.clinician));

        // Room again: the service goes on by itself, and the log still verifies when it starts
        // anew.
        std::filesystem::remove(filler);
        const auto reads = [&] { return client->patient(patient).has_value(); };
        QTRY_VERIFY_WITH_TIMEOUT(reads(), 60000);
        QVERIFY2(ward.stop(), ward.standardError().constData());
        QVERIFY2(ward.start(), ward.standardError().constData());
        QVERIFY(ward.stop());
        ::umount2(log.c_str(), MNT_DETACH);
    }

    void onAReadOnlyFileSystem()
    {
        flow::Ward ward;
        std::string patient;
        auto client = morning(ward, patient);
        QVERIFY(client);
        QVERIFY(ward.stop());
        const auto log = ward.state() / "audit";
        QCOMPARE(::mount(log.c_str(), log.c_str(), nullptr, MS_BIND, nullptr), 0);
        QCOMPARE(::mount(nullptr, log.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
                 0);

        // It may refuse to start; if it starts, it may not let anybody in.
        if (ward.start()) {
            QVERIFY(!ward.signIn(ward.clinician));
            ward.kill(SIGKILL);
        }
        QVERIFY(!ward.standardError().isEmpty());
        QCOMPARE(::umount2(log.c_str(), MNT_DETACH), 0);
        QVERIFY2(ward.start(), ward.standardError().constData());
        QVERIFY(ward.signIn(ward.clinician));
    }

    void whenItBecomesReadOnlyUnderARunningService()
    {
        flow::Ward ward;
        const auto log = ward.state() / "audit";
        std::filesystem::create_directories(log);
        QCOMPARE(::mount(log.c_str(), log.c_str(), nullptr, MS_BIND, nullptr), 0);
        std::string patient;
        auto client = morning(ward, patient);
        QVERIFY(client);
        QVERIFY2(released(*client, patient).contains(QStringLiteral("chart")),
                 "the control: all is released");

        // The kernel makes no mount read-only below a file that is open for writing, and the log
        // holds its newest segment open.
        constexpr unsigned long kReadOnly = MS_REMOUNT | MS_BIND | MS_RDONLY;
        QCOMPARE(::mount(nullptr, log.c_str(), nullptr, kReadOnly, nullptr), -1);
        QCOMPARE(errno, EBUSY);
        // So a read-only mount comes above it: whatever the log opens from now on is read-only,
        // first of all the checkpoint, which it writes within a second of a record.
        QCOMPARE(::mount(log.c_str(), log.c_str(), nullptr, MS_BIND, nullptr), 0);
        QCOMPARE(::mount(nullptr, log.c_str(), nullptr, kReadOnly, nullptr), 0);
        const auto refuses = [&] {
            const auto chart = client->patient(patient);
            return !chart && chart.error().code == api::Errc::AuditUnavailable;
        };
        QTRY_VERIFY_WITH_TIMEOUT(refuses(), 60000);
        QCOMPARE(released(*client, patient), QStringList());
        QVERIFY(!ward.signIn(ward.clinician));

        // Writable again: the session that is there goes on.
        QCOMPARE(::umount2(log.c_str(), MNT_DETACH), 0);
        const auto reads = [&] { return client->patient(patient).has_value(); };
        QTRY_VERIFY_WITH_TIMEOUT(reads(), 60000);
        QVERIFY(ward.stop());
        ::umount2(log.c_str(), MNT_DETACH);
    }

    void whenTheDiskReportsAnError()
    {
        flow::Ward ward;
        std::string patient;
        QVERIFY(morning(ward, patient));
        QVERIFY(ward.stop());
        // The first records reach the disk, then every sync of a thread fails.
        QVERIFY2(
            ward.start({QStringLiteral("strace"), QStringLiteral("-f"), QStringLiteral("-qq"),
                        QStringLiteral("-o"), QStringLiteral("/dev/null"), QStringLiteral("-e"),
                        QStringLiteral("trace=fdatasync,fsync"), QStringLiteral("-e"),
                        QStringLiteral("inject=fdatasync,fsync:error=EIO:when=6+")}),
            ward.standardError().constData());
        const auto client = ward.signIn(ward.clinician);
        QVERIFY(client);
        const auto refuses = [&] {
            const auto chart = client->patient(patient);
            return !chart && chart.error().code == api::Errc::AuditUnavailable;
        };
        for (int i = 0; i < 400 && !refuses(); ++i) {
        }
        QCOMPARE(released(*client, patient), QStringList());
        ward.kill(SIGKILL);
    }

private:
    /// A first morning: initialised, one patient, the clinician signed in.
    static std::unique_ptr<api::Client> morning(flow::Ward& ward, std::string& patient)
    {
        ward.withModel = false;
        const auto made = flow::makeUpPatient();
        if (!ward.start() || !ward.init().empty() || !ward.import(made.bundle).empty())
            return nullptr;
        auto client = ward.signIn(ward.clinician);
        const auto found = client ? client->searchPatients(made.family, 1, 0)
                                  : api::Result<api::PatientList>(std::unexpected(api::Error()));
        if (!found || found->patients.empty())
            return nullptr;
        patient = found->patients.front().id;
        return client;
    }

    /// Writes until nothing more fits, the last byte included.
    static void fill(const std::filesystem::path& file)
    {
        std::FILE* filler = std::fopen(file.c_str(), "wb");
        std::setvbuf(filler, nullptr, _IONBF, 0);
        const std::string block(4096, 'x');
        while (std::fwrite(block.data(), 1, block.size(), filler) == block.size()) {
        }
        while (std::fwrite("x", 1, 1, filler) == 1) {
        }
        std::fclose(filler);
    }
};

int main(int argc, char** argv)
{
    if (!enterOwnNamespace()) {
        std::fputs("this test needs user and mount namespaces\n", stderr);
        return 1;
    }
    QCoreApplication app(argc, argv);
    TestAuditRefuses test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_audit_refuses.moc"
