// SPDX-License-Identifier: Apache-2.0
// The whole flow under strace, every program of it: none may make a socket that is not AF_UNIX, nor
// try to; netlink and io_uring, which makes sockets unseen, count as well.

#include "tests/flow/ward.h"

#include <QtTest>

#include <csignal>

namespace {

struct Seen {
    int unixSockets = 0;
    int connections = 0;
    QByteArrayList others; // lines that make or use another kind
    int programs = 0;      // execve calls; their arguments cannot be read from hardened processes
};

/// Reads what strace wrote.
Seen readTrace(const QString& file)
{
    Seen seen;
    QFile trace(file);
    if (!trace.open(QIODevice::ReadOnly))
        return seen;
    for (QByteArray line = trace.readLine(); !line.isEmpty(); line = trace.readLine()) {
        if (line.contains("execve("))
            ++seen.programs;
        if (line.contains("io_uring_setup("))
            seen.others.append(line.trimmed());
        if (line.contains(" connect("))
            ++seen.connections;
        const bool makes = line.contains("socket(") || line.contains("socketpair(");
        const bool connects =
            line.contains("connect(") || line.contains("sendto(") || line.contains("bind(");
        if (makes && line.contains("AF_UNIX"))
            ++seen.unixSockets;
        else if ((makes || connects) && line.contains("AF_") && !line.contains("AF_UNIX"))
            seen.others.append(line.trimmed());
    }
    return seen;
}

QStringList traced(const QString& file, const QStringList& more = {})
{
    return QStringList{QStringLiteral("strace"),
                       QStringLiteral("-f"),
                       QStringLiteral("-qq"),
                       QStringLiteral("-o"),
                       file,
                       QStringLiteral("-e"),
                       QStringLiteral("trace=socket,socketpair,connect,bind,sendto,sendmsg,execve,"
                                      "io_uring_setup")} +
           more;
}

} // namespace

class TestEgress : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void wholeFlowMakesUnixSocketsOnly()
    {
        QTemporaryDir folder;
        const QString trace = folder.filePath(QStringLiteral("daemon"));
        flow::Ward ward;
        QVERIFY2(ward.start(traced(trace)), ward.standardError().constData());
        QCOMPARE(ward.init(), std::string());
        const auto made = flow::makeUpPatient();
        QCOMPARE(ward.import(made.bundle), std::string());
        const auto client = ward.signIn(ward.clinician);
        QVERIFY(client);
        const auto found = client->searchPatients(made.family, 1, 0);
        QVERIFY(found && !found->patients.empty());
        const QString socket = QString::fromStdString(ward.socket().string());

        QByteArray said;
        const Seen asked = run(folder, {QStringLiteral(PROGRAMS "/asking-client"), socket},
                               ward.clinician.name + "\n" + ward.clinician.passphrase + "\n" +
                                   found->patients.front().id +
                                   "\nWhat is the last potassium?\nWhy was the tablet stopped?\n",
                               said);
        QCOMPARE(said.count("done "), 2);
        QVERIFY2(isLocal(asked), asked.others.join('\n').constData());

        QStringList import{QStringLiteral(PROGRAMS "/cloister-admin"), QStringLiteral("--socket"),
                           socket, QStringLiteral("import")};
        const QDir demo(QStringLiteral(DEMO));
        for (const QString& name : demo.entryList({QStringLiteral("*.json")}, QDir::Files))
            import << demo.filePath(name);
        QCOMPARE(import.size(), 4 + 3);
        const Seen imported = run(folder, import, {}, said);
        QCOMPARE(said.count("taken as"), 3);
        QVERIFY2(isLocal(imported), imported.others.join('\n').constData());

        // The real client's window, driven through one visit to a demo patient.
        QFile credentials(folder.filePath(QStringLiteral("credentials")));
        QVERIFY(credentials.open(QIODevice::WriteOnly));
        credentials.write(QByteArray::fromStdString(ward.clinician.name + "\n" +
                                                    ward.clinician.passphrase + "\n"));
        credentials.close();
        const Seen driven =
            run(folder,
                {QStringLiteral(PROGRAMS "/demo-driver"), QStringLiteral("--socket"), socket,
                 QStringLiteral("--out"), folder.path(), QStringLiteral("--credentials"),
                 credentials.fileName(), QStringLiteral("--assert-flow")},
                {}, said);
        QVERIFY2(!said.contains("WRONG") && said.contains("[ok] F9 locks"), said.constData());
        QVERIFY2(isLocal(driven), driven.others.join('\n').constData());

        QVERIFY(ward.stop());
        const Seen daemon = readTrace(trace);
        QVERIFY2(isLocal(daemon), daemon.others.join('\n').constData());
        QVERIFY2(daemon.programs >= 6, "cloisterd, its engine and 4 importers were to be traced");
    }

    void theClientProgramMakesUnixSocketsOnly()
    {
        // As it is installed: with its own main(), which cannot be driven; so it starts, looks for
        // its service and is ended.
        QTemporaryDir folder;
        const QString trace = folder.filePath(QStringLiteral("trace"));
        QStringList command = traced(trace);
        command << QStringLiteral(PROGRAMS "/cloister") << QStringLiteral("--socket")
                << folder.filePath(QStringLiteral("nobody.sock"));
        QProcess client;
        client.start(command.first(), command.mid(1));
        const auto looked = [&] { return readTrace(trace).connections >= 2; };
        const bool up = QTest::qWaitFor(looked, 60000);
        QFile first(trace);
        QVERIFY(first.open(QIODevice::ReadOnly));
        const int pid = first.readLine().split(' ').first().toInt();
        QVERIFY(pid > 1);
        ::kill(pid, SIGTERM);
        QVERIFY(client.waitForFinished(30000));
        QVERIFY2(up, client.readAllStandardError().constData());
        const Seen seen = readTrace(trace);
        QVERIFY2(isLocal(seen), seen.others.join('\n').constData());
    }

    void noticesAPlantedConnect()
    {
        QTemporaryDir folder;
        const QString trace = folder.filePath(QStringLiteral("daemon"));
        flow::Ward ward;
        QVERIFY(ward.start(
            traced(trace, {QStringLiteral("-E"), QStringLiteral("LD_PRELOAD=" PLANTED_CONNECT)})));
        ward.kill(SIGKILL);
        const Seen seen = readTrace(trace);
        QVERIFY(!seen.others.isEmpty());
        QVERIFY(seen.others.first().contains("AF_INET"));
        QVERIFY(!isLocal(seen));
    }

private:
    /// Runs @p program under strace to its end, with @p input.
    static Seen run(const QTemporaryDir& folder, const QStringList& program,
                    const std::string& input, QByteArray& output)
    {
        const QString trace = folder.filePath(QStringLiteral("trace"));
        const QStringList command = traced(trace) + program;
        QProcess process;
        process.start(command.first(), command.mid(1));
        process.write(QByteArray::fromStdString(input));
        process.closeWriteChannel();
        const bool ended = process.waitForFinished(600000);
        output = process.readAllStandardOutput();
        if (!ended || process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0)
            output += "\nWRONG: it did not end with 0: " + process.readAllStandardError();
        return readTrace(trace);
    }

    static bool isLocal(const Seen& seen) { return seen.unixSockets > 0 && seen.others.isEmpty(); }
};

QTEST_GUILESS_MAIN(TestEgress)
#include "tst_egress.moc"
