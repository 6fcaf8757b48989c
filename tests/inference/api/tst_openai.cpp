// SPDX-License-Identifier: Apache-2.0
#include "inference/api/openai.h"

#include <QtTest>

class TestOpenAi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsSupportedIsRead()
    {
        const auto request = api::decodeChatRequest(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":"
            "\"user\",\"content\":\"q\"}],"
            "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":7,"
            "\"temperature\":0.5,"
            "\"top_p\":0.9,\"seed\":3,\"patient\":\"p\",\"n\":1,\"user\":\"u\",\"stop\":null}");
        QVERIFY(request);
        QCOMPARE(request->messages.size(), 2U);
        QVERIFY(request->stream && request->includeUsage);
        QCOMPARE(request->maxTokens, 7U);
        QCOMPARE(request->patient, std::string("p"));
    }

    void howTokensAreChosenIsRead()
    {
        const auto plain =
            decoded("\"stop\":null,\"logit_bias\":null,\"response_format\":{\"type\":"
                    "\"text\"},\"logprobs\":false,\"min_p\":null");
        QVERIFY(plain && plain->stops.empty() && plain->format == api::ChatFormat::Text);
        QVERIFY(plain->repetitionPenalty == 1 && plain->topK == 0 && !plain->logprobs);
        const auto request = decoded(
            "\"stop\":[\"END\",\"\\n\"],\"logprobs\":true,\"top_logprobs\":20,\"logit_bias\":"
            "{\"5\":-100,\"70000\":1.5},\"frequency_penalty\":-2,\"presence_penalty\":0.5,"
            "\"min_p\":0.05,\"top_k\":40,\"repetition_penalty\":1.1");
        QVERIFY2(request, request ? "" : request.error().message.c_str());
        QCOMPARE(request->stops, (std::vector<std::string>{"END", "\n"}));
        QVERIFY(request->logprobs && request->topLogprobs == 20 && request->topK == 40);
        QVERIFY(request->bias.size() == 2 && request->bias[0].token == 5);
        QCOMPARE(request->bias[1].bias, 1.5F);
        QVERIFY(request->frequencyPenalty == -2 && request->presencePenalty == 0.5);
        QVERIFY(request->minP == 0.05 && request->repetitionPenalty == 1.1);
        QCOMPARE(decoded("\"stop\":\"END\"")->stops, (std::vector<std::string>{"END"}));
    }

    void schemasKeepTheOrderOfTheirMembers()
    {
        QVERIFY(decoded("\"response_format\":{\"type\":\"json_object\"}")->format ==
                api::ChatFormat::JsonObject);
        const std::string schema = "{\"type\":\"object\",\"properties\":{\"z\":{\"type\":"
                                   "\"string\"},\"minimum\":{\"anyOf\":[{},"
                                   "true]}},\"required\":[\"z\"],\"additionalProperties\":false}";
        const auto request =
            decoded("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
                    "\"name\":\"n\",\"strict\":true,\"schema\":" +
                    schema + "}}");
        QVERIFY2(request, request ? "" : request.error().message.c_str());
        QVERIFY(request->format == api::ChatFormat::JsonSchema);
        QCOMPARE(request->schema, schema);
    }

    void keywordsThatAreNotKnownAreNamed_data()
    {
        QTest::addColumn<QByteArray>("schema");
        QTest::addColumn<QByteArray>("keyword");
        const auto row = [](const char* schema, const char* keyword) {
            QTest::newRow(schema) << QByteArray(schema) << QByteArray(keyword);
        };
        row("{\"oneOf\":[]}", "oneOf");
        row("{\"properties\":{\"a\":{\"minimum\":1}}}", "minimum");
        row("{\"items\":{\"format\":\"date\"}}", "format");
        row("{\"anyOf\":[{\"type\":\"null\"},{\"not\":{}}]}", "not");
        row("{\"$defs\":{\"x\":{\"if\":{}}}}", "if");
        row("{\"additionalProperties\":{\"allOf\":[]}}", "allOf");
    }
    void keywordsThatAreNotKnownAreNamed()
    {
        QFETCH(QByteArray, schema);
        QFETCH(QByteArray, keyword);
        const auto request =
            decoded("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
                    "\"schema\":" +
                    schema.toStdString() + "}}");
        QVERIFY(!request && request.error().code == api::Errc::UnsupportedParameter);
        QVERIFY(request.error().message.contains("'" + keyword.toStdString() + "'"));
    }

    void whatIsNotSupportedIsRefused_data()
    {
        QTest::addColumn<QByteArray>("member");
        for (const char* member :
             {"\"tools\":[]", "\"n\":2", "\"response_format\":{\"type\":\"grammar\"}",
              "\"anything\":1", "\"patient\":\"p\",\"logprobs\":true",
              "\"patient\":\"p\",\"response_format\":{\"type\":\"json_object\"}",
              "\"patient\":\"p\",\"stop\":[\"x\"]", "\"patient\":\"p\",\"frequency_penalty\":1",
              "\"patient\":\"p\",\"presence_penalty\":1", "\"patient\":\"p\",\"min_p\":0.1",
              "\"patient\":\"p\",\"repetition_penalty\":2", "\"patient\":\"p\",\"top_k\":2",
              "\"patient\":\"p\",\"logit_bias\":{\"1\":1}"})
            QTest::newRow(member) << QByteArray(member);
    }
    void whatIsNotSupportedIsRefused()
    {
        QFETCH(QByteArray, member);
        const auto request = api::decodeChatRequest(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," + member.toStdString() + "}");
        QVERIFY(!request && request.error().code == api::Errc::UnsupportedParameter);
    }

    void wrongValuesAreBadRequests_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("no messages") << QByteArray("{}");
        QTest::newRow("not an array") << QByteArray("{\"messages\":\"q\"}");
        QTest::newRow("last is not the user's")
            << QByteArray("{\"messages\":[{\"role\":\"assistant\",\"content\":\"q\"}]}");
        QTest::newRow("temperature") << QByteArray(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"temperature\":3}");
        QTest::newRow("no tokens") << QByteArray(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"max_tokens\":0}");
        QTest::newRow("deep") << QByteArray(40, '[');
        for (const char* member :
             {"\"stop\":5", "\"stop\":[\"\"]", "\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]",
              "\"logit_bias\":{\"a\":1}", "\"logit_bias\":{\"-1\":1}", "\"logit_bias\":{\"1\":101}",
              "\"logit_bias\":{\"99999999999\":1}", "\"logit_bias\":[]", "\"logprobs\":3",
              "\"top_logprobs\":2", "\"logprobs\":true,\"top_logprobs\":21",
              "\"frequency_penalty\":2.5", "\"presence_penalty\":\"1\"", "\"min_p\":-1",
              "\"repetition_penalty\":0", "\"top_k\":-1", "\"response_format\":5",
              "\"response_format\":{\"type\":\"json_schema\"}",
              "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":5}}"})
            QTest::newRow(member) << "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," +
                                         QByteArray(member) + "}";
    }
    void wrongValuesAreBadRequests()
    {
        QFETCH(QByteArray, json);
        const auto request = api::decodeChatRequest(json.toStdString());
        QVERIFY(!request && request.error().code == api::Errc::BadRequest);
    }

    void answersHaveTheFormThatClientsRead()
    {
        const api::ChatAnswer answer{.id = "chatcmpl-1",
                                     .model = "m",
                                     .created = 5,
                                     .text = "hi",
                                     .finishReason = "stop",
                                     .usage = api::ChatUsage{3, 4}};
        const std::string whole = api::encodeChatCompletion(answer);
        for (const char* part : {"\"object\":\"chat.completion\"", "\"content\":\"hi\"",
                                 "\"finish_reason\":\"stop\"", "\"total_tokens\":7"})
            QVERIFY2(whole.contains(part), part);
        const std::string chunk = api::encodeChatChunk({.id = "1", .model = "m", .text = "h"});
        QVERIFY(chunk.contains("\"delta\":{\"content\":\"h\"}"));
        QVERIFY(chunk.contains("\"finish_reason\":null"));
        QVERIFY(api::encodeModels("", 1).contains("\"data\":[]"));
        QVERIFY(!whole.contains("logprobs"));
    }

    void logprobsHaveTheFormThatClientsRead()
    {
        const api::ChatToken half{.bytes = "\xc3", .logprob = -2};
        const api::ChatAnswer answer{
            .text = "a",
            .tokens = {
                {{.bytes = "a", .logprob = -0.5, .top = {{.bytes = "a", .logprob = -0.5}, half}},
                 half}}};
        for (const std::string& json :
             {api::encodeChatCompletion(answer), api::encodeChatChunk(answer)}) {
            QVERIFY2(json.contains("\"logprobs\":{\"content\":[{\"bytes\":[97],\"logprob\":-0.5,"
                                   "\"token\":\"a\",\"top_logprobs\":[{\"bytes\":[97],\"logprob\":"
                                   "-0.5,\"token\":\"a\"},{\"bytes\":[195],"),
                     json.c_str());
            QVERIFY(json.contains("\"token\":\"\xef\xbf\xbd\",\"top_logprobs\":[]}]}"));
        }
    }

private:
    static api::Result<api::ChatRequest> decoded(const std::string& members)
    {
        return api::decodeChatRequest("{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," +
                                      members + "}");
    }
};

QTEST_GUILESS_MAIN(TestOpenAi)
#include "tst_openai.moc"
