// SPDX-License-Identifier: Apache-2.0
// What a client remembers of the audit log, and what it notices by it: on real logs.
#include "app/checkpoint_file.h"

#include "audit/log.h"
#include "inference/api/witness.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using api::Witness;

class TestCheckpointFile : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_home; // settings and checkpoint of this test only
    static std::unique_ptr<audit::Log> logIn(const QTemporaryDir& folder,
                                             const QString& key = QStringLiteral("key"))
    {
        audit::Log::Options options;
        options.folder = folder.filePath(QStringLiteral("log")).toStdString();
        options.signingKey = folder.filePath(key).toStdString();
        options.origin = "cloister/test";
        auto log = audit::Log::open(options);
        return log ? std::move(*log) : nullptr;
    }

    static void grow(audit::Log& log, int entries)
    {
        for (int i = 0; i < entries; ++i) {
            audit::Event event;
            event.kind = audit::Kind::SignIn;
            event.actor = "dr.test";
            QVERIFY(log.append(event));
        }
    }

    /// What the daemon sends at sign-in to a client that knows @p from entries.
    static api::AuditState stateOf(audit::Log& log, std::uint64_t from)
    {
        api::AuditState state;
        state.checkpoint = log.checkpoint().value_or("");
        state.key = log.publicKey();
        const auto proof = log.consistencyProof(from, log.size());
        if (proof)
            state.consistency.assign(reinterpret_cast<const char*>(proof->data()), proof->size());
        return state;
    }

    static api::KeptCheckpoint keptOf(const api::AuditState& state)
    {
        return {state.key, state.checkpoint};
    }

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CONFIG_HOME", m_home.path().toUtf8()); }

    void keepsWhatItWasGivenForThisUserOnly()
    {
        const app::CheckpointFile file(QStringLiteral("/run/test-1.sock"));
        const app::CheckpointFile other(QStringLiteral("/run/test-2.sock"));
        QVERIFY(file.path() != other.path());
        QFile::remove(file.path());
        QVERIFY(!file.load());
        QVERIFY(file.save({.key = "key line", .note = "origin\n5\nroot\n\n— sig\n"}));
        const auto kept = file.load();
        QVERIFY(kept);
        QCOMPARE(kept->key, std::string("key line"));
        QCOMPARE(kept->note, std::string("origin\n5\nroot\n\n— sig\n"));
        const auto others = QFileDevice::ReadGroup | QFileDevice::WriteGroup |
                            QFileDevice::ReadOther | QFileDevice::WriteOther;
        QVERIFY((QFile::permissions(file.path()) & others) == QFileDevice::Permissions());
    }

    void refusesAFileCutAnywhere()
    {
        const std::string text = api::formatKept({.key = "key line", .note = "note"});
        QVERIFY(api::parseKept(text));
        for (std::size_t length = 0; length < text.size() - 3; ++length)
            QVERIFY(!api::parseKept(std::string_view(text).substr(0, length)));
        QVERIFY(!api::parseKept("cloister-checkpoint 2\nkey\nnote"));
    }

    void acceptsALogThatGrew()
    {
        const QTemporaryDir folder;
        auto log = logIn(folder);
        QVERIFY(log);
        grow(*log, 5);
        const auto first = stateOf(*log, 0);
        QCOMPARE(api::judge(std::nullopt, first, {}), Witness::FirstSeen);
        const auto size = api::sizeOf(keptOf(first));
        QVERIFY(size);
        QCOMPARE(*size, log->size());
        grow(*log, 9);
        QCOMPARE(api::judge(keptOf(first), stateOf(*log, *size), {}), Witness::Consistent);
        QCOMPARE(api::judge(keptOf(first), stateOf(*log, *size), first.key), Witness::Consistent);
    }

    void noticesALogThatWasRewrittenOrCut()
    {
        const QTemporaryDir folder;
        const QTemporaryDir rewritten;
        auto log = logIn(folder);
        QVERIFY(log);
        grow(*log, 12);
        const auto seen = stateOf(*log, 0);
        const auto size = api::sizeOf(keptOf(seen)).value_or(0);
        log.reset();
        // The same key signs another history: what a thief of the machine could do.
        QVERIFY(QFile::copy(folder.filePath(QStringLiteral("key")),
                            rewritten.filePath(QStringLiteral("key"))));
        QVERIFY(QFile::setPermissions(rewritten.filePath(QStringLiteral("key")),
                                      QFileDevice::ReadOwner | QFileDevice::WriteOwner));
        auto other = logIn(rewritten);
        QVERIFY(other);
        grow(*other, 3);
        QCOMPARE(api::judge(keptOf(seen), stateOf(*other, 1), {}),
                 Witness::HistoryChanged); // shorter
        grow(*other, 30);
        QCOMPARE(api::judge(keptOf(seen), stateOf(*other, size), {}),
                 Witness::HistoryChanged); // other entries
    }

    void noticesAnotherKeyAndAForgedNote()
    {
        const QTemporaryDir folder;
        const QTemporaryDir stranger;
        auto log = logIn(folder);
        auto other = logIn(stranger);
        QVERIFY(log && other);
        grow(*log, 3);
        grow(*other, 3);
        const auto seen = stateOf(*log, 0);
        const auto foreign = stateOf(*other, 0);
        QCOMPARE(api::judge(keptOf(seen), foreign, {}), Witness::KeyChanged);
        QCOMPARE(api::judge(std::nullopt, foreign, seen.key),
                 Witness::KeyChanged); // the pinned key decides
        api::AuditState forged = foreign;
        forged.key = seen.key;
        QCOMPARE(api::judge(keptOf(seen), forged, {}), Witness::BadSignature);
        QCOMPARE(api::judge(std::nullopt, {}, {}), Witness::BadSignature);
    }
};

QTEST_GUILESS_MAIN(TestCheckpointFile)
#include "tst_checkpoint_file.moc"
