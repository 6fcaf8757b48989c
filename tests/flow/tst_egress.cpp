// SPDX-License-Identifier: Apache-2.0
// The whole flow under strace: no process may make a socket that is not AF_UNIX, nor try to.

#include "tests/flow/ward.h"

#include <QtTest>

#include <csignal>

namespace {

struct Seen {
    int unixSockets = 0;
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
    return QStringList{
               QStringLiteral("strace"),
               QStringLiteral("-f"),
               QStringLiteral("-qq"),
               QStringLiteral("-o"),
               file,
               QStringLiteral("-e"),
               QStringLiteral("trace=socket,socketpair,connect,bind,sendto,sendmsg,execve")} +
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
        const QString clientTrace = folder.filePath(QStringLiteral("client"));
        flow::Ward ward;
        QVERIFY2(ward.start(traced(trace)), ward.standardError().constData());
        QCOMPARE(ward.init(), std::string());
        const auto made = flow::makeUpPatient();
        QCOMPARE(ward.import(made.bundle), std::string());
        const auto client = ward.signIn(ward.clinician);
        QVERIFY(client);
        const auto found = client->searchPatients(made.family, 1, 0);
        QVERIFY(found && !found->patients.empty());

        QProcess asking;
        QStringList command = traced(clientTrace);
        command << QStringLiteral(PROGRAMS "/asking-client")
                << QString::fromStdString(ward.socket().string());
        asking.start(command.first(), command.mid(1));
        asking.write(QByteArray::fromStdString(
            ward.clinician.name + "\n" + ward.clinician.passphrase + "\n" +
            found->patients.front().id +
            "\nWhat is the last potassium?\nWhy was the tablet stopped?\n"));
        asking.closeWriteChannel();
        QVERIFY(asking.waitForFinished(60000));
        const QByteArray said = asking.readAllStandardOutput();
        QCOMPARE(said.count("done "), 2);
        QVERIFY(ward.stop());

        const Seen daemon = readTrace(trace);
        QVERIFY2(daemon.others.isEmpty(), daemon.others.join('\n').constData());
        QVERIFY(daemon.unixSockets > 0);
        QVERIFY2(daemon.programs >= 3, "cloisterd, its engine and an importer were to be traced");
        const Seen asked = readTrace(clientTrace);
        QVERIFY2(asked.others.isEmpty(), asked.others.join('\n').constData());
        QVERIFY(asked.unixSockets > 0);
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
    }
};

QTEST_GUILESS_MAIN(TestEgress)
#include "tst_egress.moc"
