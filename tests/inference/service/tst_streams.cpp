// SPDX-License-Identifier: Apache-2.0
// Answers on the socket: their order, cancellation, lock and end while one is written.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"

#include <QtTest>

#include <future>
#include <thread>

using namespace std::chrono_literals;

class TestStreams : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::unique_ptr<rig::Served> m_served;

    [[nodiscard]] std::string freeQuestion() const
    {
        return "Why was " + m_rig->made.stoppedDrug + " stopped?";
    }

    /// State of the only turn of dr.dahl, seen through a new session.
    std::string storedState(std::string* text = nullptr) const
    {
        const auto [client, session] = m_served->clinician();
        const auto list = client->conversations({}, 10, 0);
        if (!list || list->size() != 1)
            return "not one conversation";
        const auto turns = client->conversation(list->front().id);
        if (!turns || turns->turns.size() != 1)
            return "not one turn";
        if (!turns->turns.front().answer)
            return "pending";
        if (text != nullptr)
            *text = turns->turns.front().answer->text;
        return turns->turns.front().answer->state;
    }

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<rig::Rig>();
        m_served = std::make_unique<rig::Served>(*m_rig);
    }

    void cleanup()
    {
        m_served.reset();
        m_rig.reset();
    }

    void aLookUpIsStreamedInOrder()
    {
        const auto [client, session] = m_served->clinician();
        std::vector<std::string> order;
        const auto done = client->ask(
            m_rig->patient, {.question = "What is the last potassium?"},
            {.accepted = [&](const api::Accepted&) { order.emplace_back("accepted"); },
             .evidence = [&](const api::EvidenceFound&) { order.emplace_back("evidence"); },
             .progress = {},
             .token = {},
             .claim = [&](const api::Claim&) { order.emplace_back("claim"); }},
            {});
        QVERIFY(done);
        QVERIFY(done->answer.text.contains(m_rig->made.lastPotassium));
        QVERIFY(order.size() >= 3);
        QCOMPARE(order[0], std::string("accepted"));
        QCOMPARE(order[1], std::string("evidence"));
        QCOMPARE(order[2], std::string("claim"));
        const auto history =
            client->conversation(client->conversations(m_rig->patient, 10, 0)->front().id);
        QVERIFY(history && history->turns.front().answer->text == done->answer.text);
    }

    void tokensStreamWhileTheModelWrites()
    {
        const auto [client, session] = m_served->clinician();
        m_rig->engine.pieces = {"One", " two", "."};
        std::string text;
        const auto done = client->ask(m_rig->patient, {.question = freeQuestion()},
                                      {.accepted = {},
                                       .evidence = {},
                                       .progress = {},
                                       .token = [&](const std::string& piece) { text += piece; },
                                       .claim = {}},
                                      {});
        QVERIFY(done);
        QCOMPARE(text, std::string("One two."));
        QCOMPARE(done->answer.text, text);
    }

    void aClientThatGoesStopsTheGeneration()
    {
        // Nothing more is written to it, so that no write can be what finds it gone.
        m_rig->engine.pieces = {"Nothing of note"};
        m_rig->engine.fallsSilent = true;
        const auto [client, session] = m_served->clinician();
        std::stop_source stop;
        std::chrono::steady_clock::time_point stoppedAt;
        const auto done = client->ask(m_rig->patient, {.question = freeQuestion()},
                                      {.accepted = {},
                                       .evidence = {},
                                       .progress = {},
                                       .token =
                                           [&](const std::string&) {
                                               stoppedAt = std::chrono::steady_clock::now();
                                               stop.request_stop();
                                           },
                                       .claim = {}},
                                      stop.get_token());
        QVERIFY(!done && done.error().code == api::Errc::Cancelled);
        QTRY_VERIFY(m_rig->engine.cancelledAt() != 0); // before the first keep-alive is due
        const std::chrono::nanoseconds late{
            m_rig->engine.cancelledAt() -
            static_cast<std::uint64_t>(stoppedAt.time_since_epoch().count())};
        qInfo("stopped after %.2f ms", static_cast<double>(late.count()) / 1e6);
        QTRY_COMPARE(m_rig->questions->count(), 0U);
        std::string text;
        QCOMPARE(storedState(&text), std::string("cancelled"));
        QVERIFY(!text.empty());
    }

    void lockWhileAnAnswerIsWrittenClosesTheStreamAndStoresTheAnswer()
    {
        m_rig->engine.pieces = {"First.", " Second.", " Third.", " Fourth."};
        std::promise<void> goOn;
        m_rig->engine.onWriting = [gate = goOn.get_future().share()] { gate.wait(); };
        const auto [client, session] = m_served->clinician();
        std::jthread lock;
        const service::Caller beside = m_rig->caller(m_rig->signIn("dr.dahl"));
        const auto keys = beside.keys; // the client's session has the same
        m_rig->sessions->end(beside.session, service::SessionEnd::SignOut);
        QVERIFY(!keys->isWiped());
        const auto done =
            client->ask(m_rig->patient, {.question = freeQuestion()},
                        {.accepted = {},
                         .evidence = {},
                         .progress = {},
                         .token =
                             [&](const std::string&) {
                                 if (!lock.joinable())
                                     lock = std::jthread([&] {
                                         if (const auto ended = m_rig->sessions->end(
                                                 session, service::SessionEnd::Lock))
                                             service::sessionEnded(*m_rig->services, *ended);
                                     });
                             },
                         .claim = {}},
                        {});
        const bool wiped = keys->isWiped(); // at once, though the answer is still being written
        goOn.set_value();
        QVERIFY(wiped);
        QVERIFY(!done);
        QCOMPARE(done.error().name, std::string("locked"));
        QTRY_COMPARE(m_rig->questions->count(), 0U);
        std::string text;
        QCOMPARE(storedState(&text), std::string("complete"));
        QCOMPARE(text, std::string("First. Second. Third. Fourth."));
    }

    void anAnswerOutlivesItsSessionForTwoMinutesAtMost()
    {
        m_rig->engine.endless = true;
        m_rig->engine.pause = 5ms;
        const auto [client, session] = m_served->clinician();
        std::jthread asking([&client = *client, this] {
            const auto done = client.ask(m_rig->patient, {.question = freeQuestion()}, {}, {});
            if (done)
                qFatal("the answer had no end");
        });
        QTRY_VERIFY(m_rig->engine.writing);
        service::sessionEnded(*m_rig->services,
                              *m_rig->sessions->end(session, service::SessionEnd::Lock));
        m_rig->later += 119s;
        m_rig->tick();
        QTest::qWait(50);
        QCOMPARE(m_rig->questions->count(), 1U);
        m_rig->later += 1s;
        m_rig->tick();
        QTRY_COMPARE(m_rig->questions->count(), 0U);
        QCOMPARE(storedState(), std::string("cancelled"));
    }

    void oneQuestionAtATimeForEachSession()
    {
        m_rig->engine.endless = true;
        m_rig->engine.pause = 5ms;
        const auto [client, session] = m_served->clinician();
        std::stop_source stop;
        std::jthread asking([&client = *client, &stop, this] {
            const auto first =
                client.ask(m_rig->patient, {.question = freeQuestion()}, {}, stop.get_token());
            if (first)
                qFatal("the answer had no end");
        });
        QTRY_VERIFY(m_rig->engine.writing);
        const auto second = client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {});
        QVERIFY(!second && second.error().code == api::Errc::Conflict);
        stop.request_stop();
    }

    void stoppingTheServerStoresWhatIsBeingWritten()
    {
        m_rig->engine.endless = true;
        m_rig->engine.pause = 5ms;
        const auto [client, session] = m_served->clinician();
        std::jthread asking([&client = *client, this] {
            const auto done = client.ask(m_rig->patient, {.question = freeQuestion()}, {}, {});
            if (done && done->answer.state != "cancelled")
                qFatal("the answer had no end");
        });
        QTRY_VERIFY(m_rig->engine.writing);
        m_served.reset();
        asking.join();
        m_rig->engine.endless = false;
        m_served = std::make_unique<rig::Served>(*m_rig);
        QCOMPARE(storedState(), std::string("cancelled"));
    }

    void whoHasReadTheEndMayAskAgain()
    {
        const auto [client, session] = m_served->clinician();
        for (int i = 0; i < 20; ++i) {
            const auto done = client->ask(m_rig->patient, {.question = "Allergies?"}, {}, {});
            QCOMPARE(m_rig->questions->count(), 0U);
            QVERIFY2(done, done ? "" : done.error().name.c_str());
            const auto refused = client->ask("nobody", {.question = "Allergies?"}, {}, {});
            QCOMPARE(m_rig->questions->count(), 0U);
            QVERIFY(!refused && refused.error().code == api::Errc::NotFound);
        }
    }
};

QTEST_GUILESS_MAIN(TestStreams)
#include "tst_streams.moc"
