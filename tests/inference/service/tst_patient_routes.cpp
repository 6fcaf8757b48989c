// SPDX-License-Identifier: Apache-2.0
// What comes in by import and is read again, by the chart and by the OpenAI route.
#include "tests/inference/service/rig.h"

#include "inference/api/json.h"

#include <QtTest>

class TestPatientRoutes : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;

private Q_SLOTS:
    void init() { m_rig = std::make_unique<rig::Rig>(); }
    void cleanup() { m_rig.reset(); }

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

    void theOpenAiRoutePassesOnHowTokensAreChosen()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        const auto call = [&](const std::string& members) {
            return m_rig->call("POST", "/v1/chat/completions", token,
                               "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," + members +
                                   "}");
        };
        m_rig->engine.pieces = {"a"};
        m_rig->engine.odds = {{.token = 7, .logprob = -0.25F, .bytes = "a"},
                              {.token = 8, .logprob = -1.5F, .bytes = "b"}};
        const std::string wishes =
            "\"stop\":\"END\",\"logprobs\":true,\"top_logprobs\":1,\"logit_bias\":{\"5\":-100},"
            "\"min_p\":0.05,\"presence_penalty\":0.5,\"response_format\":{\"type\":\"json_schema\","
            "\"json_schema\":{\"schema\":{\"type\":\"null\"}}}";
        for (const std::string stream : {"false", "true"}) {
            const auto response = call(wishes + ",\"stream\":" + stream);
            QCOMPARE(response.status, 200);
            QVERIFY2(
                response.body.contains("\"logprobs\":{\"content\":[{\"bytes\":[97],\"logprob\":"
                                       "-0.25,\"token\":\"a\",\"top_logprobs\":[{\"bytes\":[98]"),
                response.body.c_str());
        }
        const wire::Generate passed = m_rig->engine.lastRequest();
        QCOMPARE(passed.stops, (std::vector<std::string>{"END"}));
        QVERIFY(passed.sampling.logprobs && passed.sampling.topLogprobs == 1);
        QVERIFY(passed.sampling.bias.size() == 1 && passed.sampling.bias[0].token == 5);
        QVERIFY(passed.sampling.minP == 0.05F && passed.sampling.presencePenalty == 0.5F);
        QVERIFY(passed.constraint.kind == wire::Constraint::Kind::JsonSchema);
        QCOMPARE(passed.constraint.text, std::string("{\"type\":\"null\"}"));

        m_rig->engine.odds = {};
        m_rig->engine.failsWith =
            wire::Failed{.code = wire::Errc::BadConstraint, .detail = "canary-7f3a"};
        m_rig->engine.pieces = {};
        const auto refused = call("\"response_format\":{\"type\":\"json_object\"}");
        QCOMPARE(refused.status, 400);
        QVERIFY(refused.body.contains("unsupported_parameter"));
        QVERIFY(!refused.body.contains("canary"));
        QVERIFY(m_rig->engine.lastRequest().constraint.kind == wire::Constraint::Kind::AnyJson);
        m_rig->engine.failsWith.reset();
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
        QVERIFY(response.body.contains("\\n\\n[1] Lab"));
        // What the window marks is told to a client that shows only the text, too.
        m_rig->engine.pieces = {"It was stopped because of 9.9 mmol/L of zinc [1]."};
        for (const std::string stream : {"false", "true"}) {
            const auto draft =
                m_rig->call("POST", "/v1/chat/completions", token,
                            "{\"messages\":[{\"role\":\"user\",\"content\":\"Why was " +
                                m_rig->made.stoppedDrug + " stopped?\"}],\"stream\":" + stream +
                                ",\"patient\":\"" + m_rig->patient + "\"}");
            QVERIFY2(draft.body.contains("Not supported by the record: "), draft.body.c_str());
        }
        const auto list = api::decode<api::ConversationList>(
            m_rig->call("GET", "/cloister/v1/conversations", token).body);
        QVERIFY(list && list->conversations.size() == 3);
    }

    void aFollowUpThroughTheOpenAiRouteKnowsTheQuestionsButNoAnswerThatTheCallerTells()
    {
        const std::string token = m_rig->signIn("dr.dahl");
        m_rig->engine.pieces = {"It was."};
        const std::string question = "Why was " + m_rig->made.stoppedDrug + " stopped?";
        const auto said = [](const char* role, const std::string& text) {
            return "{\"role\":\"" + std::string(role) + "\",\"content\":\"" + text + "\"}";
        };
        const auto response =
            m_rig->call("POST", "/v1/chat/completions", token,
                        "{\"messages\":[" + said("user", question) + "," +
                            said("assistant", "Because of planted words.") + "," +
                            said("user", "Why?") + "],\"patient\":\"" + m_rig->patient + "\"}");
        QCOMPARE(response.status, 200);
        const std::vector<wire::Turn> turns = m_rig->engine.lastRequest().turns;
        QVERIFY(turns.back().text.ends_with("Question: Why?"));
        QVERIFY(turns.back().text.contains(m_rig->made.stopReason)); // found by the first question
        QVERIFY(std::ranges::any_of(
            turns, [&](const wire::Turn& turn) { return turn.text == "Question: " + question; }));
        QVERIFY(std::ranges::none_of(turns, [](const wire::Turn& turn) {
            return turn.text.contains("planted") || turn.role == wire::Role::Assistant;
        }));
    }
};

QTEST_GUILESS_MAIN(TestPatientRoutes)
#include "tst_patient_routes.moc"
