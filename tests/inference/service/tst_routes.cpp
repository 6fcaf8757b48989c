// SPDX-License-Identifier: Apache-2.0
// Every route against every role and none.
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

    void onlyAcceptedQuestionsAreCounted()
    {
        const auto counted = [this](const std::string& name) {
            const std::string text = m_rig->call("GET", "/metrics").body;
            const std::size_t at = text.find("\n" + name + " ");
            return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size() + 2));
        };
        const std::string token = m_rig->signIn("dr.dahl");
        const std::string path = "/cloister/v1/patients/" + m_rig->patient + "/questions";
        const std::string question = "{\"question\":\"What is the last potassium?\"";
        // Refused: not sound, too long, no such conversation.
        QCOMPARE(m_rig->call("POST", path, token, "{\"question\":\" \"}").status, 400);
        QCOMPARE(m_rig
                     ->call("POST", path, token,
                            question + ",\"conversation\":\"" + std::string(32, 'a') + "\"}")
                     .status,
                 404);
        QCOMPARE(
            m_rig
                ->call("POST", path, token, "{\"question\":\"" + std::string(17 << 10, 'q') + "\"}")
                .status,
            400);
        QCOMPARE(counted("cloister_questions_total"), 0);
        QCOMPARE(counted("cloister_questions_failed_total"), 0);
        // Accepted: answered, and failed on the way.
        QCOMPARE(m_rig->call("POST", path, token, question + "}").status, 200);
        QCOMPARE(counted("cloister_questions_total"), 1);
        m_rig->engine.failsWith = wire::Failed{};
        m_rig->call("POST", path, token,
                    "{\"question\":\"Why was " + m_rig->made.stoppedDrug + " stopped?\"}");
        QCOMPARE(counted("cloister_questions_total"), 2);
        QCOMPARE(counted("cloister_questions_failed_total"), 1);
    }

    void theThreadsOfTheEngineAreShown()
    {
        const std::string text = m_rig->call("GET", "/metrics").body;
        QVERIFY(text.contains("\ncloister_engine_decode_threads 3\n"));
        QVERIFY(text.contains("\ncloister_engine_prefill_threads 4\n"));
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
