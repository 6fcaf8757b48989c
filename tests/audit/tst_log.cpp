// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"
#include "audit/proof.h"
#include "tests/audit/support.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using audit::Errc;
using audit::Event;
using audit::Kind;
using audit::Log;

class TestLog : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesIndicesWithoutGapsAndKeepsThem()
    {
        Fixture at;
        {
            const auto log = at.open();
            for (std::uint64_t i = 0; i < 20; ++i) {
                const auto receipt = log->append(accessEvent(Kind::PatientOpen));
                QVERIFY(receipt.has_value());
                QCOMPARE(receipt->index(), i);
                QCOMPARE(receipt->kind(), Kind::PatientOpen);
            }
        }
        const auto log = at.open();
        QCOMPARE(log->size(), 20U);
        QCOMPARE(log->append(accessEvent(Kind::Lock))->index(), 20U);
    }

    void rollsSegments()
    {
        Fixture at;
        at.segmentBytes = 1000;
        {
            const auto log = at.open();
            for (int i = 0; i < 40; ++i)
                QVERIFY(log->append(accessEvent(Kind::PatientOpen)).has_value());
        }
        QVERIFY(at.names(".entries").size() > 5);
        QCOMPARE(at.names(".entries").size(), at.names(".sealed").size());
        QCOMPARE(at.open()->size(), 40U);
    }

    void signsCheckpointsThatTheNextOneContinues()
    {
        Fixture at;
        const auto log = at.open();
        const auto key = log->publicKey();
        std::vector<audit::Checkpoint> seen;
        for (int i = 0; i < 9; ++i) {
            QVERIFY(log->append(accessEvent(Kind::SignIn)).has_value());
            const auto note = log->checkpoint();
            QVERIFY(note.has_value());
            const auto checkpoint = audit::openCheckpoint(*note, key);
            QVERIFY2(checkpoint.has_value(), checkpoint ? "" : checkpoint.error().detail.c_str());
            QCOMPARE(checkpoint->size, log->size());
            QCOMPARE(checkpoint->origin, std::string(kOrigin));
            for (const auto& older : seen) {
                const auto proof = log->consistencyProof(older.size, checkpoint->size);
                QVERIFY(audit::checkConsistency(older, *checkpoint, *proof).has_value());
            }
            seen.push_back(*checkpoint);
        }
        QCOMPARE(*log->checkpoint(), *log->checkpoint()); // nothing new: the same note
        QVERIFY(!audit::checkConsistency(seen[3], seen[8], {}));
        QVERIFY(!log->consistencyProof(3, 10).has_value());
    }

    void signsByItselfAfterAWhileAndEvery256Records()
    {
        Fixture at;
        at.interval = std::chrono::milliseconds(20);
        const auto log = at.open();
        QVERIFY(log->append(accessEvent(Kind::SignIn)).has_value());
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(at.folder() / "checkpoint"), 60000);

        Fixture busy; // its timer never fires
        const auto second = busy.open();
        for (int i = 0; i < 255; ++i)
            QVERIFY(second->append(accessEvent(Kind::SignIn)).has_value());
        QVERIFY(!std::filesystem::exists(busy.folder() / "checkpoint"));
        QVERIFY(second->append(accessEvent(Kind::SignIn)).has_value());
        QVERIFY(std::filesystem::exists(busy.folder() / "checkpoint"));
        QVERIFY(std::filesystem::exists(busy.folder() / "checkpoints"));
    }

    void checksEvents()
    {
        Fixture at;
        const auto log = at.open();
        const auto refusalOf = [&](auto change) {
            Event bad = accessEvent(Kind::SignIn);
            change(bad);
            const auto receipt = log->append(bad);
            return receipt ? std::string("taken")
                           : std::to_string(static_cast<int>(receipt.error().code));
        };
        const auto invalid = std::to_string(static_cast<int>(Errc::Invalid));
        QCOMPARE(refusalOf([](Event&) {}), std::string("taken"));
        QCOMPARE(refusalOf([](Event& e) { e.reason = "Wrong passphrase"; }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.reason = std::string(65, 'a'); }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.actor = "a\nb"; }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.actor = "\xFF"; }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.plain["Name"] = "x"; }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.plain["model"] = std::string(257, 'x'); }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.closes = 99; }), invalid);
        QCOMPARE(refusalOf([](Event& e) { e.committed["query"] = std::string(65537, 'x'); }),
                 std::to_string(static_cast<int>(Errc::TooLarge)));
        QCOMPARE(log->size(), 1U);
        QVERIFY(log->append(accessEvent(Kind::SignIn)).has_value()); // a bad event stops nothing
    }

    void keepsPatientsOutOfTheSegments()
    {
        Fixture at;
        {
            const auto log = at.open();
            Event opened = accessEvent(Kind::PatientOpen);
            opened.committed = {{"patient", "canary-patient-4711"}, {"query", "canary-query-0815"}};
            opened.plain["model"] = "planted-canary";
            QVERIFY(log->append(opened).has_value());
        }
        QCOMPARE(at.filesHolding("canary-patient-4711"), 0);
        QCOMPARE(at.filesHolding("canary-query-0815"), 0);
        QCOMPARE(at.filesHolding("planted-canary"), 1); // the search finds what is there
    }

    void closesAndFindsOrphans()
    {
        Fixture at;
        {
            const auto log = at.open();
            Event intent = accessEvent(Kind::QuestionIntent);
            intent.outcome = audit::Outcome::Pending;
            intent.plain["question"] = "q-1";
            QVERIFY(log->append(intent).has_value());
            intent.plain["question"] = "q-2";
            QVERIFY(log->append(intent).has_value());
            Event outcome = accessEvent(Kind::QuestionOutcome);
            outcome.closes = 0;
            QVERIFY(log->append(outcome).has_value());
            QCOMPARE(log->orphans().size(), 0U);
        }
        {
            const auto log = at.open();
            const auto orphans = log->orphans();
            QCOMPARE(orphans.size(), 1U);
            QCOMPARE(orphans[0].index, 1U);
            QCOMPARE(orphans[0].kind, Kind::QuestionIntent);
            QCOMPARE(orphans[0].plain.at("question"), std::string("q-2"));
            Event interrupted = accessEvent(Kind::Interrupted);
            interrupted.closes = 1;
            QVERIFY(log->append(interrupted).has_value());
        }
        // Known as interrupted, but what became of it is not told yet: also at the next open.
        for (int again = 0; again < 2; ++again) {
            const auto orphans = at.open()->orphans();
            QCOMPARE(orphans.size(), 1U);
            QCOMPARE(orphans[0].index, 1U);
            QVERIFY(orphans[0].interrupted);
        }
        Event recovered = accessEvent(Kind::Recovered);
        recovered.plain["intent"] = "1";
        QVERIFY(at.open()->append(recovered).has_value());
        QCOMPARE(at.open()->orphans().size(), 0U);
    }

    void takesEntriesFromManyThreads()
    {
        Fixture at;
        {
            const auto log = at.open();
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t) {
                threads.emplace_back([&log] {
                    for (int i = 0; i < 50; ++i)
                        (void)log->append(accessEvent(Kind::PatientList));
                });
            }
        }
        QCOMPARE(at.open()->size(), 200U);
    }

    void refusesASecondProcess()
    {
        Fixture at;
        const auto log = at.open();
        QVERIFY(log->append(accessEvent(Kind::SignIn)).has_value());
        const auto second = Log::open(at.options());
        QVERIFY(!second.has_value());
        QCOMPARE(second.error().code, Errc::Busy);
        // And one that is really another: the folder is copied to its arguments.
        const auto child = ::fork();
        if (child == 0) {
            const auto third = Log::open(at.options());
            ::_exit(!third && third.error().code == Errc::Busy ? 17 : 18);
        }
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), 17);
    }

    void wantsItsKey()
    {
        Fixture at;
        QVERIFY(at.open()->append(accessEvent(Kind::SignIn)).has_value());
        const auto key = at.root() / "signing.key";
        QCOMPARE(std::filesystem::status(key).permissions(),
                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

        std::filesystem::permissions(key, std::filesystem::perms(0640));
        QCOMPARE(Log::open(at.options()).error().code, Errc::Key);
        std::filesystem::permissions(key, std::filesystem::perms(0600));
        QVERIFY(Log::open(at.options()).has_value());

        flipBit(key, 20 * 8);
        QCOMPARE(Log::open(at.options()).error().code, Errc::Key);
        flipBit(key, 20 * 8);
        std::filesystem::rename(key, at.root() / "away");
        QCOMPARE(Log::open(at.options()).error().code, Errc::Key);

        Fixture other; // another log's key signs nothing here
        other.open();
        std::filesystem::copy(other.root() / "signing.key", key);
        QCOMPARE(Log::open(at.options()).error().code, Errc::Corrupt);
    }

    void cutsATornTailAndNotesIt()
    {
        Fixture at;
        const auto whole = at.record(6);
        const auto last = at.names(".entries").back();
        std::filesystem::remove(at.folder() / "checkpoint"); // nothing is signed for yet
        const auto sizes = std::filesystem::file_size(last);
        for (std::uintmax_t size = sizes - 1; size > at.frameEnds(last)[4]; --size) {
            Fixture copy(at);
            std::filesystem::resize_file(copy.folder() / last.filename(), size);
            const auto log = copy.open();
            QVERIFY2(log, qPrintable(QString::number(size)));
            QCOMPARE(log->size(), 6U); // five entries and the note
            QCOMPARE(log->append(accessEvent(Kind::SignIn))->index(), 6U);
        }
        QCOMPARE(whole, 6U);
    }

    void refusesATailThatACheckpointCovers()
    {
        Fixture at;
        at.record(6);
        const auto last = at.names(".entries").back();
        for (std::uintmax_t size = std::filesystem::file_size(last) - 1; size > 16; --size) {
            std::filesystem::resize_file(last, size);
            const auto log = Log::open(at.options());
            QVERIFY(!log);
            QCOMPARE(log.error().code, Errc::Covered);
            QCOMPARE(std::filesystem::file_size(last), size); // left as it was found
        }
        std::filesystem::remove(last);
        QCOMPARE(Log::open(at.options()).error().code, Errc::Covered);
    }

    void refusesEveryFlippedBit()
    {
        Fixture at;
        at.record(3);
        const auto last = at.names(".entries").back();
        const auto step = kSanitized ? 41U : 5U; // meets every bit of a byte; each is a whole open
        for (std::uintmax_t bit = 0; bit < std::filesystem::file_size(last) * 8; bit += step) {
            flipBit(last, bit);
            const auto log = Log::open(at.options());
            QVERIFY2(!log, qPrintable(QString::number(bit)));
            QVERIFY(log.error().code == Errc::Corrupt || log.error().code == Errc::Covered);
            flipBit(last, bit);
        }
        QVERIFY(Log::open(at.options()).has_value()); // the flips were what it refused
    }

    void refusesDamageBeforeTheTailWithoutACheckpoint()
    {
        Fixture at;
        at.record(6);
        std::filesystem::remove(at.folder() / "checkpoint");
        const auto last = at.names(".entries").back();
        flipBit(last, (at.frameEnds(last)[2] + 20) * 8); // the fourth of six
        QCOMPARE(Log::open(at.options()).error().code, Errc::Corrupt);
        flipBit(last, (at.frameEnds(last)[2] + 20) * 8);
        flipBit(last, at.frameEnds(last)[2] * 8 + 11); // its length: seems to reach behind the end
        QCOMPARE(Log::open(at.options()).error().code, Errc::Corrupt);
    }

    void missesALostCheckpoint()
    {
        Fixture at;
        at.record(2);
        at.record(2); // these name the checkpoint of the first two
        std::filesystem::remove(at.folder() / "checkpoint");
        QCOMPARE(Log::open(at.options()).error().code, Errc::Corrupt);
    }

    void erasesPlaintextsOnly()
    {
        Fixture at;
        const auto log = at.open();
        QVERIFY(log->append(accessEvent(Kind::PatientOpen)).has_value());
        QVERIFY(log->append(accessEvent(Kind::PatientOpen)).has_value());
        const auto note = log->checkpoint();
        QCOMPARE(at.filesHolding(masked("patient-1")), 1);
        const auto wrong = log->append(accessEvent(Kind::PatientOpen));
        QCOMPARE(log->erasePlaintext(0, *wrong).error().code, Errc::Invalid);
        const auto receipt = log->append(plainEvent(Kind::Erasure));
        QVERIFY(log->erasePlaintext(0, *receipt).has_value());
        QVERIFY(log->erasePlaintext(1, *receipt).has_value());
        QVERIFY(log->erasePlaintext(2, *receipt).has_value());
        QCOMPARE(at.filesHolding(masked("patient-1")), 0);
        QCOMPARE(log->erasePlaintext(3, *receipt).error().code, Errc::Invalid);
        const auto older = audit::openCheckpoint(*note, log->publicKey());
        const auto newer = audit::openCheckpoint(*log->checkpoint(), log->publicKey());
        QVERIFY(audit::checkConsistency(*older, *newer, *log->consistencyProof(2, 4)).has_value());
    }

    void dropsPlaintextsUntilItCanSeal()
    {
        Fixture at;
        auto options = at.options();
        options.seal = nullptr;
        const auto log = Log::open(options);
        QVERIFY((*log)->append(accessEvent(Kind::SignIn)).has_value());
        QVERIFY(at.names(".sealed").empty());
        (*log)->setSeal([](std::span<const std::byte>) { return std::vector<std::byte>(); });
        QCOMPARE((*log)->append(accessEvent(Kind::SignIn)).error().code, Errc::Key);
        QCOMPARE((*log)->size(), 1U);
        (*log)->setSeal(mask);
        QVERIFY((*log)->append(accessEvent(Kind::SignIn)).has_value());
        QCOMPARE(at.names(".sealed").size(), 1U);
    }
};

QTEST_GUILESS_MAIN(TestLog)
#include "tst_log.moc"
