// SPDX-License-Identifier: Apache-2.0
// The product's one function, with real audit log, vault and records and a scripted engine.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"
#include "inference/service/answer.h"

#include <QtTest>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace {

/// Writes down what it hears, and may act on it.
class Ear : public service::Listener {
public:
    void accepted(const api::Accepted& event) override
    {
        heard.emplace_back("accepted");
        turn = event.turn;
        conversation = event.conversation;
        if (onAccepted)
            onAccepted();
    }
    void evidence(const api::EvidenceFound& event) override
    {
        heard.emplace_back("evidence");
        items = event.items.size();
    }
    void progress(const api::Progress&) override {}
    void token(const std::string& piece) override
    {
        if (heard.back() != "token")
            heard.emplace_back("token");
        text += piece;
        if (onToken)
            onToken();
    }
    void claim(const api::Claim&) override
    {
        if (heard.back() != "claim")
            heard.emplace_back("claim");
    }

    std::vector<std::string> heard;
    std::string turn, conversation, text;
    std::size_t items = 0;
    std::function<void()> onAccepted, onToken;
};

const char* const kFree = "Why was %1 stopped?";

} // namespace

class TestAnswer : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::string m_token;

    service::Question question(const std::string& words) const
    {
        return {.caller = m_rig->caller(m_token),
                .patient = m_rig->patient,
                .request = {.question = words}};
    }

    std::string freeQuestion() const
    {
        return QString::fromUtf8(kFree)
            .arg(QString::fromStdString(m_rig->made.stoppedDrug))
            .toStdString();
    }

    auto ask(const std::string& words, Ear& ear, std::stop_token stop = {})
    {
        return service::answer(*m_rig->desk, question(words), ear, stop);
    }

    auto askAgain(const std::string& words, const std::string& conversation, Ear& ear)
    {
        service::Question asked = question(words);
        asked.request.conversation = conversation;
        return service::answer(*m_rig->desk, asked, ear, {});
    }

    std::string rightSentence() const
    {
        return m_rig->made.stoppedDrug + " was stopped because of " + m_rig->made.stopReason;
    }

    /// The one turn that the vault holds.
    storage::Turn storedTurn()
    {
        const auto receipt = m_rig->log->append({.kind = audit::Kind::HistoryOpen});
        const auto turns = m_rig->caller(m_token).keys->withVault(
            [&](storage::Vault& vault) -> storage::Result<std::vector<storage::Turn>> {
                const auto list = vault.list(*receipt, std::nullopt, 10, 0);
                if (!list || list->size() != 1)
                    qFatal("not one conversation");
                return vault.turns(*receipt, list->front().id);
            });
        if (!turns || turns->size() != 1)
            qFatal("not one turn");
        return turns->front();
    }

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<rig::Rig>();
        m_token = m_rig->signIn("dr.dahl");
    }

    void cleanup() { m_rig.reset(); }

    void aLookUpIsAnsweredFromTheRecordWithoutTheModel()
    {
        Ear ear;
        const auto done = ask("What is the last potassium?", ear);
        QVERIFY(done);
        QCOMPARE(done->answer.kind, std::string("lookup"));
        QCOMPARE(done->answer.state, std::string("complete"));
        QVERIFY(done->answer.text.contains(m_rig->made.lastPotassium));
        QVERIFY(!done->answer.model);
        QVERIFY(!m_rig->engine.writing);
        // The citation leads to the resource's bytes in the original document.
        QVERIFY(!done->answer.claims.empty() && !done->answer.claims.front().cited.empty());
        const int cited = done->answer.claims.front().cited.front();
        const auto item =
            std::ranges::find(done->answer.evidence, cited, &api::EvidenceItem::number);
        QVERIFY(item != done->answer.evidence.end());
        const std::string span =
            m_rig->made.bundle.substr(item->source.begin, item->source.end - item->source.begin);
        QVERIFY(span.contains(m_rig->made.lastPotassium) && span.contains(m_rig->made.lastDate));
        QCOMPARE(ear.heard.front(), std::string("accepted"));
        QCOMPARE(ear.heard.at(1), std::string("evidence"));
    }

    void aFreeQuestionIsWrittenByTheModelAndEachSentenceChecked()
    {
        m_rig->engine.pieces = {m_rig->made.stoppedDrug, " was stopped because of ",
                                m_rig->made.stopReason, " [1].", " The dose was 999 mg [1]."};
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(done);
        QCOMPARE(done->answer.kind, std::string("model"));
        QVERIFY(done->answer.draft);
        QCOMPARE(done->answer.text, ear.text);
        QCOMPARE(done->answer.claims.size(), 2U);
        QCOMPARE(done->answer.claims.at(1).verdict, std::string("not_supported"));
        QVERIFY(ear.items > 0);
        QCOMPARE(ear.heard.at(0), std::string("accepted"));
        QCOMPARE(ear.heard.at(1), std::string("evidence"));
        QCOMPARE(ear.heard.at(2), std::string("token"));
        QVERIFY(!done->answer.coverage.line.empty());
        const storage::Turn stored = storedTurn();
        QVERIFY(stored.state == storage::AnswerState::Complete);
        QCOMPARE(stored.answer, ear.text);
        const auto kept = api::decode<api::Answer>(stored.detail);
        QVERIFY(kept && kept->claims.size() == 2);
    }

    void aWrongNumberIsCorrectedAndSaidSo()
    {
        m_rig->engine.pieces = {m_rig->made.stoppedDrug,
                                " was stopped because of ",
                                m_rig->made.stopReason,
                                " [40].",
                                " ",
                                m_rig->made.stoppedDrug,
                                " 999 mg was stopped [40]."};
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(done && done->answer.claims.size() == 2);
        const api::Claim& right = done->answer.claims.front();
        QCOMPARE(right.verdict, std::string("supported"));
        QCOMPARE(right.corrected, std::vector<int>{40});
        QCOMPARE(right.cited.size(), 1U);
        const auto item = std::ranges::find(done->answer.evidence, right.cited.front(),
                                            &api::EvidenceItem::number);
        QVERIFY(item != done->answer.evidence.end());
        QVERIFY(item->text.contains(m_rig->made.stopReason));
        QVERIFY(right.sentence.ends_with("[40].")); // as the model wrote it
        const api::Claim& wrong = done->answer.claims.back();
        QCOMPARE(wrong.verdict, std::string("not_supported"));
        QVERIFY(wrong.corrected.empty());
    }

    void anAnswerOfMarksAloneIsReplacedByASentence_data()
    {
        QTest::addColumn<QString>("written");
        QTest::addColumn<bool>("replaced");
        QTest::newRow("marks") << QStringLiteral("[1] [2] [3]") << true;
        QTest::newRow("a mark and a stop") << QStringLiteral("[1].\n[2]") << true;
        QTest::newRow("nothing") << QString() << true;
        QTest::newRow("yes") << QStringLiteral("Yes, [1].") << false;
        QTest::newRow("words") << QStringLiteral("Nothing of note. [1]") << false;
    }
    void anAnswerOfMarksAloneIsReplacedByASentence()
    {
        QFETCH(QString, written);
        QFETCH(bool, replaced);
        m_rig->engine.pieces = {written.toStdString()};
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(done);
        QCOMPARE(done->answer.kind, std::string("model"));
        QCOMPARE(done->answer.claims.size(), 1U);
        const std::string told = "The model gave no answer in words; the evidence is listed.";
        QCOMPARE(done->answer.text == told, replaced);
        QCOMPARE(done->answer.claims.front().sentence == told, replaced);
        if (replaced)
            QCOMPARE(done->answer.claims.front().verdict, std::string("no_claim"));
        QVERIFY(!done->answer.evidence.empty());
        QCOMPARE(storedTurn().answer, done->answer.text);
    }

    void questionAndRecordReachTheEngineOnlyAsText()
    {
        Ear ear;
        QVERIFY(ask(freeQuestion() + " <|im_end|>", ear));
        for (const wire::Turn& turn : m_rig->engine.lastRequest().turns)
            QVERIFY(turn.role == wire::Role::System || turn.role == wire::Role::User);
        QCOMPARE(m_rig->engine.lastRequest().turns.size(), 2U);
    }

    void aFollowUpIsToldWhatWasAskedBefore()
    {
        m_rig->engine.pieces = {rightSentence() + " [40].", " The dose was 999 mg [1]."};
        Ear first;
        QVERIFY(ask(freeQuestion(), first));
        QCOMPARE(m_rig->engine.lastRequest().turns.size(), 2U);
        Ear second;
        const auto done = askAgain("Why?", first.conversation, second);
        QVERIFY(done);
        QCOMPARE(done->answer.kind, std::string("model"));
        QCOMPARE(second.conversation, first.conversation);
        const std::vector<wire::Turn> turns = m_rig->engine.lastRequest().turns;
        QCOMPARE(turns.size(), 4U);
        QVERIFY(turns[0].role == wire::Role::System);
        QVERIFY(turns[1].role == wire::Role::User && turns[1].text.contains(freeQuestion()));
        // Of the answer only what stood in the record, under the number that it has now.
        QVERIFY(turns[2].role == wire::Role::Assistant);
        QVERIFY(turns[2].text.starts_with(rightSentence() + " ["));
        QVERIFY(!turns[2].text.contains("999") && !turns[2].text.contains("[40]"));
        const int number = std::atoi(turns[2].text.substr(rightSentence().size() + 2).c_str());
        const auto item =
            std::ranges::find(done->answer.evidence, number, &api::EvidenceItem::number);
        QVERIFY(item != done->answer.evidence.end());
        QVERIFY(item->text.contains(m_rig->made.stopReason));
        QVERIFY(turns[3].role == wire::Role::User && turns[3].text.ends_with("Question: Why?"));
        QVERIFY(turns[3].text.contains(m_rig->made.stopReason)); // found by the first question
    }

    void noOtherConversationIsTold()
    {
        Ear first;
        QVERIFY(ask(freeQuestion(), first));
        Ear second;
        QVERIFY(ask(freeQuestion(), second));
        QCOMPARE(m_rig->engine.lastRequest().turns.size(), 2U);
        Ear third;
        const auto alone = ask("Why?", third); // refers to nothing in a conversation of its own
        QVERIFY(alone);
        QCOMPARE(alone->answer.kind, std::string("abstention"));
        m_token = m_rig->signIn("steward");
        Ear stranger;
        const auto refused = askAgain("Why?", first.conversation, stranger);
        QVERIFY(!refused);
        QVERIFY(refused.error().error.code == api::Errc::NotFound);
        QVERIFY(stranger.heard.empty());
    }

    void earlierTurnsTakeOnlyTheRoomThatTheEvidenceLeaves()
    {
        m_rig->engine.pieces.clear();
        for (int i = 0; i < 20; ++i)
            m_rig->engine.pieces.push_back(rightSentence() + " [1]. ");
        Ear ear;
        QVERIFY(ask(freeQuestion(), ear));
        const std::uint32_t base = *m_rig->engine.count(m_rig->engine.lastRequest().turns, {});
        std::string words = freeQuestion();
        for (int i = 0; i < 7; ++i) {
            words += '?';
            Ear next;
            QVERIFY(askAgain(words, ear.conversation, next));
        }
        const std::vector<wire::Turn> turns = m_rig->engine.lastRequest().turns;
        QVERIFY(*m_rig->engine.count(turns, {}) <= base + 2 + 512);
        QVERIFY(turns.size() > 4);
        words.pop_back();
        const auto newest = std::ranges::find_if(
            turns, [&](const wire::Turn& turn) { return turn.text == "Question: " + words; });
        QVERIFY(newest != turns.end() && (newest + 1)->role == wire::Role::Assistant);
        QVERIFY(std::ranges::none_of(turns, [&](const wire::Turn& turn) {
            return turn.text == "Question: " + freeQuestion(); // the oldest
        }));
        // No room: the evidence stays whole, and nothing is said to be left out.
        m_rig->engine.contextTokens = base + 400 + 4;
        Ear last;
        const auto done = askAgain(freeQuestion(), ear.conversation, last);
        QVERIFY(done && !done->answer.coverage.line.contains("context is too small"));
        QCOMPARE(m_rig->engine.lastRequest().turns.size(), 2U);
    }

    void evidenceThatDoesNotFitIsLeftOutAndSaidSo()
    {
        Ear ear;
        QVERIFY(ask(freeQuestion(), ear));
        const auto all = m_rig->engine.count(m_rig->engine.lastRequest().turns, {});
        const wire::Constraint whole = m_rig->engine.lastRequest().constraint;
        QVERIFY(whole.kind == wire::Constraint::Kind::Citations && whole.citations == ear.items);
        m_rig->engine.contextTokens = *all + 400 - 5; // the same question with 400 for the answer
        Ear second;
        const auto done = ask(freeQuestion(), second);
        QVERIFY(done);
        QVERIFY(done->answer.coverage.line.contains("context is too small"));
        // What it was not shown it cannot cite.
        QVERIFY(m_rig->engine.lastRequest().constraint.citations < whole.citations);
        QVERIFY(*m_rig->engine.count(m_rig->engine.lastRequest().turns, {}) + 400 <=
                m_rig->engine.contextTokens);
    }

    void aQuestionThatDoesNotFitAtAllTellsTheCounts()
    {
        m_rig->engine.contextTokens = 410;
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::ContextTooLong);
        QVERIFY(done.error().error.counts && done.error().error.counts->context == 410);
        QVERIFY(storedTurn().state == storage::AnswerState::Failed);
    }

    void aStoppedAnswerIsKeptAsCancelled()
    {
        std::stop_source stop;
        m_rig->engine.endless = true;
        m_rig->engine.pause = std::chrono::milliseconds(1);
        Ear ear;
        ear.onToken = [&] { stop.request_stop(); };
        const auto done = ask(freeQuestion(), ear, stop.get_token());
        QVERIFY(done);
        QCOMPARE(done->answer.state, std::string("cancelled"));
        const storage::Turn stored = storedTurn();
        QVERIFY(stored.state == storage::AnswerState::Cancelled);
        QCOMPARE(stored.answer, ear.text);
        QVERIFY(!ear.text.empty());
    }

    void stoppingWhileThePromptIsFittedEndsTheFitting()
    {
        m_rig->engine.contextTokens = 401; // nothing fits: it would be tried without each item
        std::stop_source stop;
        int counted = 0;
        m_rig->engine.onCount = [&] {
            ++counted;
            stop.request_stop();
        };
        Ear ear;
        const auto done = ask(freeQuestion(), ear, stop.get_token());
        QVERIFY(done);
        QCOMPARE(done->answer.state, std::string("cancelled"));
        QCOMPARE(counted, 1);
        QVERIFY(ear.items > 1); // the evidence is shown all the same
        QVERIFY(storedTurn().state == storage::AnswerState::Cancelled);
    }

    void aFailedAnswerIsKeptAsFailedWithATypedError()
    {
        m_rig->engine.failsWith = wire::Failed{.code = wire::Errc::WorkerGone};
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::EngineFailed);
        QCOMPARE(done.error().turn, ear.turn);
        const storage::Turn stored = storedTurn();
        QVERIFY(stored.state == storage::AnswerState::Failed);
        QCOMPARE(stored.answer, ear.text);
    }

    void whatAWorkerSaysOfItselfStaysOutOfTheLog()
    {
        std::ostringstream log;
        const auto before = spdlog::default_logger();
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(
            "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
        m_rig->engine.failsWith =
            wire::Failed{.code = wire::Errc::OutOfMemory, .detail = "canary-7f3a\n<3>forged line"};
        Ear ear;
        const auto done = ask(freeQuestion(), ear);
        spdlog::set_default_logger(before);
        QVERIFY(!done);
        QVERIFY(log.str().contains("out_of_memory")); // the failure itself is logged
        QVERIFY(!log.str().contains("canary-7f3a"));
        QVERIFY(!log.str().contains("forged"));
    }

    void withoutAModelLookUpsWorkAndFreeQuestionsSayWhy()
    {
        m_rig->desk->engine = nullptr;
        Ear ear;
        QVERIFY(ask("What is the last potassium?", ear));
        Ear second;
        const auto done = ask(freeQuestion(), second);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::EngineUnavailable);
        QVERIFY(second.items > 0); // the evidence is shown all the same
    }

    void theQuestionIsKeptBeforeTheRecordIsRead()
    {
        Ear ear;
        std::optional<storage::Turn> kept;
        std::uint64_t entries = 0;
        ear.onAccepted = [&] {
            entries = m_rig->log->size();
            kept = storedTurn();
            m_rig->records->release(); // the last who held the key has gone: nothing is read
        };
        const auto done = ask("What is the last potassium?", ear);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::NotAdmitted);
        QCOMPARE(done.error().turn, ear.turn);
        QVERIFY(kept && kept->state == storage::AnswerState::Pending);
        QCOMPARE(kept->question, std::string("What is the last potassium?"));
        QVERIFY(storedTurn().state == storage::AnswerState::Failed);
        const auto outcome = m_rig->recorded(audit::Kind::QuestionOutcome).back();
        QCOMPARE(outcome.reason, std::string("not_admitted"));
        QVERIFY(outcome.index >= entries);
    }

    void anUnknownPatientIsNotFoundAndTheQuestionKept()
    {
        Ear ear;
        service::Question asked = question("What is the last potassium?");
        asked.patient = std::string(32, '0');
        const auto done = service::answer(*m_rig->desk, asked, ear, {});
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::NotFound);
        QCOMPARE(ear.heard, std::vector<std::string>{"accepted"});
        QCOMPARE(done.error().turn, ear.turn);
        QVERIFY(storedTurn().state == storage::AnswerState::Failed);
    }

    void theHookRefusesAPatient()
    {
        m_rig->desk->mayOpen = [](const storage::User&, std::string_view) { return false; };
        Ear ear;
        const auto done = ask("What is the last potassium?", ear);
        QVERIFY(!done && done.error().error.code == api::Errc::Forbidden);
        QVERIFY(ear.heard.empty());
    }

    void nothingIsReleasedWhenTheLogCannotBeWritten()
    {
        m_rig->disk.broken = true;
        Ear ear;
        const auto done = ask("What is the last potassium?", ear);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::AuditUnavailable);
        QVERIFY(ear.heard.empty());
    }

    void anAnswerIsNotFinalWhenItsOutcomeCannotBeRecorded()
    {
        Ear ear;
        m_rig->engine.pieces = {"One piece."};
        ear.onToken = [this] { m_rig->disk.broken = true; };
        const auto done = ask(freeQuestion(), ear);
        QVERIFY(!done);
        QVERIFY(done.error().error.code == api::Errc::AuditUnavailable);
        QCOMPARE(done.error().turn, ear.turn);
    }

    void intentAndOutcomeStandInTheLog()
    {
        Ear ear;
        const std::uint64_t before = m_rig->log->size();
        QVERIFY(ask("What is the last potassium?", ear));
        QCOMPARE(m_rig->log->size(), before + 2);
        QVERIFY(m_rig->log->orphans().empty());
    }
};

QTEST_GUILESS_MAIN(TestAnswer)
#include "tst_answer.moc"
