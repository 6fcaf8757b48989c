// SPDX-License-Identifier: Apache-2.0
// Every route against every role and none, and what each records.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"

#include <QtTest>

#include <map>

namespace {

/// Written down by hand from docs/formats/api.md. Letters: c clinician, s steward, a admin,
/// o compliance officer; "*" anybody, "g" the operators' group rule.
struct Row {
    const char* method;
    const char* path;
    const char* who;
    const char* body;
};

const Row kRows[] = {
    {"GET", "/cloister/v1/service", "*", ""},
    {"GET", "/healthz", "*", ""},
    {"GET", "/metrics", "*", ""},
    {"POST", "/cloister/v1/sessions", "*", "{}"},
    {"POST", "/cloister/v1/sessions/enrol", "*", "{}"},
    {"POST", "/cloister/v1/sessions/x/heartbeat", "csao", "{}"},
    {"POST", "/cloister/v1/sessions/x/passphrase", "csao", "{}"},
    {"DELETE", "/cloister/v1/sessions/x", "csao", ""},
    {"POST", "/cloister/v1/patients/search", "cs", "{\"query\":\"\"}"},
    {"GET", "/cloister/v1/patients/x", "cs", ""},
    {"GET", "/cloister/v1/patients/x/documents/0", "cs", ""},
    {"GET", "/cloister/v1/patients/x/originals/y", "cs", ""},
    {"POST", "/cloister/v1/patients/x/questions", "cs", "{\"question\":\"allergies?\"}"},
    {"GET", "/cloister/v1/conversations", "cs", ""},
    {"GET", "/cloister/v1/conversations/x", "cs", ""},
    {"POST", "/cloister/v1/conversations/search", "cs", "{\"query\":\"a\"}"},
    {"GET", "/v1/models", "csao", ""},
    {"POST", "/v1/chat/completions", "cs",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"},
    {"POST", "/cloister/v1/init", "g", "{}"},
    {"GET", "/cloister/v1/admin/status", "g", ""},
    {"POST", "/cloister/v1/admin/import", "g", "x"},
    {"POST", "/cloister/v1/admin/recover", "g", "{}"},
    {"POST", "/cloister/v1/users", "a", "{\"name\":\"x y\",\"role\":\"nobody\"}"},
    {"GET", "/cloister/v1/users", "aso", ""},
    {"POST", "/cloister/v1/users/x/admit", "so", ""},
    {"GET", "/cloister/v1/audit/checkpoint", "csao", ""},
    {"GET", "/cloister/v1/audit/export", "o", ""},
};

bool isPending(const audit::Entry& entry)
{
    return entry.outcome == static_cast<std::uint8_t>(audit::Outcome::Pending) && !entry.closes;
}

bool closes(const audit::Entry& entry, const audit::Entry& intent, audit::Outcome outcome)
{
    return isPending(intent) && entry.closes == intent.index &&
           entry.outcome == static_cast<std::uint8_t>(outcome);
}

const std::map<char, const char*> kPeople{
    {'c', "dr.dahl"}, {'s', "steward"}, {'a', "it"}, {'o', "officer"}};

} // namespace

class TestRoutes : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;

private Q_SLOTS:
    void init() { m_rig = std::make_unique<rig::Rig>(); }
    void cleanup() { m_rig.reset(); }

    void theTableIsWhatThePageSays()
    {
        QCOMPARE(service::routes().size(), std::size(kRows));
        for (const Row& row : kRows)
            QVERIFY2(service::match(row.method, row.path), row.path);
        QVERIFY(service::match("GET", "/cloister/v1/patients").error() ==
                service::NoRoute::NotFound);
        QVERIFY(service::match("GET", "/cloister/v1/patients//").error() ==
                service::NoRoute::NotFound);
        QVERIFY(service::match("PUT", "/cloister/v1/users").error() ==
                service::NoRoute::MethodNotAllowed);
    }

    void everyRouteAnswersEveryRoleAsThePageSays()
    {
        std::map<char, std::string> tokens;
        for (const auto& [letter, name] : kPeople)
            tokens[letter] = m_rig->signIn(name);
        for (const Row& row : kRows) {
            const std::string_view who = row.who;
            if (who == "g")
                continue; // below
            const int without = m_rig->call(row.method, row.path, {}, row.body).status;
            QVERIFY2((without == 401) == (who != "*") || who == "*", row.path);
            if (who == "*")
                continue;
            QVERIFY2(m_rig->call(row.method, row.path, "0123", row.body).status == 401, row.path);
            for (const auto& [letter, token] : tokens) {
                const int status = m_rig->call(row.method, row.path, token, row.body).status;
                QVERIFY2(status != 401, row.path);
                QVERIFY2((status != 403) == who.contains(letter), row.path);
            }
        }
    }

    void operatorsAreTheGroupRootAndTheDaemonItself()
    {
        for (const Row& row : kRows) {
            if (std::string_view(row.who) != "g")
                continue;
            const auto matched = service::match(row.method, row.path);
            const auto allowed = [&](const api::Peer& peer) {
                return service::authorise(*m_rig->services, *matched->route, {}, peer).has_value();
            };
            m_rig->setting.operatorGroup = 4711;
            QVERIFY2(!allowed({.uid = 4000, .pid = 1, .groups = {4000, 4712}}), row.path);
            QVERIFY2(allowed({.uid = 4000, .pid = 1, .groups = {4000, 4711}}), row.path);
            QVERIFY2(allowed({.uid = 0, .pid = 1, .groups = {}}), row.path);
            QVERIFY2(allowed(m_rig->peer()), row.path);
        }
    }

    void whoIsNotAdmittedReadsNothing()
    {
        const std::string token = m_rig->signIn("dr.new");
        for (const char* path :
             {"/cloister/v1/patients/x", "/cloister/v1/patients/x/documents/0"}) {
            const auto response = m_rig->call("GET", path, token);
            QCOMPARE(response.status, 403);
            QVERIFY(response.body.contains("not_admitted"));
        }
        QCOMPARE(
            m_rig->call("POST", "/cloister/v1/patients/x/questions", token, "{\"question\":\"a\"}")
                .status,
            403);
    }

    void admissionTakesEffectWithoutSigningInAgain()
    {
        const std::string newcomer = m_rig->signIn("dr.new");
        const std::string steward = m_rig->signIn("steward");
        const std::string id = m_rig->caller(newcomer).user.id;
        QCOMPARE(m_rig->call("POST", "/cloister/v1/users/" + id + "/admit", steward).status, 204);
        const auto response =
            m_rig->call("POST", "/cloister/v1/patients/search", newcomer, "{\"query\":\"\"}");
        QCOMPARE(response.status, 200);
    }

    void admissionTakesEffectInAChatAboutAPatient()
    {
        const std::string newcomer = m_rig->signIn("dr.new");
        const auto chat = [&] {
            return m_rig
                ->call("POST", "/v1/chat/completions", newcomer,
                       "{\"messages\":[{\"role\":\"user\",\"content\":\"What is the last "
                       "potassium?\"}],\"patient\":\"" +
                           m_rig->patient + "\"}")
                .status;
        };
        QCOMPARE(chat(), 403);
        const std::string steward = m_rig->signIn("steward");
        const std::string id = m_rig->caller(newcomer).user.id;
        QCOMPARE(m_rig->call("POST", "/cloister/v1/users/" + id + "/admit", steward).status, 204);
        QCOMPARE(chat(), 200);
    }

    void anOfficerAdmitsFurtherOfficersAndNobodyElse()
    {
        const auto receipt = m_rig->log->append({.kind = audit::Kind::UserAdd});
        const auto code = m_rig->keys->addUser("second", storage::Role::Compliance, *receipt);
        QVERIFY(m_rig->keys->enrol("second", *code, rig::Rig::kPassphrase, *receipt));
        const std::string second = m_rig->signIn("second");
        const auto discloses = [&] {
            m_rig->call("GET", "/cloister/v1/patients/" + m_rig->patient, m_rig->signIn("dr.dahl"));
            return m_rig->call("GET", "/cloister/v1/audit/export", second)
                .body.contains(m_rig->patient);
        };
        QVERIFY(!discloses());

        const auto admit = [&](const std::string& token, const std::string& user) {
            const std::vector<storage::User> users = m_rig->keys->users();
            return m_rig
                ->call("POST",
                       "/cloister/v1/users/" +
                           std::ranges::find(users, user, &storage::User::name)->id + "/admit",
                       token)
                .status;
        };
        const std::string officer = m_rig->signIn("officer");
        const std::string steward = m_rig->signIn("steward");
        QCOMPARE(admit(second, "second"), 403);  // nobody admits oneself
        QCOMPARE(admit(steward, "second"), 400); // nor does a steward open the audit
        QCOMPARE(admit(officer, "dr.new"), 400); // nor an officer the records
        QVERIFY(!discloses());
        QCOMPARE(admit(officer, "second"), 204);
        QVERIFY(discloses());
        const auto list =
            api::decode<api::UserList>(m_rig->call("GET", "/cloister/v1/users", officer).body);
        QVERIFY(list && !list->users.empty());
    }

    void aTokenOfAnotherUidIsNone()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        api::Peer thief = m_rig->peer();
        thief.uid += 1;
        const auto found = m_rig->sessions->find(token, thief);
        QVERIFY(!found && found.error().code == api::Errc::Unauthorized);
    }

    void oneMayNotEndAnothersSession()
    {
        const std::string mine = m_rig->signIn("dr.dahl");
        const std::string other = m_rig->signIn("dr.other");
        const std::string path = "/cloister/v1/sessions/" + m_rig->caller(other).session;
        QCOMPARE(m_rig->call("DELETE", path, mine).status, 404);
        QCOMPARE(m_rig->call("GET", "/v1/models", other).status, 200);
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

    void whatIsReadComesBackWhole()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const auto chart = api::decode<api::Chart>(
            m_rig->call("GET", "/cloister/v1/patients/" + m_rig->patient, token).body);
        QVERIFY(chart);
        QVERIFY(chart->patient.name.contains(",") && chart->patient.mrn == m_rig->made.mrn);
        QCOMPARE(chart->allergyStatement, std::string("not_recorded"));
        QCOMPARE(chart->labs.size(), m_rig->made.potassium.size());
        QCOMPARE(chart->labs.front().value, m_rig->made.lastPotassium);
        QCOMPARE(chart->documents.size(), 1U);
        const auto text = api::decode<api::DocumentText>(
            m_rig->call("GET", "/cloister/v1/patients/" + m_rig->patient + "/documents/0", token)
                .body);
        QVERIFY(text && text->text.contains(m_rig->made.stopReason));
        const api::Source& source = chart->labs.front().source;
        const auto original = api::decode<api::OriginalText>(
            m_rig
                ->call("GET",
                       "/cloister/v1/patients/" + m_rig->patient + "/originals/" + source.document +
                           "?begin=" + std::to_string(source.begin) +
                           "&end=" + std::to_string(source.end),
                       token)
                .body);
        QVERIFY(original);
        QCOMPARE(original->text,
                 m_rig->made.bundle.substr(source.begin, source.end - source.begin));
    }

    void nothingIsReadWhileTheLogCannotBeWritten()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        m_rig->disk.broken = true;
        for (const Row& row : kRows) {
            const std::string_view path = row.path;
            if (!std::string_view(row.who).contains('c') || path.contains("/sessions/") ||
                path == "/v1/models")
                continue;
            const std::string target =
                QString::fromUtf8(row.path)
                    .replace(QStringLiteral("/x"),
                             QStringLiteral("/") + QString::fromStdString(m_rig->patient))
                    .toStdString();
            const auto response = m_rig->call(row.method, target, token, row.body);
            QVERIFY2(response.status == 503, row.path);
            QVERIFY2(response.body.contains("audit_unavailable"), row.path);
            QVERIFY2(!response.body.contains(m_rig->made.family), row.path);
        }
        QCOMPARE(m_rig->signInResponse("dr.other", rig::Rig::kPassphrase).status, 503);
        // Locking never waits for the log, and is recorded once it can be written.
        const std::string session = m_rig->caller(token).session;
        QCOMPARE(m_rig->call("DELETE", "/cloister/v1/sessions/" + session + "?reason=lock", token)
                     .status,
                 204);
        QVERIFY(!m_rig->sessions->find(token, m_rig->peer()));
        const std::uint64_t before = m_rig->log->size();
        m_rig->disk.broken = false;
        m_rig->tick();
        QVERIFY(m_rig->log->size() > before);
        QCOMPARE(m_rig->signInResponse("dr.other", rig::Rig::kPassphrase).status, 201);
    }

    void importsAreRefusedWithTheImportersCode()
    {
        const auto refused = [this](const std::string& body, const char* code) {
            const auto response = m_rig->call("POST", "/cloister/v1/admin/import", {}, body);
            return response.status == 422 && response.body.contains(code);
        };
        QVERIFY(refused("not json", "bad_json"));
        QVERIFY(refused("{\"resourceType\":\"Patient\"}", "not_a_bundle"));
        QVERIFY(refused("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[]}",
                        "no_patient"));
        QVERIFY(m_rig->inbox->waiting()->empty());
    }

    void importingTwiceChangesNothing()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const flow::MadeUpPatient second = flow::makeUpPatient();
        for (int round = 0; round < 2; ++round) {
            const auto response =
                m_rig->call("POST", "/cloister/v1/admin/import", {}, second.bundle);
            QCOMPARE(response.status, 202);
            QVERIFY(!response.body.contains(second.family));
            const auto list = api::decode<api::PatientList>(
                m_rig->call("POST", "/cloister/v1/patients/search", token, "{\"query\":\"\"}")
                    .body);
            QVERIFY(list);
            QCOMPARE(list->total, 2U);
        }
        const auto found =
            api::decode<api::PatientList>(m_rig
                                              ->call("POST", "/cloister/v1/patients/search", token,
                                                     "{\"query\":\"" + second.family + "\"}")
                                              .body);
        QVERIFY(found && found->patients.size() == 1);
        const auto chart = api::decode<api::Chart>(
            m_rig->call("GET", "/cloister/v1/patients/" + found->patients.front().id, token).body);
        QVERIFY(chart && chart->labs.size() == second.potassium.size());
    }

    void importsWaitUntilSomebodyHoldsTheKey()
    {
        const flow::MadeUpPatient second = flow::makeUpPatient();
        QCOMPARE(m_rig->call("POST", "/cloister/v1/admin/import", {}, second.bundle).status, 202);
        QCOMPARE(m_rig->inbox->waiting()->size(), 1U);
        const std::string token = m_rig->signIn("dr.dahl");
        const auto list = api::decode<api::PatientList>(
            m_rig->call("POST", "/cloister/v1/patients/search", token, "{\"query\":\"\"}").body);
        QVERIFY(list && list->total == 2);
        QVERIFY(m_rig->inbox->waiting()->empty());
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

    void theOpenAiRouteAnswersWholeAndRefusesWhatItDoesNotKnow()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        m_rig->engine.pieces = {"Hello", " there."};
        const auto whole =
            m_rig->call("POST", "/v1/chat/completions", token,
                        "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
        QCOMPARE(whole.status, 200);
        QVERIFY(whole.body.contains("\"content\":\"Hello there.\""));
        QVERIFY(whole.body.contains("chat.completion"));
        const auto streamed =
            m_rig->call("POST", "/v1/chat/completions", token,
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true}");
        QVERIFY(streamed.body.contains("\"content\":\"Hello\""));
        QVERIFY(streamed.body.ends_with("data: [DONE]\n\n"));
        const auto withTools =
            m_rig->call("POST", "/v1/chat/completions", token,
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[]}");
        QCOMPARE(withTools.status, 400);
        QVERIFY(withTools.body.contains("unsupported_parameter"));
    }

    void theOpenAiRouteWithAPatientIsTheFullFlow()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        m_rig->call("POST", "/cloister/v1/patients/search", token, "{\"query\":\"\"}");
        const auto response = m_rig->call("POST", "/v1/chat/completions", token,
                                          "{\"messages\":[{\"role\":\"user\",\"content\":\"What is "
                                          "the last potassium?\"}],\"patient\":\"" +
                                              m_rig->patient + "\"}");
        QCOMPARE(response.status, 200);
        QVERIFY(response.body.contains(m_rig->made.lastPotassium));
        const auto list = api::decode<api::ConversationList>(
            m_rig->call("GET", "/cloister/v1/conversations", token).body);
        QVERIFY(list && list->conversations.size() == 1);
    }

    void aQuestionOfASessionThatEndedIsRefused()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const std::string session = m_rig->caller(token).session;
        m_rig->call("DELETE", "/cloister/v1/sessions/" + session + "?reason=lock", token);
        const auto response = m_rig->call("GET", "/cloister/v1/conversations", token);
        QCOMPARE(response.status, 401);
        QVERIFY(response.body.contains("locked"));
    }
};

QTEST_GUILESS_MAIN(TestRoutes)
#include "tst_routes.moc"
