// SPDX-License-Identifier: Apache-2.0
// Words from a patient's record, a prompt, an answer and an imported file's name are in no file and
// no log after use, after SIGKILL and after SIGSEGV; a planted word is found.

#include "tests/flow/ward.h"
#include "tests/support/canary_scan.h"

#include <QtTest>

#include <csignal>

namespace fs = std::filesystem;

namespace {

/// What was said in one use of the service, and must be found nowhere.
struct Secrets {
    std::vector<std::string> words;
    std::vector<fs::path> places; // where to look
    fs::file_time_type since;
};

} // namespace

class TestCanary : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void leavesNothingAfterUse_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("ended properly") << SIGTERM;
        QTest::newRow("killed") << SIGKILL;
        QTest::newRow("crashed") << SIGSEGV;
    }

    void leavesNothingAfterUse()
    {
        QFETCH(int, signal);
        QTemporaryDir home, working;
        flow::Ward ward;
        Secrets secrets;
        secrets.since = fs::file_time_type::clock::now();
        secrets.places = {ward.state(),
                          home.path().toStdString(),
                          working.path().toStdString(),
                          fs::temp_directory_path(),
                          "/var/tmp",
                          "/dev/shm"};

        QVERIFY2(ward.start(), ward.standardError().constData());
        QCOMPARE(ward.init(), std::string());
        const std::string output = use(ward, home.path(), working.path(), secrets);
        QVERIFY2(output.contains("done "), "the questions were not answered");
        ward.kill(signal);

        // The imported file itself lay in the working folder and was removed: only what the product
        // wrote may be there now. The client's answers were read from its pipe, not from a file.
        const auto finds = canary::scan(secrets.places, secrets.words, secrets.since);
        QCOMPARE(canary::describe(finds), std::string());
        const auto logged = canary::scanBytes(ward.standardError().toStdString(), secrets.words);
        QCOMPARE(canary::describe(logged), std::string());

        // The control: the same scan finds a word that is there, in each of its forms.
        for (const QByteArray& form : plantedForms(secrets.words.front())) {
            QFile planted(home.filePath(QStringLiteral("planted")));
            QVERIFY(planted.open(QIODevice::WriteOnly));
            planted.write("before " + form + " after");
            planted.close();
            QVERIFY(!canary::scan(secrets.places, secrets.words, secrets.since).empty());
        }
    }

    void answersCarryTheWordsThatAreLookedFor()
    {
        // Were the words not in what the service handles, their absence on disk would prove
        // nothing.
        flow::Ward ward;
        ward.withModel = false;
        QVERIFY(ward.start());
        QCOMPARE(ward.init(), std::string());
        const auto made = flow::makeUpPatient();
        QCOMPARE(ward.import(made.bundle), std::string());
        const auto client = ward.signIn(ward.clinician);
        const auto found = client->searchPatients(made.family, 1, 0);
        QVERIFY(found && !found->patients.empty());
        const auto document = client->document(found->patients.front().id, 0);
        QVERIFY(document);
        QVERIFY(document->text.contains(made.note));
    }

private:
    /// Imports a file by name, asks a look-up and a free question; returns what the client printed.
    static std::string use(flow::Ward& ward, const QString& home, const QString& working,
                           Secrets& secrets)
    {
        const auto made = flow::makeUpPatient();
        const std::string fileWord = flow::randomWord(16);
        const std::string promptWord = flow::randomWord(16);
        secrets.words = {made.family, made.given, made.mrn, made.note.substr(0, 40),
                         fileWord,    promptWord};

        const QString file = working + QStringLiteral("/") + QString::fromStdString(fileWord) +
                             QStringLiteral(".json");
        QFile bundle(file);
        if (!bundle.open(QIODevice::WriteOnly))
            return {};
        bundle.write(QByteArray::fromStdString(made.bundle));
        bundle.close();

        QProcess admin;
        admin.setWorkingDirectory(working);
        admin.start(QStringLiteral(PROGRAMS "/cloister-admin"),
                    {QStringLiteral("--socket"), QString::fromStdString(ward.socket().string()),
                     QStringLiteral("import"), file});
        if (!admin.waitForFinished(30000) || admin.exitCode() != 0)
            return {};
        bundle.remove();

        std::string patient;
        const auto merged = [&] {
            const auto client = ward.signIn(ward.clinician);
            const auto found = client->searchPatients(made.family, 1, 0);
            if (found && !found->patients.empty())
                patient = found->patients.front().id;
            return !patient.empty();
        };
        for (int tries = 0; tries < 20 && !merged(); ++tries)
            QThread::msleep(200);

        QProcess client;
        client.setWorkingDirectory(working);
        client.setEnvironment({QStringLiteral("HOME=") + home});
        client.start(QStringLiteral(PROGRAMS "/asking-client"),
                     {QString::fromStdString(ward.socket().string())});
        client.write(QByteArray::fromStdString(
            ward.clinician.name + "\n" + ward.clinician.passphrase + "\n" + patient +
            "\nWhat is the last potassium?\nWhy was " + promptWord +
            " given?\nTell me about the tablet and " + promptWord + "\n"));
        client.closeWriteChannel();
        client.waitForFinished(60000);
        return client.readAllStandardOutput().toStdString();
    }

    static QList<QByteArray> plantedForms(const std::string& word)
    {
        const QByteArray plain = QByteArray::fromStdString(word);
        QByteArray little, big;
        for (const char letter : plain) {
            little += letter;
            little += '\0';
            big += '\0';
            big += letter;
        }
        return {plain,
                little,
                big,
                plain.toBase64(),
                ("x" + plain).toBase64(),
                ("xy" + plain).toBase64()};
    }
};

QTEST_GUILESS_MAIN(TestCanary)
#include "tst_canary.moc"
