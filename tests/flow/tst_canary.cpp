// SPDX-License-Identifier: Apache-2.0
// Words from a patient's record, a prompt, an answer, a passphrase and an imported file's name are
// in no file, no core and no log after use, after SIGKILL and after SIGSEGV, both in the middle of
// an answer; a planted word is found. The window's own home is looked at by tst_client.

#include "tests/flow/ward.h"
#include "tests/support/canary_scan.h"

#include <QtTest>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

namespace fs = std::filesystem;

namespace {

/// What was said in one use of the service, and must be found nowhere.
struct Secrets {
    std::vector<std::string> words;
    std::vector<fs::path> places; // where to look
    fs::file_time_type since;
};

struct Form {
    const char* name;
    QByteArray bytes;
};

/// Every form in which a word is looked for.
std::vector<Form> formsOf(const std::string& word)
{
    const QByteArray plain = QByteArray::fromStdString(word);
    QByteArray little, big;
    for (const char letter : plain) {
        little += letter;
        little += '\0';
        big += '\0';
        big += letter;
    }
    return {{"UTF-8", plain},
            {"UTF-16LE", little},
            {"UTF-16BE", big},
            {"base64-0", plain.toBase64()},
            {"base64-1", ("x" + plain).toBase64()},
            {"base64-2", ("xy" + plain).toBase64()}};
}

/// The soft limit at the hard one; our programs take it down to 0 by themselves.
bool allowCores()
{
    rlimit cores{};
    if (::getrlimit(RLIMIT_CORE, &cores) != 0 || cores.rlim_max < (64U << 20))
        return false;
    cores.rlim_cur = cores.rlim_max;
    return ::setrlimit(RLIMIT_CORE, &cores) == 0;
}

QByteArray corePattern()
{
    QFile file(QStringLiteral("/proc/sys/kernel/core_pattern"));
    return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
}

/// "Max core file size" of a process, as /proc shows it.
QByteArray coreLimitOf(int pid)
{
    QFile limits(QStringLiteral("/proc/%1/limits").arg(pid));
    if (!limits.open(QIODevice::ReadOnly))
        return "unreadable";
    for (const QByteArray& line : limits.readAll().split('\n')) {
        if (line.startsWith("Max core file size"))
            return line.mid(18).simplified();
    }
    return "absent";
}

} // namespace

class TestCanary : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY2(allowCores(), "cores are forbidden here: nothing is shown"); }

    void leavesNothingAfterUse_data()
    {
        QTest::addColumn<QString>("victim");
        QTest::addColumn<int>("signal");
        QTest::newRow("ended properly") << QStringLiteral("cloisterd") << SIGTERM;
        QTest::newRow("killed while it answers") << QStringLiteral("cloisterd") << SIGKILL;
        QTest::newRow("crashed while it answers") << QStringLiteral("cloisterd") << SIGSEGV;
        QTest::newRow("worker crashed") << QStringLiteral("cloister-engine") << SIGSEGV;
    }

    void leavesNothingAfterUse()
    {
        QFETCH(QString, victim);
        QFETCH(int, signal);
        QTemporaryDir home, working;
        flow::Ward ward;
        ward.workingFolder = working.path();
        Secrets secrets =
            lookIn({ward.state(), home.path().toStdString(), working.path().toStdString(),
                    fs::temp_directory_path(), "/var/tmp", "/dev/shm"});
        m_said.clear();
        QVERIFY2(ward.start(), ward.standardError().constData());
        QCOMPARE(ward.init(), std::string());
        const auto made = flow::makeUpPatient();
        const std::string promptWord = flow::randomWord(16);
        const std::string fileWord = flow::randomWord(16);
        const std::string patient = import(ward, made, fileWord);
        QVERIFY2(!patient.empty(), m_said.constData());

        Asking asking(ward, home.path(), patient);
        // The made-up word stands in the prompt; the drug makes it a question for the model.
        const std::string question =
            "Why was " + made.stoppedDrug + " stopped? I mean the " + promptWord + " one.";
        const std::string answer = asking.ask(question);
        QVERIFY2(answer.size() >= 24, "the model's answer is too short to look for");
        secrets.words = {made.family, made.given,
                         made.mrn,    fileWord,
                         promptWord,  made.note.substr(0, 40),
                         answer,      ward.clinician.passphrase};
        if (signal == SIGTERM) {
            QVERIFY(ward.stop());
        } else {
            QVERIFY(asking.beginLongAnswer(question));
            const auto pids = victim == QStringLiteral("cloisterd")
                                  ? std::vector<int>{ward.pid()}
                                  : ward.workers(victim.toStdString());
            QCOMPARE(pids.size(), std::size_t(1));
            QCOMPARE(coreLimitOf(pids.front()), QByteArray("0 0 bytes"));
            QCOMPARE(::kill(pids.front(), signal), 0);
            QVERIFY2(asking.broken(), "the answer was over before the process died");
            ward.kill(SIGKILL);
        }
        m_said += ward.standardError() + asking.end();

        // The imported file itself lay in the working folder and was removed: only what the product
        // wrote may be there now. The client's answers were read from its pipe, not from a file.
        QCOMPARE(canary::describe(canary::scan(secrets.places, secrets.words, secrets.since)),
                 std::string());
        QCOMPARE(canary::describe(canary::scanBytes(m_said.toStdString(), secrets.words)),
                 std::string());
        findsAllThatIsPlanted(secrets, working.path());
    }

    void findsACore()
    {
        // Where this kernel leaves cores: in the working folder, or in the folder that core_pattern
        // names. A pattern that begins with | hands them to a program outside, and then the limit
        // of 0, which the rows above look at, is what shows that there are none.
        const QByteArray pattern = corePattern();
        if (pattern.startsWith('|'))
            QSKIP("this kernel hands cores to a program, they reach no folder of this test");
        QTemporaryDir working;
        Secrets secrets = lookIn({working.path().toStdString()});
        if (pattern.startsWith('/'))
            secrets.places.push_back(
                fs::path(pattern.left(pattern.indexOf('%')).toStdString()).parent_path());
        secrets.words = {flow::randomWord(24)};
        QProcess control;
        control.setWorkingDirectory(working.path());
        control.start(QStringLiteral(LEAVING_CORE), {});
        control.write(QByteArray::fromStdString(secrets.words.front()) + '\n');
        control.closeWriteChannel();
        QVERIFY(control.waitForFinished(30000));
        QCOMPARE(control.exitStatus(), QProcess::CrashExit);
        QVERIFY2(!canary::scan(secrets.places, secrets.words, secrets.since).empty(),
                 "a core that holds the word was not found");
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
    /// The asking client with a home of its own, which tells what it is answered.
    class Asking {
    public:
        Asking(const flow::Ward& ward, const QString& home, const std::string& patient)
        {
            m_client.setWorkingDirectory(ward.workingFolder);
            m_client.setEnvironment({QStringLiteral("HOME=") + home});
            m_client.start(
                QStringLiteral(PROGRAMS "/asking-client"),
                {QString::fromStdString(ward.socket().string()), QStringLiteral("3000")});
            m_client.write(QByteArray::fromStdString(ward.clinician.name + "\n" +
                                                     ward.clinician.passphrase + "\n" + patient +
                                                     "\nWhat is the last potassium?\n"));
        }

        /// Some letters of a whole answer of the model; nothing if it was not the model's.
        std::string ask(const std::string& question)
        {
            write(question + "\n");
            // The first answer is the look-up's, the second the model's.
            if (!said("answer ", 2) || !m_output.contains(" model\nanswer "))
                return {};
            const QByteArray text = m_output.mid(m_output.lastIndexOf("\nanswer ") + 8);
            return text.left(text.indexOf('\n')).simplified().left(40).toStdString();
        }

        bool beginLongAnswer(const std::string& question)
        {
            write(question + "\n");
            return said("streaming", 2);
        }

        /// Whether the answer that had begun came to a bad end.
        bool broken() { return said("failed ", 1); }

        /// Ends it; what it wrote to standard error.
        QByteArray end()
        {
            m_client.closeWriteChannel();
            m_client.waitForFinished(30000);
            return m_client.readAllStandardError();
        }

    private:
        void write(const std::string& line) { m_client.write(QByteArray::fromStdString(line)); }

        bool said(const QByteArray& word, int times)
        {
            QElapsedTimer clock;
            clock.start();
            while (m_output.count('\n' + word) < times && clock.elapsed() < 60000) {
                m_client.waitForReadyRead(100);
                m_output += m_client.readAllStandardOutput();
            }
            return m_output.count('\n' + word) >= times;
        }

        QProcess m_client;
        QByteArray m_output = "\n";
    };

    static Secrets lookIn(std::vector<fs::path> places)
    {
        return {.words = {},
                .places = std::move(places),
                .since = fs::file_time_type::clock::now() - std::chrono::seconds(1)};
    }

    /// Hands a file in whose name holds @p word, removes it, and returns the patient's id.
    std::string import(const flow::Ward& ward, const flow::MadeUpPatient& made,
                       const std::string& word)
    {
        QFile bundle(ward.workingFolder + u'/' + QString::fromStdString(word) +
                     QStringLiteral(".json"));
        if (!bundle.open(QIODevice::WriteOnly))
            return {};
        bundle.write(QByteArray::fromStdString(made.bundle));
        bundle.close();
        QProcess admin;
        admin.setWorkingDirectory(ward.workingFolder);
        admin.start(QStringLiteral(PROGRAMS "/cloister-admin"),
                    {QStringLiteral("--socket"), QString::fromStdString(ward.socket().string()),
                     QStringLiteral("import"), bundle.fileName()});
        const bool taken = admin.waitForFinished(30000) && admin.exitCode() == 0;
        m_said += admin.readAllStandardError();
        bundle.remove();
        const auto client = ward.signIn(ward.clinician);
        for (int tries = 0; taken && client && tries < 600; ++tries) {
            const auto found = client->searchPatients(made.family, 1, 0);
            if (found && !found->patients.empty())
                return found->patients.front().id;
            QThread::msleep(100);
        }
        return {};
    }

    /// The control: the same scans find every kind of word, in each of its forms, in a file and in
    /// what a program wrote to standard error.
    static void findsAllThatIsPlanted(const Secrets& secrets, const QString& folder)
    {
        std::set<std::string> planted;
        QByteArray lines;
        for (std::size_t i = 0; i < secrets.words.size(); ++i) {
            for (const Form& form : formsOf(secrets.words[i])) {
                QFile file(
                    folder +
                    QStringLiteral("/planted-%1-%2").arg(i).arg(QString::fromLatin1(form.name)));
                QVERIFY(file.open(QIODevice::WriteOnly));
                file.write("before " + form.bytes + " after");
                planted.insert(file.fileName().toStdString());
                lines += "<6>" + form.bytes + '\n';
            }
        }
        const std::size_t said = planted.size();
        const std::string below = "planted-" + flow::randomWord(8);
        for (const fs::path& place : secrets.places) {
            QVERIFY(fs::create_directories(place / below / "below"));
            std::ofstream(place / below / "below" / "file") << secrets.words.front();
            planted.insert((place / below / "below" / "file").string());
        }
        std::set<std::string> found;
        for (const auto& find : canary::scan(secrets.places, secrets.words, secrets.since))
            found.insert(find.file.string());
        for (const fs::path& place : secrets.places)
            fs::remove_all(place / below);
        QCOMPARE(found, planted);

        QProcess talking;
        talking.start(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), QStringLiteral("cat >&2")});
        talking.write(lines);
        talking.closeWriteChannel();
        QVERIFY(talking.waitForFinished(30000));
        std::size_t heard = 0;
        for (const QByteArray& line : talking.readAllStandardError().split('\n'))
            heard += canary::scanBytes(line.toStdString(), secrets.words).empty() ? 0 : 1;
        QCOMPARE(heard, said);
    }

    QByteArray m_said; // standard error of every program of this use
};

QTEST_GUILESS_MAIN(TestCanary)
#include "tst_canary.moc"
