// SPDX-License-Identifier: Apache-2.0
// What the engine may keep of a prompt is found by one user about one patient alone, and forgotten
// when that user's last session ends.
#include "tests/inference/service/deaf.h"
#include "tests/inference/service/rig.h"

#include <QtTest>

class TestKeptPrompts : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;

    wire::Generate askAs(const std::string& token)
    {
        Deaf deaf;
        const auto done = service::answer(
            *m_rig->desk,
            {.caller = m_rig->caller(token),
             .patient = m_rig->patient,
             .request = {.question = "Why was " + m_rig->made.stoppedDrug + " stopped?"}},
            deaf, {});
        return done ? m_rig->engine.lastRequest() : wire::Generate{};
    }

    void lock(const std::string& token)
    {
        const std::string session = m_rig->caller(token).session;
        QCOMPARE(m_rig->call("DELETE", "/cloister/v1/sessions/" + session + "?reason=lock", token)
                     .status,
                 204);
    }

private Q_SLOTS:
    void init() { m_rig = std::make_unique<rig::Rig>(); }
    void cleanup() { m_rig.reset(); }

    void everyPairHasItsOwnNumbers()
    {
        const std::string dahl = m_rig->signIn("dr.dahl");
        const wire::Generate first = askAs(dahl);
        QVERIFY(first.user != 0 && first.patient != 0);
        const wire::Generate again = askAs(m_rig->signIn("dr.dahl")); // another window
        QCOMPARE(again.user, first.user);
        QCOMPARE(again.patient, first.patient);
        const wire::Generate other = askAs(m_rig->signIn("steward"));
        QVERIFY(other.user != first.user && other.patient != first.patient);
        const auto keys = m_rig->caller(dahl).keys;
        QCOMPARE(keys->enginePatient(m_rig->patient), first.patient);
        QVERIFY(keys->enginePatient(m_rig->patient + "1") != first.patient);
    }

    void onlyTheProgramsWordsAreShared()
    {
        const wire::Generate asked = askAs(m_rig->signIn("dr.dahl"));
        QCOMPARE(asked.sharedTurns, 1U);
        QVERIFY(asked.turns[0].role == wire::Role::System);
        for (const std::string& word : {m_rig->made.stoppedDrug, m_rig->made.stopReason})
            QVERIFY(!asked.turns[0].text.contains(word) && asked.turns[1].text.contains(word));
    }

    void theLastSessionsEndForgets()
    {
        const std::string first = m_rig->signIn("dr.dahl");
        const std::string second = m_rig->signIn("dr.dahl");
        const std::uint64_t user = askAs(first).user;
        lock(first);
        QCOMPARE(m_rig->engine.forgotten.load(), std::uint64_t{0});
        lock(second);
        QCOMPARE(m_rig->engine.forgotten.load(), user);
        QVERIFY(askAs(m_rig->signIn("dr.dahl")).user != user);
    }

    void whoFallsSilentIsForgottenToo()
    {
        const std::uint64_t user = askAs(m_rig->signIn("dr.dahl")).user;
        m_rig->later += std::chrono::hours(1);
        m_rig->tick();
        QCOMPARE(m_rig->engine.forgotten.load(), user);
    }
};

QTEST_GUILESS_MAIN(TestKeptPrompts)
#include "tst_kept_prompts.moc"
