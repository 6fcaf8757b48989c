// SPDX-License-Identifier: Apache-2.0
#include "inference/api/base64.h"
#include "inference/api/json.h"
#include "inference/api/limits.h"
#include "inference/api/types.h"

#include <QtTest>

class TestJson : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anAnswerComesBackAsItWas()
    {
        api::Answer answer{
            .kind = "model",
            .text = "Lisinopril was stopped [1].",
            .claims = {{.sentence = "Lisinopril was stopped [1].",
                        .verdict = "partly",
                        .cited = {1, 3},
                        .attached = true,
                        .reasons = {"number 4.1 is not in the cited evidence"},
                        .corrected = {4}}},
            .evidence =
                {{.number = 1,
                  .kind = "passage",
                  .label = "Note",
                  .text = "text",
                  .date = "2026-03-02",
                  .source = {.document = "ab", .resourceType = "Observation", .begin = 5, .end = 9},
                  .documentIndex = 2,
                  .begin = 7,
                  .end = 8}},
            .coverage = {.line = "line", .documents = 3, .searched = 2, .unreadable = 1},
            .conflicts = {{.sentence = "two", .cited = {2, 5}}},
            .state = "complete",
            .model = api::ModelName{.name = "m", .sha256 = "ff"},
            .seed = 18446744073709551615ULL,
            .promptTokens = 12,
            .generatedTokens = 7,
            .secondsToFirstToken = 1.25,
            .draft = true};
        const std::string json = api::encode(answer);
        const auto back = api::decode<api::Answer>(json);
        QVERIFY(back);
        QCOMPARE(api::encode(*back), json);
        QCOMPARE(back->seed, answer.seed);
        QCOMPARE(back->claims.front().cited, answer.claims.front().cited);
        QCOMPARE(back->claims.front().corrected, std::vector<int>{4});
        QCOMPARE(back->evidence.front().documentIndex, 2);
        answer.model.reset();
        QVERIFY(api::encode(answer).contains("\"model\":null"));
        QVERIFY(!api::decode<api::Answer>(api::encode(answer))->model);
    }

    void theNamesAreThoseOfThePage()
    {
        const std::string json =
            api::encode(api::ServiceStatus{.waiting = 2,
                                           .refused = {{"7", "conflict", "now"}},
                                           .auditEntries = 4,
                                           .auditWritable = true,
                                           .auditLost = 3,
                                           .lockedOut = 5});
        QVERIFY(json.contains("\"inbox\":{") && json.contains("\"waiting\":2"));
        QVERIFY(json.contains("\"audit\":{\"entries\":4,\"lost\":3,\"writable\":true}"));
        QVERIFY(json.contains("\"patients\":null"));
        const auto back = api::decode<api::ServiceStatus>(json);
        QVERIFY(back && back->waiting == 2 && back->auditWritable && back->auditLost == 3 &&
                back->lockedOut == 5 && !back->patients);
        QVERIFY(api::encode(api::Chart{.encounters = {{.classCode = "AMB"}}})
                    .contains("\"class\":\"AMB\""));
    }

    void missingFieldsKeepTheirDefaultAndUnknownOnesAreIgnored()
    {
        const auto asked =
            api::decode<api::QuestionRequest>("{\"question\":\"q\",\"new\":[1,{\"x\":2}]}");
        QVERIFY(asked);
        QCOMPARE(asked->maxTokens, 400U);
    }

    void wrongTypesAreBadRequests_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("not json") << QByteArray("{");
        QTest::newRow("an array") << QByteArray("[]");
        QTest::newRow("a number as text") << QByteArray("{\"question\":5}");
        QTest::newRow("negative") << QByteArray("{\"maxTokens\":-1}");
        QTest::newRow("too large") << QByteArray("{\"maxTokens\":4294967296}");
        QTest::newRow("a fraction") << QByteArray("{\"maxTokens\":1.5}");
        QTest::newRow("not UTF-8") << QByteArray("{\"question\":\"\xff\"}");
        QTest::newRow("two values") << QByteArray("{}{}");
    }
    void wrongTypesAreBadRequests()
    {
        QFETCH(QByteArray, json);
        const auto asked = api::decode<api::QuestionRequest>(json.toStdString());
        QVERIFY(!asked && asked.error().code == api::Errc::BadRequest);
    }

    void bytesThatAreNotUtf8BecomeReplacementCharacters()
    {
        const std::string json = api::encode(api::OriginalText{.text = "a\xff"
                                                                       "b"});
        QVERIFY(json.contains("a\xEF\xBF\xBD"
                              "b"));
    }

    void depthIsCountedOutsideStringsOnly()
    {
        const auto nested = [](std::size_t depth) {
            return std::string(depth, '[') + std::string(depth, ']');
        };
        QVERIFY(api::jsonDepthAllowed(nested(api::kMaxJsonDepth)));
        QVERIFY(!api::jsonDepthAllowed(nested(api::kMaxJsonDepth + 1)));
        QVERIFY(api::jsonDepthAllowed("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}"));
        QVERIFY(!api::jsonDepthAllowed("{\"a\":\"\\\\\"," + nested(api::kMaxJsonDepth)));
    }

    void errorsKeepCodeNameAndCounts()
    {
        api::Error error = api::makeError(api::Errc::ContextTooLong, "too long");
        error.counts = api::Counts{5210, 512, 4096};
        const api::Error back = api::decodeError(api::encodeError(error), 400);
        QVERIFY(back.code == api::Errc::ContextTooLong);
        QCOMPARE(back.counts->prompt, 5210U);
        QVERIFY(!api::encodeError(api::makeError(api::Errc::Busy, "x")).contains("counts"));
        const api::Error importer = api::decodeError(
            "{\"error\":{\"code\":\"several_patients\",\"message\":\"two\"}}", 422);
        QVERIFY(importer.code == api::Errc::ImportRefused);
        QCOMPARE(importer.name, std::string("several_patients"));
        QVERIFY(api::decodeError("<html>", 500).code == api::Errc::BadResponse);
        const auto failed = api::decode<api::Failed>(
            "{\"error\":{\"code\":\"locked\",\"message\":\"m\"},\"turn\":\"t\"}");
        QVERIFY(failed && failed->error.code == api::Errc::Locked && failed->turn == "t");
    }

    void everyCodeHasANameAndAStatus()
    {
        for (int code = 0; code <= static_cast<int>(api::Errc::EngineFailed); ++code) {
            const auto errc = static_cast<api::Errc>(code);
            QVERIFY(api::httpStatus(errc) >= 400);
            QVERIFY(api::codeFrom(api::codeName(errc), api::httpStatus(errc)) == errc);
        }
    }

    void base64IsStrict()
    {
        QCOMPARE(api::toBase64("foob"), std::string("Zm9vYg=="));
        for (const char* text : {"", "f", "fo", "foo", "foob", "\x00\xff\x80"})
            QCOMPARE(api::fromBase64(api::toBase64(text)).value(), std::string(text));
        for (const char* text : {"Zg=", "Zh==", "Z===", "Zg==Zg==", "Z g=", "===="})
            QVERIFY2(!api::fromBase64(text), text);
    }
};

QTEST_GUILESS_MAIN(TestJson)
#include "tst_json.moc"
