// SPDX-License-Identifier: Apache-2.0
#include "storage/vault.h"

#include "tests/storage/support.h"

#include <chrono>
#include <ranges>

namespace fs = std::filesystem;
using audit::Kind;
using storage::AnswerState;
using storage::Errc;
using storage::Secret;
using storage::Turn;
using storage::Vault;

namespace {

const std::string kUser(32, 'a');

/// A user's vault over real keys; the ceremony isn't needed for a VaultKey.
struct Desk {
    Desk()
        : keys(openKeys(scratch.folder() / "keys"))
        , vaultKey(valueOf(Secret::random()))
    {
        reopen();
    }
    void reopen()
    {
        vault.reset();
        vault = valueOf(Vault::open(scratch.folder() / "vaults", *keys, kUser, vaultKey));
    }
    Turn ask(std::string_view question, std::string_view conversation = "",
             std::string_view patient = "p1")
    {
        return valueOf(vault->ask(scratch.receipt(), conversation, patient, question));
    }
    storage::Result<void> answer(Turn turn, std::string text,
                                 AnswerState state = AnswerState::Complete)
    {
        turn.answer = std::move(text);
        turn.detail = "{\"sentences\":[]}";
        turn.state = state;
        return vault->answer(scratch.receipt(), turn);
    }
    fs::path folder() const { return scratch.folder() / "vaults" / kUser; }

    Scratch scratch;
    std::unique_ptr<storage::KeyStore> keys;
    Secret vaultKey;
    std::unique_ptr<Vault> vault;
};

} // namespace

class TestVault : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsQuestionAndAnswer()
    {
        Desk desk;
        const Turn asked = desk.ask("  What was the\nlast potassium?  ");
        QCOMPARE(asked.state, AnswerState::Pending);
        desk.reopen(); // acknowledged: it is on disk
        QCOMPARE(valueOf(desk.vault->pending(desk.scratch.receipt())).size(), 1U);
        valueOf(desk.answer(asked, "4.1 mmol/L [1]."));
        desk.reopen();

        const auto turns = valueOf(desk.vault->turns(desk.scratch.receipt(), asked.conversation));
        QCOMPARE(turns.size(), 1U);
        QCOMPARE(turns[0].id, asked.id);
        QCOMPARE(turns[0].question, "  What was the\nlast potassium?  ");
        QCOMPARE(turns[0].answer, "4.1 mmol/L [1].");
        QCOMPARE(turns[0].detail, "{\"sentences\":[]}");
        QCOMPARE(turns[0].state, AnswerState::Complete);
        QCOMPARE(turns[0].intent, asked.intent);
        QVERIFY(valueOf(desk.vault->pending(desk.scratch.receipt())).empty());
        const auto list = valueOf(desk.vault->list(desk.scratch.receipt(), std::nullopt, 10, 0));
        QCOMPARE(list.size(), 1U);
        QCOMPARE(list[0].title, "What was the last potassium?");
        QCOMPARE(list[0].turns, 1U);
    }

    void answersOnce()
    {
        Desk desk;
        const Turn asked = desk.ask("Which drugs?");
        QCOMPARE(errorOf(desk.answer(asked, "x", AnswerState::Pending)), Errc::Invalid);
        valueOf(desk.answer(asked, "partial", AnswerState::Cancelled));
        QCOMPARE(errorOf(desk.answer(asked, "other")), Errc::AlreadyExists);
        const auto turns = valueOf(desk.vault->turns(desk.scratch.receipt(), asked.conversation));
        QCOMPARE(turns[0].answer, "partial");
        QCOMPARE(turns[0].state, AnswerState::Cancelled);
        Turn unknown = asked;
        unknown.id.back() = unknown.id.back() == '0' ? '1' : '0';
        QCOMPARE(errorOf(desk.answer(unknown, "x")), Errc::NotFound);
    }

    void conversationBelongsToOnePatient()
    {
        Desk desk;
        const Turn first = desk.ask("One?");
        const Turn second = desk.ask("Two?", first.conversation);
        QCOMPARE(second.conversation, first.conversation);
        const auto ask = [&](std::string_view conversation, std::string_view patient) {
            return errorOf(desk.vault->ask(desk.scratch.receipt(), conversation, patient, "?"));
        };
        QCOMPARE(ask(first.conversation, "p2"), Errc::NotFound);
        QCOMPARE(ask("019aaaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa", "p1"), Errc::NotFound);
        QCOMPARE(ask("../../etc/passwd", "p1"), Errc::NotFound);
        desk.ask("Three?", "", "p2");
        const auto receipt = desk.scratch.receipt(Kind::HistoryList);
        QCOMPARE(valueOf(desk.vault->list(receipt, "p1", 10, 0)).size(), 1U);
        QCOMPARE(valueOf(desk.vault->list(receipt, std::nullopt, 10, 0)).size(), 2U);
        QCOMPARE(valueOf(desk.vault->list(receipt, std::nullopt, 1, 1)).size(), 1U);
        QCOMPARE(valueOf(desk.vault->list(receipt, std::nullopt, 10, 2)).size(), 0U);
        QCOMPARE(valueOf(desk.vault->turns(receipt, first.conversation)).size(), 2U);
        QCOMPARE(errorOf(desk.vault->turns(receipt, "nonsense")), Errc::NotFound);
    }

    void searchesQuestionsAndAnswers()
    {
        Desk desk;
        valueOf(desk.answer(desk.ask("Why was Señor's potassium low?"), "Because of furosemide."));
        valueOf(desk.answer(desk.ask("Allergies?"), "Penicillin, hives in 2019."));
        const auto find = [&](std::string_view query) {
            return valueOf(
                desk.vault->search(desk.scratch.receipt(Kind::HistorySearch), query, 10));
        };
        QCOMPARE(find("potassium").size(), 1U);
        QCOMPARE(find("senor's FUROSEMIDE").size(), 1U);
        QCOMPARE(find("potassium hives").size(), 0U);
        QCOMPARE(find("penicillin")[0].excerpt, "\x02"
                                                "Penicillin\x03, hives in 2019.");
        // Never syntax, never an error.
        for (const std::string_view odd : {"", "\"", "a OR b", "question:x", "* ( ) ^", "NEAR(a b)",
                                           "“”", "'; DROP TABLE turn;--", "-", "potassium*"})
            (void)find(odd);
        QCOMPARE(find("potassium AND hives").size(), 0U);
        QCOMPARE(valueOf(desk.vault->search(desk.scratch.receipt(), "potassium", 0)).size(), 0U);
    }

    void slotAnswersWithoutTheVault()
    {
        Desk desk;
        Turn turn = desk.ask("Long question?");
        auto slot = valueOf(desk.vault->slot(turn));
        desk.vault.reset();
        desk.vaultKey = valueOf(Secret::random()); // the old one is wiped
        turn.answer = "stored after the lock";
        turn.state = AnswerState::Complete;
        valueOf(slot->answer(desk.scratch.receipt(), turn));
        QCOMPARE(errorOf(slot->answer(desk.scratch.receipt(), turn)), Errc::AlreadyExists);
    }

    void intentsAreFoundAgain()
    {
        Desk desk;
        const Turn turn = desk.ask("One?");
        const auto receipt = desk.scratch.receipt();
        const auto found = valueOf(desk.vault->turnOfIntent(receipt, turn.intent));
        QVERIFY(found.has_value());
        QCOMPARE(found->id, turn.id);
        QVERIFY(!valueOf(desk.vault->turnOfIntent(receipt, receipt.index())).has_value());
    }

    void anotherKeyOpensNothing()
    {
        Desk desk;
        desk.ask("Secret?");
        desk.vaultKey = valueOf(Secret::random());
        desk.reopen();
        QCOMPARE(errorOf(desk.vault->list(desk.scratch.receipt(), std::nullopt, 1, 0)),
                 Errc::Corrupt);
    }

    void destroyedMonthIsGone()
    {
        Desk desk;
        const Turn turn = desk.ask("Gone?");
        QString month = QString::fromStdString(turn.asked).left(7);
        valueOf(desk.keys->destroyMonthKey(kUser, month.toStdString(), desk.scratch.receipt()));
        desk.reopen();
        QCOMPARE(valueOf(desk.vault->list(desk.scratch.receipt(), std::nullopt, 9, 0)).size(), 0U);
        QCOMPARE(errorOf(desk.vault->turns(desk.scratch.receipt(), turn.conversation)),
                 Errc::NotFound);
    }

    void opensAgainAndAgain()
    {
        Desk desk;
        for (int i = 0; i < 200; ++i)
            valueOf(desk.answer(desk.ask("Question number " + std::to_string(i)), "An answer."));
        double best = 1;
        for (int i = 0; i < 5; ++i) {
            desk.reopen();
            const auto receipt = desk.scratch.receipt();
            const auto begun = std::chrono::steady_clock::now();
            QCOMPARE(valueOf(desk.vault->list(receipt, std::nullopt, 1, 0)).size(), 1U);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
            best = std::min(best, took.count());
        }
        qInfo("open and list: %.2f ms", 1000 * best);
    }
};

QTEST_GUILESS_MAIN(TestVault)
#include "tst_vault.moc"
