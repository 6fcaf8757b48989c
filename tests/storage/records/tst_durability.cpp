// SPDX-License-Identifier: Apache-2.0
// What was acknowledged survives kill -9 at any moment, and none of it lies on disk in the clear.
// The program starts itself as the writer that is killed: "--writer FOLDER".

#include "storage/digest.h"
#include "storage/inbox.h"
#include "storage/records/record_store.h"
#include "storage/vault.h"
#include "tests/storage/support.h"
#include "tests/support/canary_scan.h"

#include <QCoreApplication>
#include <QProcess>
#include <QRandomGenerator>

#include <algorithm>
#include <fstream>
#include <set>
#include <unistd.h>

namespace fs = std::filesystem;
using storage::AnswerState;
using storage::Secret;
using storage::Turn;

namespace {

const std::string kQuestion = "zebrafinch question about serum potassium";
const std::string kAnswer = "wildebeest answer with 4.1 mmol/L";
const std::string kNote = "capybara note written by a doctor";
const std::string kName = "Quokkaberg";
const std::string kUpload = "narwhal bundle that waits in the inbox";
const std::vector<std::string> kCanaries{kQuestion, kAnswer, kNote, kName, kUpload};

std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

/// The state folder opened as the service opens it, by a steward who signed in.
struct Station {
    explicit Station(const fs::path& folder, const fs::path& auditFolder)
        : keys(openKeys(folder / "keys"))
    {
        auto opened = audit::Log::open({.folder = auditFolder,
                                        .signingKey = auditFolder / "key",
                                        .origin = "cloister/test",
                                        .seal = {}});
        if (!opened)
            qFatal("no audit log");
        log = std::move(*opened);
        if (!keys->initialised())
            shares = valueOf(keys->init(kCeremony, receipt()));
        user.emplace(valueOf(keys->signIn("steward", kCeremony.steward.passphrase)));
        recordsKey.emplace(valueOf(keys->recordsKey(*user)));
        vault =
            valueOf(storage::Vault::open(folder / "vaults", *keys, user->user.id, user->vaultKey));
        store = valueOf(records::RecordStore::open(folder / "records" / "records.db", *recordsKey));
        inbox = valueOf(storage::Inbox::open(folder / "inbox"));
    }
    audit::Receipt receipt()
    {
        audit::Event event;
        event.kind = audit::Kind::QuestionIntent;
        auto made = log->append(event);
        if (!made)
            qFatal("no receipt");
        return *made;
    }

    std::unique_ptr<audit::Log> log;
    std::unique_ptr<storage::KeyStore> keys;
    std::vector<std::string> shares; // of the ceremony, where this held it
    std::optional<storage::Unlocked> user;
    std::optional<Secret> recordsKey;
    std::unique_ptr<storage::Vault> vault;
    std::unique_ptr<records::RecordStore> store;
    std::unique_ptr<storage::Inbox> inbox;
};

records::Chart madeChart(const std::string& original)
{
    records::Chart chart;
    const std::string hash = storage::hexOf(storage::sha256(bytesOf(original)));
    chart.patient.resourceId = "pat-1";
    chart.patient.family = kName;
    chart.patient.source = {hash, "Patient", "pat-1", "", 0, 1};
    auto& note = chart.documents.emplace_back();
    note.title = "Note";
    note.text = kNote + " in " + original;
    note.source = {hash, "DocumentReference", "doc-" + hash, "", 0, 1};
    return chart;
}

void say(const std::string& line)
{
    const std::string text = line + "\n";
    if (write(STDOUT_FILENO, text.data(), text.size()) != std::ssize(text))
        _exit(9);
}

/// Writes until it is killed, or @p rounds times; says each thing once it was acknowledged.
void writeAndSay(const fs::path& folder, const fs::path& auditFolder, int rounds)
{
    Station station(folder, auditFolder);
    say("ready");
    for (int i = 0; rounds == 0 || i < rounds; ++i) {
        Turn turn = valueOf(station.vault->ask(station.receipt(), "", "p1", kQuestion));
        say("asked " + turn.conversation);
        turn.answer = kAnswer;
        turn.detail = "{\"x\":\"" + kAnswer + "\"}";
        turn.state = AnswerState::Complete;
        valueOf(station.vault->answer(station.receipt(), turn));
        say("answered " + turn.conversation);
        const std::string original = "document " + turn.id + " " + kNote;
        const auto chart = madeChart(original);
        valueOf(station.store->merge(station.receipt(), chart, bytesOf(original),
                                     "2026-01-01T00:00:00Z"));
        say("merged " + chart.patient.source.document);
        const auto sealed = valueOf(station.keys->sealToInbox(bytesOf(kUpload)));
        say("put " + valueOf(station.inbox->put(sealed, station.receipt())));
    }
}

struct Said {
    std::set<std::string> asked, answered, merged, put;
    std::size_t size() const { return asked.size() + answered.size() + merged.size() + put.size(); }
};

void collect(const QByteArray& output, Said& said)
{
    const auto lines = output.split('\n');
    for (const QByteArray& line : lines.first(lines.size() - 1)) { // the last may be half a line
        const auto words = line.split(' ');
        if (words.size() != 2)
            continue;
        const std::string what = words[1].toStdString();
        if (words[0] == "asked")
            said.asked.insert(what);
        else if (words[0] == "answered")
            said.answered.insert(what);
        else if (words[0] == "merged")
            said.merged.insert(what);
        else if (words[0] == "put")
            said.put.insert(what);
    }
}

} // namespace

class TestDurability : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingAcknowledgedIsLost()
    {
        QTemporaryDir scratch;
        const fs::path folder = fs::path(scratch.path().toStdString()) / "state";
        {
            Station first(folder, fs::path(scratch.path().toStdString()) / "audit");
        }
        Said said;
        constexpr int kRounds = 20;
        for (int round = 0; round < kRounds; ++round) {
            QProcess writer;
            writer.start(QCoreApplication::applicationFilePath(),
                         {QStringLiteral("--writer"), QString::fromStdString(folder.string()),
                          scratch.filePath(QStringLiteral("audit%1").arg(round))});
            QVERIFY(writer.waitForReadyRead(60000));
            // After some acknowledgements, at a random moment of whatever comes next.
            QByteArray output;
            const auto wanted = static_cast<qsizetype>(QRandomGenerator::global()->bounded(1, 16));
            while (output.count('\n') < wanted) {
                QVERIFY(writer.bytesAvailable() > 0 || writer.waitForReadyRead(60000));
                output += writer.readAllStandardOutput();
            }
            QThread::usleep(QRandomGenerator::global()->bounded(30000U));
            writer.kill(); // SIGKILL
            QVERIFY(writer.waitForFinished(60000));
            QCOMPARE(writer.exitStatus(), QProcess::CrashExit);
            collect(output + writer.readAllStandardOutput(), said);
            checkAll(folder, scratch.filePath(QStringLiteral("check%1").arg(round)).toStdString(),
                     said);
        }
        qInfo("%zu acknowledged writes over %d kills", said.size(), kRounds);
        QVERIFY(said.asked.size() > kRounds && said.merged.size() > 5 && said.put.size() > 5);
    }

    void twoSharesBringBackVaultAndRecords()
    {
        QTemporaryDir scratch;
        const fs::path base = scratch.path().toStdString();
        Station station(base / "state", base / "audit");
        const Turn turn = valueOf(station.vault->ask(station.receipt(), "", "p1", kQuestion));
        const std::string original = "document";
        const auto merged = valueOf(station.store->merge(
            station.receipt(), madeChart(original), bytesOf(original), "2026-01-01T00:00:00Z"));
        station.vault.reset();
        station.store.reset();
        const std::string id = station.user->user.id;
        station.user.reset();
        station.recordsKey.reset();

        const auto& keys = station.keys;
        valueOf(keys->recover({station.shares[2], station.shares[0]}, "steward", "a new passphrase",
                              station.receipt()));
        QCOMPARE(errorOf(keys->signIn("steward", kCeremony.steward.passphrase)),
                 storage::Errc::WrongPassphrase);
        const auto user = valueOf(keys->signIn("steward", "a new passphrase"));
        const auto vault =
            valueOf(storage::Vault::open(base / "state" / "vaults", *keys, id, user.vaultKey));
        QCOMPARE(valueOf(vault->turns(station.receipt(), turn.conversation))[0].question,
                 kQuestion);
        const auto recordsKey = valueOf(keys->recordsKey(user));
        const auto store = valueOf(
            records::RecordStore::open(base / "state" / "records" / "records.db", recordsKey));
        QCOMPARE(valueOf(store->chart(station.receipt(), merged.patient)).documents.size(), 1U);
    }

    void nothingLiesInTheClear()
    {
        QTemporaryDir scratch;
        const fs::path base = scratch.path().toStdString();
        const fs::path folder = base / "state";
        writeAndSay(folder, base / "audit", 5);
        // And while files, WALs included, are as a crash leaves them.
        QProcess writer;
        writer.start(QCoreApplication::applicationFilePath(),
                     {QStringLiteral("--writer"), QString::fromStdString(folder.string()),
                      scratch.filePath(QStringLiteral("audit2"))});
        QByteArray output;
        while (!output.contains("\nput ")) { // it has been through all that it writes
            QVERIFY(writer.bytesAvailable() > 0 || writer.waitForReadyRead(60000));
            output += writer.readAllStandardOutput();
        }
        writer.kill();
        QVERIFY(writer.waitForFinished(60000));
        QVERIFY(fs::exists(folder / "records" / "records.db-wal"));

        const auto found = canary::scan({folder}, kCanaries);
        QVERIFY2(found.empty(), canary::describe(found).c_str());
        // The control: one planted line is found.
        std::ofstream(folder / "planted") << "x" << kAnswer;
        QCOMPARE(canary::scan({folder}, kCanaries).size(), 1U);
    }

private:
    void checkAll(const fs::path& folder, const fs::path& auditFolder, const Said& said)
    {
        Station station(folder, auditFolder);
        for (const std::string& conversation : said.asked) {
            const auto turns = valueOf(station.vault->turns(station.receipt(), conversation));
            QCOMPARE(turns.size(), 1U);
            QCOMPARE(turns[0].question, kQuestion);
            if (said.answered.contains(conversation)) {
                QCOMPARE(turns[0].state, AnswerState::Complete);
                QCOMPARE(turns[0].answer, kAnswer);
            }
        }
        const auto patients = valueOf(station.store->search(station.receipt(), kName, 10, 0));
        if (!said.merged.empty()) {
            QCOMPARE(patients.size(), 1U);
            const auto chart = valueOf(station.store->chart(station.receipt(), patients[0].id));
            std::set<std::string> there;
            for (const auto& note : chart.documents)
                there.insert(note.source.document);
            QVERIFY(std::ranges::includes(there, said.merged));
        }
        const auto waiting = valueOf(station.inbox->waiting());
        QVERIFY(std::ranges::includes(waiting, said.put));
        for (const std::string& ticket : said.put) {
            const auto opened = valueOf(station.keys->openFromInbox(
                valueOf(station.inbox->read(ticket)), *station.recordsKey));
            QVERIFY(std::ranges::equal(opened, bytesOf(kUpload)));
        }
    }
};

int main(int argc, char** argv)
{
    if (argc == 4 && std::string_view(argv[1]) == "--writer") {
        writeAndSay(argv[2], argv[3], 0);
        return 0;
    }
    QCoreApplication application(argc, argv);
    TestDurability test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_durability.moc"
