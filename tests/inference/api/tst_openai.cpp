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

    void whatIsNotSupportedIsRefused_data()
    {
        QTest::addColumn<QByteArray>("member");
        for (const char* member : {"\"tools\":[]", "\"n\":2", "\"logprobs\":true",
                                   "\"response_format\":{\"type\":\"json_object\"}",
                                   "\"stop\":[\"x\"]", "\"frequency_penalty\":1", "\"anything\":1"})
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
    }
};

QTEST_GUILESS_MAIN(TestOpenAi)
#include "tst_openai.moc"
