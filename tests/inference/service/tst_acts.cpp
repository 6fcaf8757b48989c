// SPDX-License-Identifier: Apache-2.0
// What each act leaves in the log: its intent, its end, and whom it was about.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"
#include "inference/service/act.h"

#include <QtTest>

namespace {

bool isPending(const audit::Entry& entry)
{
    return entry.outcome == static_cast<std::uint8_t>(audit::Outcome::Pending) && !entry.closes;
}

bool closes(const audit::Entry& entry, const audit::Entry& intent, audit::Outcome outcome)
{
    return isPending(intent) && entry.closes == intent.index &&
           entry.outcome == static_cast<std::uint8_t>(outcome);
}

} // namespace

class TestActs : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;

private Q_SLOTS:
    void init() { m_rig = std::make_unique<rig::Rig>(); }
    void cleanup() { m_rig.reset(); }

    void howAnActEndedIsNeverDropped()
    {
        const auto begin = [this] {
            return service::Act::begin(*m_rig->services, {.kind = audit::Kind::Admit});
        };
        auto running = begin();
        QVERIFY(running);
        const std::uint64_t before = m_rig->log->size();
        m_rig->disk.broken = true;
        QVERIFY(!m_rig->log->append({.kind = audit::Kind::Status}));
        const audit::Event lock{.kind = audit::Kind::Lock, .reason = "lock"};
        while (!m_rig->late->isFull())
            m_rig->late->add(lock);
        QCOMPARE(m_rig->late->lost(), 0U);
        m_rig->late->add(lock); // one too many: that is told
        QCOMPARE(m_rig->late->lost(), 1U);
        running->succeeded(); // and this is kept all the same
        QCOMPARE(m_rig->late->lost(), 1U);

        // The log is sound again, but what waits is not in it yet: nothing new begins.
        m_rig->disk.broken = false;
        QVERIFY(m_rig->log->reopen());
        const auto refused = begin();
        QVERIFY(!refused && refused.error().code == api::Errc::AuditUnavailable);
        QCOMPARE(m_rig->log->size(), before);
        m_rig->tick();
        QCOMPARE(m_rig->log->size(), before + service::LateEvents::kMostWaiting + 1);
        const auto entries = m_rig->recorded(audit::Kind::Admit);
        QVERIFY(closes(entries.back(), entries.at(entries.size() - 2), audit::Outcome::Success));
        QVERIFY(begin());
        QVERIFY(m_rig->call("GET", "/cloister/v1/admin/status").body.contains("\"lost\":1"));
    }

    void anEventThatWillNeverBeRecordedIsCounted()
    {
        m_rig->late->add({.kind = audit::Kind::Lock, .reason = "Not a code"});
        QCOMPARE(m_rig->late->lost(), 1U);
        m_rig->late->add({.kind = audit::Kind::Lock, .reason = "lock"});
        QCOMPARE(m_rig->late->lost(), 1U);
    }

    void anActIsRecordedBeforeItAndAfterItAndNamesTheAccount()
    {
        const std::string admin = m_rig->signIn("it");
        const auto added =
            api::decode<api::NewUser>(m_rig
                                          ->call("POST", "/cloister/v1/users", admin,
                                                 "{\"name\":\"dr.late\",\"role\":\"clinician\"}")
                                          .body);
        QVERIFY(added);
        auto entries = m_rig->recorded(audit::Kind::UserAdd);
        QCOMPARE(entries.size(), 2U);
        QVERIFY(isPending(entries.at(0)) && entries.at(0).commitments.contains("user_name"));
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Success));
        QCOMPARE(entries.at(1).plain.at("user_id"), added->id);
        QCOMPARE(entries.at(1).plain.at("user_name"), std::string("dr.late"));
        QCOMPARE(entries.at(1).actor, std::string("it"));

        const auto enrol = [this](const std::string& code) {
            return m_rig
                ->call("POST", "/cloister/v1/sessions/enrol", {},
                       api::encode(api::EnrolRequest{"dr.late", code, rig::Rig::kPassphrase}))
                .status;
        };
        QCOMPARE(enrol("0000000000000000"), 400);
        QCOMPARE(enrol(added->code), 204);
        entries = m_rig->recorded(audit::Kind::UserEnrol);
        QCOMPARE(entries.size(), 4U);
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Failed));
        QCOMPARE(entries.at(1).reason, std::string("code_wrong"));
        QVERIFY(closes(entries.at(3), entries.at(2), audit::Outcome::Success));
        for (const audit::Entry& entry : entries)
            QCOMPARE(entry.plain.at("user_id"), added->id);

        const std::string steward = m_rig->signIn("steward");
        QCOMPARE(m_rig->call("POST", "/cloister/v1/users/" + added->id + "/admit", steward).status,
                 204);
        entries = m_rig->recorded(audit::Kind::Admit);
        QCOMPARE(entries.size(), 2U);
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Success));
        QCOMPARE(entries.at(1).plain.at("user_name"), std::string("dr.late"));
    }

    void aRecoveryThatFailsIsNotRecordedAsOneThatHappened()
    {
        const auto recover = [this](const std::string& user) {
            return m_rig
                ->call("POST", "/cloister/v1/admin/recover", {},
                       api::encode(api::RecoverRequest{user, m_rig->shares, "another passphrase"}))
                .status;
        };
        m_rig->shares.resize(2);
        QCOMPARE(recover("dr.dahl"), 204);
        m_rig->shares.at(1) = m_rig->shares.at(0);
        QCOMPARE(recover("dr.dahl"), 400);
        QCOMPARE(recover("my passphrase, typed into the wrong field"), 400);
        const auto entries = m_rig->recorded(audit::Kind::Recovery);
        QCOMPARE(entries.size(), 6U);
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Success));
        QVERIFY(closes(entries.at(3), entries.at(2), audit::Outcome::Failed));
        QVERIFY(closes(entries.at(5), entries.at(4), audit::Outcome::Failed));
        QCOMPARE(entries.at(1).plain.at("user_name"), std::string("dr.dahl"));
        QCOMPARE(entries.at(3).plain.at("user_name"), std::string("dr.dahl"));
        QVERIFY(entries.at(4).plain.empty() && entries.at(5).plain.empty());
    }

    void theCeremonyAndItsRefusalAreRecorded()
    {
        rig::Rig fresh(rig::Rig::Start::Empty);
        const auto init = [&fresh](const std::string& passphrase) {
            return fresh
                .call("POST", "/cloister/v1/init", {},
                      api::encode(api::InitRequest{.admin = {"it", passphrase},
                                                   .steward = {"steward", passphrase},
                                                   .compliance = {"officer", passphrase}}))
                .status;
        };
        QCOMPARE(init("too short"), 400);
        QCOMPARE(init(rig::Rig::kPassphrase), 201);
        QCOMPARE(init(rig::Rig::kPassphrase), 409);
        const auto entries = fresh.recorded(audit::Kind::Init);
        QCOMPARE(entries.size(), 5U);
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Failed));
        QCOMPARE(entries.at(1).reason, std::string("passphrase_too_short"));
        QVERIFY(closes(entries.at(3), entries.at(2), audit::Outcome::Success));
        QCOMPARE(entries.at(3).plain.at("steward_name"), std::string("steward"));
        QCOMPARE(entries.at(4).outcome, static_cast<std::uint8_t>(audit::Outcome::Refused));
        QVERIFY(!entries.at(4).closes);
    }

    void anImportIsRecordedUntilItIsMerged()
    {
        const flow::MadeUpPatient second = flow::makeUpPatient();
        const auto receipt = api::decode<api::ImportReceipt>(
            m_rig->call("POST", "/cloister/v1/admin/import", {}, second.bundle).body);
        QVERIFY(receipt);
        const auto imports = m_rig->recorded(audit::Kind::Import);
        QVERIFY(closes(imports.at(imports.size() - 1), imports.at(imports.size() - 2),
                       audit::Outcome::Success));
        QCOMPARE(imports.back().plain.at("ticket"), receipt->ticket);
        m_rig->call("POST", "/cloister/v1/patients/search", m_rig->signIn("dr.dahl"),
                    "{\"query\":\"\"}");
        const auto merges = m_rig->recorded(audit::Kind::Merge);
        QVERIFY(isPending(merges.at(merges.size() - 2)));
        QVERIFY(closes(merges.at(merges.size() - 1), merges.at(merges.size() - 2),
                       audit::Outcome::Success));
        QVERIFY(merges.back().commitments.contains("patient"));
        QCOMPARE(merges.back().plain.at("ticket"), receipt->ticket);
    }

    void whatCannotBeReadIsRecordedAsRefused()
    {
        const auto receipt = m_rig->log->append({.kind = audit::Kind::Import});
        QVERIFY(m_rig->inbox->put(std::vector<std::byte>(100), *receipt));
        m_rig->call("POST", "/cloister/v1/patients/search", m_rig->signIn("dr.dahl"),
                    "{\"query\":\"\"}");
        QCOMPARE(m_rig->inbox->refusals()->size(), 1U);
        const audit::Entry last = m_rig->recorded(audit::Kind::Merge).back();
        QCOMPARE(last.outcome, static_cast<std::uint8_t>(audit::Outcome::Refused));
        QCOMPARE(last.reason, std::string("damaged"));
    }

    void aPassphraseIsChangedByWhoKnowsTheOldOne()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const std::string other = m_rig->signIn("dr.other");
        const auto change = [this](const std::string& as, const std::string& session,
                                   const std::string& old, const std::string& fresh) {
            return m_rig
                ->call("POST",
                       "/cloister/v1/sessions/" + m_rig->caller(session).session + "/passphrase",
                       as, api::encode(api::PassphraseChange{old, fresh}))
                .status;
        };
        const std::string fresh = "another long passphrase";
        QCOMPARE(change(token, token, "a wrong passphrase", fresh), 401);
        QCOMPARE(change(token, token, rig::Rig::kPassphrase, "short"), 400);
        QCOMPARE(change(other, token, rig::Rig::kPassphrase, fresh), 404); // another's session
        QCOMPARE(m_rig->signInResponse("dr.dahl", rig::Rig::kPassphrase).status, 201);
        QCOMPARE(change(token, token, rig::Rig::kPassphrase, fresh), 204);
        QCOMPARE(m_rig->signInResponse("dr.dahl", rig::Rig::kPassphrase).status, 401);
        QCOMPARE(m_rig->signInResponse("dr.dahl", fresh).status, 201);
        QCOMPARE(m_rig->call("GET", "/cloister/v1/conversations", token).status, 200);

        const auto entries = m_rig->recorded(audit::Kind::PassphraseChange);
        QCOMPARE(entries.size(), 6U);
        QVERIFY(closes(entries.at(1), entries.at(0), audit::Outcome::Failed));
        QVERIFY(closes(entries.at(3), entries.at(2), audit::Outcome::Failed));
        QVERIFY(closes(entries.at(5), entries.at(4), audit::Outcome::Success));
        for (unsigned i = 0; i < service::SignInThrottle::kFree; ++i)
            QCOMPARE(change(token, token, "a wrong passphrase", fresh), 401);
        QCOMPARE(change(token, token, fresh, rig::Rig::kPassphrase), 429);
    }

    void theExportVerifiesAndDisclosesOnlyToTheOfficer()
    {
        const std::string clinician = m_rig->signIn("dr.dahl");
        m_rig->call("GET", "/cloister/v1/patients/" + m_rig->patient, clinician);
        const std::string officer = m_rig->signIn("officer");
        const auto response = m_rig->call("GET", "/cloister/v1/audit/export", officer);
        QCOMPARE(response.status, 200);
        QVERIFY(response.body.size() > 1000);
        QVERIFY(response.body.contains(m_rig->patient)); // disclosed to who may read it
    }
};

QTEST_GUILESS_MAIN(TestActs)
#include "tst_acts.moc"
