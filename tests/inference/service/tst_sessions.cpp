// SPDX-License-Identifier: Apache-2.0
// The lease, what it wipes, and the throttle, on clocks that the test turns.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"

#include <QtTest>

#include <atomic>
#include <thread>

using std::chrono::seconds;

class TestSessions : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;

    bool alive(const std::string& token) const
    {
        return m_rig->sessions->find(token, m_rig->peer()).has_value();
    }

private Q_SLOTS:
    void init() { m_rig = std::make_unique<rig::Rig>(); }
    void cleanup() { m_rig.reset(); }

    void aSilentClientLosesItsSessionAndItsKeys()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const auto keys = m_rig->caller(token).keys;
        m_rig->later += seconds(59);
        m_rig->tick();
        QVERIFY(!keys->isWiped());
        m_rig->later += seconds(1);
        m_rig->tick();
        QVERIFY(keys->isWiped());
        QVERIFY(!m_rig->records->held());
        const auto found = m_rig->sessions->find(token, m_rig->peer());
        QVERIFY(!found && found.error().code == api::Errc::Locked);
    }

    void anExpiredSessionIsNotServedEvenBeforeTheSweep()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        m_rig->later += seconds(61);
        QVERIFY(!alive(token));
    }

    void heartbeatsKeepItAliveButOnlyInputKeepsItFromIdling()
    {
        const std::string typing = m_rig->signIn("dr.dahl");
        const std::string idle = m_rig->signIn("dr.other");
        const auto beat = [this](const std::string& token, const char* body) {
            return m_rig
                ->call("POST",
                       "/cloister/v1/sessions/" + m_rig->caller(token).session + "/heartbeat",
                       token, body)
                .status;
        };
        for (int i = 0; i < 19; ++i) {
            m_rig->later += seconds(15);
            QCOMPARE(beat(typing, "{\"input\":true}"), 200);
            QCOMPARE(beat(idle, "{\"input\":false}"), 200);
            m_rig->tick();
        }
        m_rig->later += seconds(15); // 300 s
        m_rig->tick();
        QVERIFY(alive(typing));
        QVERIFY(!alive(idle));
    }

    void anOpenStreamIsASignOfLife()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const std::string session = m_rig->caller(token).session;
        m_rig->sessions->streamOpened(session);
        m_rig->later += seconds(120);
        m_rig->tick();
        QVERIFY(alive(token));
        m_rig->sessions->streamClosed(session);
        m_rig->later += seconds(60);
        m_rig->tick();
        QVERIFY(!alive(token));
    }

    void keysAreCountedOverAUsersSessions()
    {
        const std::string first = m_rig->signIn("dr.dahl");
        const std::string second = m_rig->signIn("dr.dahl");
        const std::string other = m_rig->signIn("dr.other");
        const auto keys = m_rig->caller(first).keys;
        m_rig->sessions->end(m_rig->caller(first).session, service::SessionEnd::Lock);
        QVERIFY(!keys->isWiped());
        m_rig->sessions->end(m_rig->caller(second).session, service::SessionEnd::Lock);
        QVERIFY(keys->isWiped());
        QVERIFY(m_rig->records->held()); // dr.other still holds them
        m_rig->sessions->end(m_rig->caller(other).session, service::SessionEnd::Lock);
        QVERIFY(!m_rig->records->held());
    }

    void keysAreChosenWhenTheSessionBegins()
    {
        const auto fresh = [this] {
            return std::make_shared<service::UserKeys>(
                *m_rig->keys, m_rig->setting.vaults,
                *m_rig->keys->signIn("dr.dahl", rig::Rig::kPassphrase));
        };
        const service::Caller first = m_rig->caller(m_rig->signIn("dr.dahl"));
        const auto second = m_rig->sessions->open(first.user, m_rig->peer(), fresh(), false);
        QCOMPARE(second.caller.keys, first.keys); // unlocked once
        m_rig->sessions->end(first.session, service::SessionEnd::Lock);
        m_rig->sessions->end(second.caller.session, service::SessionEnd::Lock);
        QVERIFY(first.keys->isWiped());
        const auto keys = fresh();
        const auto third = m_rig->sessions->open(first.user, m_rig->peer(), keys, false);
        QCOMPARE(third.caller.keys, keys);
        QVERIFY(!keys->isWiped());
    }

    void aSessionNeverBeginsWithKeysThatAreBeingWiped()
    {
        // One session of the same person ends while another begins, again and again.
        const service::Caller first = m_rig->caller(m_rig->signIn("dr.dahl"));
        std::mutex mutex;
        std::vector<std::string> open{first.session};
        std::atomic<bool> done = false;
        std::jthread ends([&] {
            while (!done) {
                std::string session;
                {
                    const std::scoped_lock lock(mutex);
                    if (!open.empty())
                        std::swap(session, open.back()), open.pop_back();
                }
                if (!session.empty())
                    m_rig->sessions->end(session, service::SessionEnd::Lock);
            }
        });
        int dead = 0;
        for (int i = 0; i < 300; ++i) {
            auto unlocked = m_rig->keys->signIn("dr.dahl", rig::Rig::kPassphrase);
            auto fresh = std::make_shared<service::UserKeys>(*m_rig->keys, m_rig->setting.vaults,
                                                             std::move(*unlocked));
            const auto session =
                m_rig->sessions->open(first.user, m_rig->peer(), std::move(fresh), false);
            dead += session.caller.keys->isWiped() ? 1 : 0; // before anybody can end it
            const std::scoped_lock lock(mutex);
            open.push_back(session.caller.session);
        }
        done = true;
        QCOMPARE(dead, 0);
    }

    void aQuestionThatBeginsWhileTheServiceStopsIsStopped()
    {
        service::RunningQuestions questions(m_rig->clock);
        const auto before = questions.begin("s", "u", nullptr, {});
        const std::stop_source stop;
        QVERIFY(!before->stopToken().stop_requested());
        questions.stopAll();
        QVERIFY(before->stopToken().stop_requested());
        const auto after = questions.begin("t", "u", nullptr, stop);
        QVERIFY(after->stopToken().stop_requested() && stop.stop_requested());
    }

    void aBrokenLogIsReadAgainEverMoreSeldom()
    {
        m_rig->disk.broken = true;
        QVERIFY(!m_rig->log->append({.kind = audit::Kind::Status}));
        int attempts = 0;
        int lastAt = 0;
        for (int second = 0; second < 400; ++second) {
            const std::uint64_t before = m_rig->disk.reads;
            m_rig->tick();
            if (m_rig->disk.reads > before) {
                ++attempts;
                lastAt = second;
            }
            m_rig->later += seconds(1);
        }
        // At 0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363 s.
        QVERIFY2(attempts >= 11 && attempts <= 12, qPrintable(QString::number(attempts)));
        QVERIFY(lastAt >= 360);
        m_rig->disk.broken = false;
        m_rig->later += service::LateEvents::kLongestPause;
        m_rig->tick();
        QVERIFY(!m_rig->log->isRefusing());
        // Once it has held for a while, the next trouble begins with short pauses again.
        m_rig->later += service::LateEvents::kLongestPause;
        m_rig->tick();
        m_rig->disk.broken = true;
        QVERIFY(!m_rig->log->append({.kind = audit::Kind::Status}));
        m_rig->disk.broken = false;
        m_rig->tick();
        QVERIFY(!m_rig->log->isRefusing());
    }

    void aLateEventThatCannotBeRecordedDoesNotHoldUpTheNext()
    {
        const std::uint64_t before = m_rig->log->size();
        m_rig->disk.broken = true;
        QVERIFY(!m_rig->log->append({.kind = audit::Kind::Status}));
        m_rig->late->add({.kind = audit::Kind::Lock, .reason = "Not a code"});
        m_rig->late->add({.kind = audit::Kind::Lock, .reason = "lock", .actor = "dr.dahl"});
        m_rig->disk.broken = false;
        m_rig->tick();
        m_rig->tick();
        const auto locks = m_rig->recorded(audit::Kind::Lock);
        QCOMPARE(m_rig->log->size(), before + 1);
        QVERIFY(!locks.empty() && locks.back().actor == "dr.dahl");
    }

    void wrongPassphraseAndUnknownUserAreTheSameError()
    {
        const auto wrong = m_rig->signInResponse("dr.dahl", "not this passphrase");
        const auto unknown = m_rig->signInResponse("nobody at all", "not this passphrase");
        QCOMPARE(wrong.status, 401);
        QCOMPARE(wrong.body, unknown.body);
    }

    void guessingIsSlowedDownForTheGuesserOnly()
    {
        for (unsigned i = 0; i < service::SignInThrottle::kFree; ++i)
            QCOMPARE(m_rig->signInResponse("dr.dahl", "not this passphrase").status, 401);
        QCOMPARE(m_rig->signInResponse("dr.dahl", rig::Rig::kPassphrase).status, 429);
        // From another account of the machine, and for another user, nothing has happened.
        QCOMPARE(m_rig->throttle->wait(m_rig->peer().uid + 1, "dr.dahl").count(), 0);
        QCOMPARE(m_rig->throttle->wait(m_rig->peer().uid, "dr.other").count(), 0);
        m_rig->later += seconds(2);
        QCOMPARE(m_rig->signInResponse("dr.dahl", rig::Rig::kPassphrase).status, 201);
    }

    void onlyAWrongCodeCountsAtEnrolment()
    {
        const auto enrol = [this](const std::string& code, const std::string& passphrase) {
            return m_rig
                ->call("POST", "/cloister/v1/sessions/enrol", {},
                       api::encode(api::EnrolRequest{"dr.late", code, passphrase}))
                .status;
        };
        const auto added = api::decode<api::NewUser>(
            m_rig
                ->call("POST", "/cloister/v1/users", m_rig->signIn("it"),
                       api::encode(api::NewUserRequest{"dr.late", "clinician"}))
                .body);
        QVERIFY(added && !added->code.empty());
        for (unsigned i = 0; i < 2 * service::SignInThrottle::kFree; ++i)
            QCOMPARE(enrol(added->code, "too short"), 400); // a right code
        QCOMPARE(m_rig->throttle->wait(m_rig->peer().uid, "dr.late").count(), 0);
        // The control: guesses count.
        for (unsigned i = 0; i < service::SignInThrottle::kFree; ++i)
            QCOMPARE(enrol("0000000000000000", "a passphrase of my own"), 400);
        QCOMPARE(enrol(added->code, "a passphrase of my own"), 429);
        m_rig->later += seconds(2);
        QCOMPARE(enrol(added->code, "a passphrase of my own"), 204);
    }

    void theDelayGrowsToAMinuteAndIsForgotten()
    {
        seconds last{0};
        for (int i = 0; i < 12; ++i) {
            m_rig->throttle->failed(1, "dr.dahl");
            const seconds wait = m_rig->throttle->wait(1, "dr.dahl");
            QVERIFY(wait >= last);
            last = wait;
        }
        QCOMPARE(last, service::SignInThrottle::kLongest);
        m_rig->later += std::chrono::hours(2);
        m_rig->throttle->failed(1, "dr.dahl");
        QCOMPARE(m_rig->throttle->wait(1, "dr.dahl").count(), 0);
    }

    void typosOfASharedAccountDoNotAddUp()
    {
        // A ward of people who mistype now and then, and never an hour without one of them.
        for (int i = 0; i < 60; ++i) {
            const std::string who = "dr." + std::to_string(i % 7);
            m_rig->throttle->failed(1, who);
            QCOMPARE(m_rig->throttle->wait(1, "dr.other").count(), 0);
            m_rig->throttle->succeeded(1, who);
            m_rig->later += std::chrono::minutes(10);
        }
        // Names nobody has are never followed by a success; their quiet hour counts, too.
        for (int i = 0; i < 60; ++i) {
            m_rig->throttle->failed(1, "mistyped " + std::to_string(i));
            QCOMPARE(m_rig->throttle->wait(1, "dr.other").count(), 0);
            m_rig->later += std::chrono::minutes(10);
        }
    }

    void onesOwnSuccessDoesNotPayForGuessesAtOthers()
    {
        // The control: an attacker who has an account of the ward signs in between guesses.
        seconds longest{0};
        for (unsigned i = 0; i < 2 * service::SignInThrottle::kFreeOfUid; ++i) {
            m_rig->throttle->failed(1, "victim " + std::to_string(i));
            m_rig->throttle->succeeded(1, "attacker");
            m_rig->throttle->failed(1, "attacker");
            m_rig->throttle->succeeded(1, "attacker");
            longest = std::max(longest, m_rig->throttle->wait(1, "anybody"));
        }
        QCOMPARE(longest, service::SignInThrottle::kLongest);
        QCOMPARE(m_rig->throttle->wait(2, "anybody").count(), 0);
    }

    void aSuccessEndsTheWaitThatItsOwnFailuresMade()
    {
        for (unsigned i = 0; i < service::SignInThrottle::kFreeOfUid; ++i)
            m_rig->throttle->failed(1, i % 2 == 0 ? "dr.dahl" : "dr.other");
        QVERIFY(m_rig->throttle->wait(1, "dr.new").count() > 0);
        m_rig->throttle->succeeded(1, "dr.dahl");
        QCOMPARE(m_rig->throttle->wait(1, "dr.new").count(), 0);
        QVERIFY(m_rig->throttle->wait(1, "dr.other").count() > 0); // its own
    }

    void aPendingTurnOfACrashIsClosedAtTheNextSignIn()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const auto intent =
            m_rig->log->append({.kind = audit::Kind::QuestionIntent, .actor = "dr.dahl"});
        const auto asked = m_rig->caller(token).keys->withVault([&](storage::Vault& vault) {
            return vault.ask(*intent, "", m_rig->patient, "a question that nobody answered");
        });
        QVERIFY(asked);
        const std::string next = m_rig->signIn("dr.dahl");
        const auto opened = api::decode<api::ConversationTurns>(
            m_rig->call("GET", "/cloister/v1/conversations/" + asked->conversation, next).body);
        QVERIFY(opened && opened->turns.size() == 1 && opened->turns.front().answer);
        QCOMPARE(opened->turns.front().answer->state, std::string("interrupted"));
    }

    void anAnswerThatTheLogMissedIsToldAtTheNextSignInHoweverManyStartsLater()
    {
        const auto leave = [this](bool answered) {
            const std::string token = m_rig->signIn("dr.dahl");
            const auto intent = m_rig->log->append({.kind = audit::Kind::QuestionIntent,
                                                    .outcome = audit::Outcome::Pending,
                                                    .actor = "dr.dahl"});
            const auto stored = m_rig->caller(token).keys->withVault(
                [&](storage::Vault& vault) -> storage::Result<void> {
                    auto turn = vault.ask(*intent, "", m_rig->patient, "a question");
                    if (!turn || !answered)
                        return {};
                    turn->state = storage::AnswerState::Complete;
                    turn->answer = "an answer";
                    return vault.answer(*intent, *turn);
                });
            return stored ? intent->index() : std::uint64_t{0};
        };
        const std::uint64_t answered = leave(true);
        const std::uint64_t lost = leave(false);
        m_rig->restart();
        m_rig->restart(); // nobody has signed in between
        const auto interrupted = m_rig->recorded(audit::Kind::Interrupted);
        QCOMPARE(interrupted.size(), 2U); // once each
        QCOMPARE(interrupted.front().closes, std::optional(answered));
        QCOMPARE(interrupted.back().closes, std::optional(lost));
        QVERIFY(m_rig->recorded(audit::Kind::Recovered).empty());
        m_rig->signIn("dr.other"); // not whose it is
        QVERIFY(m_rig->recorded(audit::Kind::Recovered).empty());
        m_rig->signIn("dr.dahl");
        m_rig->restart();
        m_rig->signIn("dr.dahl"); // and never again
        const auto recovered = m_rig->recorded(audit::Kind::Recovered);
        QCOMPARE(recovered.size(), 1U);
        QCOMPARE(recovered.front().plain.at("intent"), std::to_string(answered));
    }

    void aTurnThatIsStillBeingAnsweredIsLeftAlone()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const auto intent =
            m_rig->log->append({.kind = audit::Kind::QuestionIntent, .actor = "dr.dahl"});
        const auto asked = m_rig->caller(token).keys->withVault([&](storage::Vault& vault) {
            return vault.ask(*intent, "", m_rig->patient, "a question under way");
        });
        m_rig->questions->turnBegins(asked->id);
        const std::string next = m_rig->signIn("dr.dahl");
        const auto opened = api::decode<api::ConversationTurns>(
            m_rig->call("GET", "/cloister/v1/conversations/" + asked->conversation, next).body);
        QVERIFY(opened && !opened->turns.front().answer);
    }
};

QTEST_GUILESS_MAIN(TestSessions)
#include "tst_sessions.moc"
