// SPDX-License-Identifier: Apache-2.0
// Kills one process again and again at random moments (SIGKILL) and looks whether anything that had
// been acknowledged is lost. 50 kills of each process here, 1,000 in ./run soak.

#include "storage/key_store.h"
#include "tests/flow/ward.h"
#include "tests/storage/support.h"

#include <QRandomGenerator>
#include <QtTest>

#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace {

int rounds()
{
    if (qEnvironmentVariableIsSet("CLOISTER_SOAK"))
        return 1000;
#ifdef CLOISTER_SANITIZED
    return 5;
#else
    return 50;
#endif
}

/// What the daemon promised to keep: conversation -> turns, and the turns that it called done.
struct Promises {
    std::mutex mutex;
    std::map<std::string, std::set<std::string>> accepted;
    std::set<std::string> done;
};

int randomMilliseconds(int low, int high)
{
    return QRandomGenerator::system()->bounded(low, high);
}

/// The first promise that @p client does not find kept, or an empty string.
std::string broken(api::Client& client, Promises& promises)
{
    const std::lock_guard lock(promises.mutex);
    for (const auto& [conversation, turns] : promises.accepted) {
        const auto kept = flow::withinTheRate([&] { return client.conversation(conversation); });
        if (!kept)
            return "conversation: " + kept.error().name;
        std::map<std::string, const api::Turn*> found;
        for (const api::Turn& turn : kept->turns)
            found.emplace(turn.id, &turn);
        for (const std::string& turn : turns) {
            if (!found.contains(turn))
                return "an acknowledged question is lost";
            const auto& answer = found[turn]->answer;
            if (promises.done.contains(turn) && (!answer || answer->state != "complete"))
                return "an answer that was done is lost";
        }
    }
    return {};
}

/// Asks in a thread of its own until it is told to stop; keeps what was promised.
class Asker {
public:
    Asker(std::unique_ptr<api::Client> client, std::string patient,
          std::vector<std::string> questions, Promises& promises)
        : m_client(std::move(client))
        , m_thread([this, patient, questions, &promises](const std::stop_token& stop) {
            for (std::size_t i = 0; !stop.stop_requested(); ++i)
                ask(patient, questions[i % questions.size()], promises, stop);
        })
    {
    }

    std::atomic<int> failures = 0;

private:
    void ask(const std::string& patient, const std::string& question, Promises& promises,
             const std::stop_token& stop)
    {
        api::Client::Events events;
        events.accepted = [&](const api::Accepted& accepted) {
            const std::lock_guard lock(promises.mutex);
            promises.accepted[accepted.conversation].insert(accepted.turn);
            m_conversation = accepted.conversation;
        };
        const auto done = m_client->ask(
            patient, {.question = question, .conversation = m_conversation, .maxTokens = 40},
            events, stop);
        if (done) {
            const std::lock_guard lock(promises.mutex);
            promises.done.insert(done->turn);
            return;
        }
        ++failures;
        std::this_thread::sleep_for(
            std::chrono::milliseconds(20)); // not to spin on a daemon that is gone
    }

    std::unique_ptr<api::Client> m_client;
    std::string m_conversation;
    std::jthread m_thread; // last: it uses the others
};

const std::vector<std::string> kLookUps{"What is the last potassium?", "All potassium values"};

} // namespace

class TestKill : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
        QCOMPARE(m_ward.init(), std::string());
        const auto made = flow::makeUpPatient();
        QCOMPARE(m_ward.import(made.bundle), std::string());
        m_free = {"Why was " + made.stoppedDrug + " stopped?"};

        // Hundreds of sign-ins follow: a slot of the least cost, made with the library, because no
        // program may be told to make one (decision 0009).
        QVERIFY(m_ward.stop());
        {
            Scratch scratch;
            const auto keys = openKeys(m_ward.state() / "keys");
            const std::string passphrase = m_ward.clinician.passphrase + "-changed";
            valueOf(keys->changePassphrase(m_ward.clinician.name, m_ward.clinician.passphrase,
                                           passphrase, scratch.receipt()));
            m_ward.clinician.passphrase = passphrase;
        }
        m_ward.extraOptions = {QStringLiteral("--idle-seconds"), QStringLiteral("1000000")};
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());

        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        const auto found = client->searchPatients(made.family, 10, 0);
        QVERIFY(found);
        QCOMPARE(found->patients.size(), std::size_t(1));
        m_patient = found->patients.front().id;
    }

    void daemonKeepsWhatItAcknowledged()
    {
        for (int round = 0; round < rounds(); ++round) {
            Promises promises;
            {
                auto client = m_ward.signIn(m_ward.clinician);
                QVERIFY(client);
                Asker asker(std::move(client), m_patient, round % 2 == 0 ? kLookUps : m_free,
                            promises);
                QThread::msleep(randomMilliseconds(5, 300));
                m_ward.kill(SIGKILL);
            }
            QVERIFY2(m_ward.start(), m_ward.standardError().constData());
            const auto client = m_ward.signIn(m_ward.clinician);
            QVERIFY(client);
            QCOMPARE(broken(*client, promises), std::string());
            m_acknowledged += count(promises);
        }
        QVERIFY2(m_acknowledged > rounds() / 2,
                 "hardly anything was acknowledged: this proves nothing");
    }

    // By turns while it answers and while it loads.
    void engineDiesAndTheServiceStaysUp()
    {
        Promises promises;
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        const auto ready = [&] {
            const auto status = client->status();
            return status && status->model.state == "ready";
        };
        Asker asker(m_ward.signIn(m_ward.clinician), m_patient, m_free, promises);
        const int daemon = m_ward.pid();
        for (int round = 0; round < rounds(); ++round) {
            if (round % 2 == 0)
                QTRY_VERIFY_WITH_TIMEOUT(ready(), 30000);
            else
                QTRY_VERIFY_WITH_TIMEOUT(!m_ward.workers("cloister-engine").empty(), 30000);
            QThread::msleep(randomMilliseconds(0, round % 2 == 0 ? 150 : 30));
            const auto workers = m_ward.workers("cloister-engine");
            QCOMPARE(workers.size(), std::size_t(1));
            QCOMPARE(::kill(workers.front(), SIGKILL), 0);
            QTRY_VERIFY_WITH_TIMEOUT(m_ward.workers("cloister-engine") != workers, 30000);
        }
        QCOMPARE(m_ward.pid(), daemon);
        QVERIFY2(asker.failures > 0, "no question met a dying worker: this proves nothing");
        // A session of its own: a thousand rounds take longer than one stays open by itself.
        const auto reader = m_ward.signIn(m_ward.clinician);
        QVERIFY(reader);
        QCOMPARE(broken(*reader, promises), std::string());
        QVERIFY(count(promises) > 0);

        // And it answers again, without anybody's help.
        QTRY_VERIFY_WITH_TIMEOUT(ready(), 30000);
        QVERIFY(flow::withinTheRate([&] {
            return reader->ask(m_patient, {.question = m_free.front(), .maxTokens = 8}, {}, {});
        }));
    }

    void importIsWholeOrNotThere()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        int hit = 0;
        for (int round = 0; hit < rounds() && round < 20 * rounds(); ++round) {
            const auto made = flow::makeUpPatient();
            api::Result<api::ImportReceipt> taken;
            std::atomic<bool> over = false;
            std::jthread importing([&] {
                taken = m_ward.client()->import(std::as_bytes(std::span(made.bundle)));
                over = true;
            });
            // It is met first: how long it takes to start says nothing about where it is killed.
            while (!over && m_ward.workers("cloister-import").empty())
                QThread::msleep(1);
            QThread::msleep(randomMilliseconds(0, 15));
            for (const int worker : m_ward.workers("cloister-import"))
                hit += ::kill(worker, SIGKILL) == 0 ? 1 : 0;
            QTRY_VERIFY_WITH_TIMEOUT(over.load(), 30000);
            importing.join();

            const auto merged = [&] {
                QThread::msleep(60); // many rounds must not meet the limit on requests
                const auto status = client->status();
                return status && status->waiting == 0;
            };
            QTRY_VERIFY_WITH_TIMEOUT(merged(), 30000);
            const auto found =
                flow::withinTheRate([&] { return client->searchPatients(made.family, 10, 0); });
            QVERIFY2(found, found ? "" : found.error().name.c_str());
            QCOMPARE(found->patients.size(), std::size_t(taken ? 1 : 0));
        }
        QCOMPARE(hit, rounds()); // each import whose importer was over already is not counted
    }

    void clientDiesAndItsQuestionStays()
    {
        const auto reader = m_ward.signIn(m_ward.clinician);
        QVERIFY(reader);
        int acknowledged = 0;
        for (int round = 0; round < rounds(); ++round) {
            QProcess client;
            client.start(QStringLiteral(PROGRAMS "/asking-client"),
                         {QString::fromStdString(m_ward.socket().string())});
            QByteArray input =
                QByteArray::fromStdString(m_ward.clinician.name + "\n" +
                                          m_ward.clinician.passphrase + "\n" + m_patient + "\n");
            for (int i = 0; i < 20; ++i)
                input += QByteArray::fromStdString(m_free.front()) + "\n";
            client.write(input);
            client.closeWriteChannel();
            QTRY_VERIFY_WITH_TIMEOUT(client.bytesAvailable() > 0 || client.waitForReadyRead(50),
                                     20000);
            QThread::msleep(randomMilliseconds(1, 200));
            client.kill();
            QVERIFY(client.waitForFinished());

            Promises promises;
            for (const QByteArray& line : client.readAllStandardOutput().split('\n')) {
                const auto words = line.split(' ');
                if (words.value(0) == "acknowledged")
                    promises.accepted[words.value(1).toStdString()].insert(
                        words.value(2).toStdString());
                if (words.value(0) == "done")
                    promises.done.insert(words.value(1).toStdString());
            }
            acknowledged += count(promises);
            QCOMPARE(broken(*reader, promises), std::string());
        }
        QVERIFY2(acknowledged > 0, "nothing was acknowledged: this proves nothing");
    }

    void noticesALostQuestion()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        Promises promises;
        const auto done = flow::withinTheRate(
            [&] { return client->ask(m_patient, {.question = kLookUps.front()}, {}, {}); });
        QVERIFY(done);
        const auto mine =
            flow::withinTheRate([&] { return client->conversations(m_patient, 1, 0); });
        QVERIFY(mine && !mine->empty());
        promises.accepted[mine->front().id].insert("00000000-0000-7000-8000-000000000000");
        QCOMPARE(broken(*client, promises), std::string("an acknowledged question is lost"));
    }

private:
    static int count(Promises& promises)
    {
        const std::lock_guard lock(promises.mutex);
        int turns = 0;
        for (const auto& [conversation, accepted] : promises.accepted)
            turns += static_cast<int>(accepted.size());
        return turns;
    }

    flow::Ward m_ward;
    std::string m_patient;
    std::vector<std::string> m_free; // questions that need the model
    int m_acknowledged = 0;
};

QTEST_GUILESS_MAIN(TestKill)
#include "tst_kill.moc"
