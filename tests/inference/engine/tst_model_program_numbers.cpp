// SPDX-License-Identifier: Apache-2.0
// cloister-model where figures come out: logits against the reference, speed as JSON, seeds; and
// what is left of the program for a file without a vocabulary that can be read here.
#include "tests/inference/engine/run_program.h"
#include "tests/support/tiny_model.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstring>
#include <vector>

namespace {

QByteArray contentOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

std::vector<float> floatsOf(const QByteArray& bytes)
{
    std::vector<float> values(static_cast<std::size_t>(bytes.size()) / sizeof(float));
    std::memcpy(values.data(), bytes.constData(), values.size() * sizeof(float));
    return values;
}

float largestDifference(const std::vector<float>& a, const std::vector<float>& b)
{
    if (a.size() != b.size() || a.empty())
        return INFINITY;
    float most = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        most = std::isnan(a[i]) ? INFINITY : std::max(most, std::abs(a[i] - b[i]));
    return most;
}

} // namespace

class TestModelProgramNumbers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void logitsEqualTheReference_data()
    {
        QTest::addColumn<QStringList>("cut");
        QTest::newRow("whole") << QStringList();
        QTest::newRow("7 at a time") << QStringList{QStringLiteral("--chunk"), QStringLiteral("7")};
        QTest::newRow("1 at a time") << QStringList{QStringLiteral("--chunk"), QStringLiteral("1")};
    }

    void logitsEqualTheReference()
    {
        QFETCH(QStringList, cut);
        const QString base = QStringLiteral(TEST_DATA "/golden/llama3");
        QStringList tokens;
        const auto listed =
            QJsonDocument::fromJson(contentOf(base + QStringLiteral(".json")))[u"tokens"].toArray();
        for (const QJsonValue& token : listed)
            tokens << QString::number(token.toInt());
        QVERIFY(tokens.size() > 14); // so that there are several chunks, and a last one cut short
        const QString out = m_folder.filePath(QStringLiteral("out.f32"));
        const auto logits = [&](const QStringList& more) {
            const Ran ran =
                run("cloister-model",
                    QStringList{QStringLiteral("logits"), base + QStringLiteral(".gguf"),
                                QStringLiteral("--tokens"), tokens.join(u','),
                                QStringLiteral("--out"), out} +
                        more);
            return ran.status == 0 ? floatsOf(contentOf(out)) : std::vector<float>();
        };
        const auto want = floatsOf(contentOf(base + QStringLiteral(".logits.f32")));
        const auto exact = logits(cut + QStringList{QStringLiteral("--exact")});
        QVERIFY(largestDifference(exact, want) <= 1e-4F);
        // Generated tokens have their own arithmetic, unless it is exact.
        const QStringList generated =
            cut + QStringList{QStringLiteral("--kind"), QStringLiteral("generated")};
        QVERIFY(std::isfinite(largestDifference(logits(generated), want)));
        QVERIFY(logits(generated) != logits(cut));
        QVERIFY(largestDifference(logits(generated + QStringList{QStringLiteral("--exact")}),
                                  want) <= 1e-4F);
        // --exact does something: without it, activations and KV are narrower.
        QVERIFY(largestDifference(logits(cut), want) > largestDifference(exact, want));
    }

    void logitsRefusesWhatItCannotDo()
    {
        const QString model = writtenModel("smollm");
        const QString out = m_folder.filePath(QStringLiteral("refused.f32"));
        const auto logits = [&](const char* tokens, const QString& file,
                                const QStringList& more = {}) {
            return run("cloister-model",
                       QStringList{QStringLiteral("logits"), model, QStringLiteral("--tokens"),
                                   QString::fromLatin1(tokens), QStringLiteral("--out"), file} +
                           more);
        };
        QCOMPARE(logits("1,2,x", out).status, 2);
        QCOMPARE(logits("", out).status, 2);
        QCOMPARE(logits("1,2", out, {QStringLiteral("--chunk"), QStringLiteral("0")}).status, 2);
        QCOMPARE(logits("1,2", out, {QStringLiteral("--kind"), QStringLiteral("x")}).status, 2);
        QCOMPARE(logits("1,2", out, {QStringLiteral("--tier"), QStringLiteral("x")}).status, 2);
        const Ran foreign = logits("1,261", out);
        QCOMPARE(foreign.status, 1);
        QVERIFY2(foreign.err.contains("261"), foreign.err.constData());
        QVERIFY(!QFile::exists(out));
        QCOMPARE(logits("1,2", QStringLiteral("/nowhere/at/all.f32")).status, 1);
        QCOMPARE(logits("1,2", out).status, 0); // the control
        QCOMPARE(QFile(out).size(), qint64(2 * 261 * 4));
    }

    void aFileWithoutAVocabularyStillComputes_data()
    {
        QTest::addColumn<QByteArray>("preTokenizer");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("none") << QByteArray() << QByteArray("no vocabulary");
        QTest::newRow("a foreign pre-tokenizer") << QByteArray("runic") << QByteArray("runic");
    }

    void aFileWithoutAVocabularyStillComputes()
    {
        QFETCH(QByteArray, preTokenizer);
        QFETCH(QByteArray, says);
        const QString model = writtenModel(preTokenizer.constData());
        const QString out = m_folder.filePath(QStringLiteral("some.f32"));
        const QString like = m_folder.filePath(QStringLiteral("like.f32"));
        const auto logits = [](const QString& file, const QString& to) {
            return run("cloister-model",
                       {QStringLiteral("logits"), file, QStringLiteral("--tokens"),
                        QStringLiteral("3,5,8"), QStringLiteral("--out"), to});
        };
        QCOMPARE(logits(model, out).status, 0);
        QCOMPARE(logits(writtenModel("smollm"), like).status, 0);
        QCOMPARE(contentOf(out).size(), qsizetype(3 * 261 * 4));
        QCOMPARE(contentOf(out), contentOf(like)); // the network is the same

        const Ran inspected = run("cloister-model", {QStringLiteral("inspect"), model});
        QCOMPARE(inspected.status, 0);
        QVERIFY(inspected.out.contains("no vocabulary of a kind that is read here"));
        QCOMPARE(run("cloister-model",
                     {QStringLiteral("bench"), model, QStringLiteral("--prompt"),
                      QStringLiteral("8"), QStringLiteral("--generate"), QStringLiteral("2"),
                      QStringLiteral("--repeat"), QStringLiteral("1")})
                     .status,
                 0);

        const QString prompt = m_folder.filePath(QStringLiteral("prompt"));
        writeFile(prompt, "the");
        for (const QStringList& call :
             {QStringList{QStringLiteral("tokenize"), model},
              QStringList{QStringLiteral("generate"), model, QStringLiteral("--prompt-file"),
                          prompt, QStringLiteral("--max-tokens"), QStringLiteral("3")}}) {
            const Ran refused = run("cloister-model", call, "the");
            QCOMPARE(refused.status, 1);
            QVERIFY(refused.out.isEmpty());
            QCOMPARE(refused.err.count('\n'), 1);
            QVERIFY2(refused.err.contains(says), refused.err.constData());
        }
    }

    void benchTellsItsFiguresAsJson()
    {
        const Ran ran =
            run("cloister-model",
                {QStringLiteral("bench"), writtenModel("smollm"), QStringLiteral("--prompt"),
                 QStringLiteral("24"), QStringLiteral("--generate"), QStringLiteral("6"),
                 QStringLiteral("--depth"), QStringLiteral("5"), QStringLiteral("--repeat"),
                 QStringLiteral("3"), QStringLiteral("--json")});
        QCOMPARE(ran.status, 0);
        QJsonParseError error;
        const QJsonDocument told = QJsonDocument::fromJson(ran.out, &error);
        QCOMPARE(error.error, QJsonParseError::NoError);
        const auto part = [&](const QString& name) { return told[name].toObject(); };
        for (const QString& name : {QStringLiteral("prefill"), QStringLiteral("decode")}) {
            QCOMPARE(part(name).keys(),
                     (QStringList{QStringLiteral("roofs"), QStringLiteral("tokens"),
                                  QStringLiteral("tokens_per_second")}));
            QCOMPARE(part(name)[u"roofs"].toArray().size(), 0);
            QVERIFY(part(name)[u"tokens_per_second"].toDouble() > 0.0);
        }
        QCOMPARE(part(QStringLiteral("prefill"))[u"tokens"].toInt(), 24);
        QCOMPARE(part(QStringLiteral("decode"))[u"tokens"].toInt(), 6);
        QCOMPARE(told[u"depth"].toInt(), 5);
        QCOMPARE(told[u"repeat"].toInt(), 3);
        QCOMPARE(told[u"kv"].toString(), QStringLiteral("f16-int8"));
        QCOMPARE(told[u"users"].toInt(), 1);
    }

    void benchMeasuresTheRoofsBeforeAndAfterEachTime()
    {
        const Ran ran =
            run("cloister-model",
                {QStringLiteral("bench"), writtenModel("smollm"), QStringLiteral("--prompt"),
                 QStringLiteral("0"), QStringLiteral("--generate"), QStringLiteral("2"),
                 QStringLiteral("--repeat"), QStringLiteral("1"), QStringLiteral("--threads"),
                 QStringLiteral("1"), QStringLiteral("--tier"), QStringLiteral("generic"),
                 QStringLiteral("--json"), QStringLiteral("--roofs")});
        QCOMPARE(ran.status, 0);
        const QJsonObject told = QJsonDocument::fromJson(ran.out).object();
        QCOMPARE(told[u"prefill"][u"roofs"].toArray().size(), 0);
        const QJsonArray roofs = told[u"decode"][u"roofs"].toArray();
        QCOMPARE(roofs.size(), 2);
        for (const QJsonValue& roof : roofs) {
            QCOMPARE(roof[u"read_gb_per_s"].toArray().size(), 1);
            QVERIFY(roof[u"read_gb_per_s"][0].toDouble() > 0);
            QCOMPARE(roof[u"tiers"].toArray().size(), 1);
            QCOMPARE(roof[u"tiers"][0][u"name"].toString(), QStringLiteral("generic"));
        }
    }

    void usersAndKeysAndValuesCanBeChosen()
    {
        const auto bench = [&](const char* users, const char* kv) {
            return run("cloister-model",
                       {QStringLiteral("bench"), writtenModel("smollm"), QStringLiteral("--prompt"),
                        QStringLiteral("0"), QStringLiteral("--generate"), QStringLiteral("3"),
                        QStringLiteral("--depth"), QStringLiteral("70"), QStringLiteral("--json"),
                        QStringLiteral("--repeat"), QStringLiteral("1"), QStringLiteral("--users"),
                        QString::fromLatin1(users), QStringLiteral("--kv"),
                        QString::fromLatin1(kv)});
        };
        for (const char* kv : {"f16", "bf16", "int8", "f16-int8"}) {
            const Ran ran = bench("5", kv);
            QVERIFY2(ran.status == 0, ran.err.constData());
            const QJsonDocument told = QJsonDocument::fromJson(ran.out);
            QCOMPARE(told[u"users"].toInt(), 5);
            QCOMPARE(told[u"kv"].toString(), QString::fromLatin1(kv));
            QVERIFY(told[u"decode"][u"tokens_per_second"].toDouble() > 0);
        }
        QCOMPARE(bench("5", "f12").status, 2);
        QCOMPARE(bench("0", "f16").status, 2);
    }

    void tierCanBeForced()
    {
        const auto bench = [&](const QString& tier) {
            return run("cloister-model",
                       {QStringLiteral("bench"), writtenModel("smollm"), QStringLiteral("--prompt"),
                        QStringLiteral("3"), QStringLiteral("--repeat"), QStringLiteral("1"),
                        QStringLiteral("--json"), QStringLiteral("--tier"), tier});
        };
        const Ran forced = bench(QStringLiteral("generic"));
        QCOMPARE(forced.status, 0);
        QCOMPARE(QJsonDocument::fromJson(forced.out)[u"kernels"].toString(),
                 QStringLiteral("generic"));
        const Ran refused = bench(QStringLiteral("abacus"));
        QCOMPARE(refused.status, 2);
        QVERIFY2(refused.err.contains("generic"), refused.err.constData());
    }

    void roofsAreToldForEveryThreadCountAndTier()
    {
        const QStringList small{QStringLiteral("roofs"), QStringLiteral("--threads"),
                                QStringLiteral("2"), QStringLiteral("--mebibytes"),
                                QStringLiteral("4")};
        const Ran ran = run("cloister-model", small + QStringList{QStringLiteral("--json")});
        QCOMPARE(ran.status, 0);
        const QJsonObject roofs = QJsonDocument::fromJson(ran.out).object();
        QCOMPARE(roofs[u"read_gb_per_s"].toArray().size(), 2);
        QVERIFY(roofs[u"read_gb_per_s"].toArray()[1].toDouble() > 0);
        const QJsonArray tiers = roofs[u"tiers"].toArray();
        QCOMPARE(tiers[0].toObject()[u"name"].toString(), QStringLiteral("generic"));
        for (const QJsonValue& tier : tiers) {
            QCOMPARE(tier[u"int8_gops"].toArray().size(), 2);
            QVERIFY(tier[u"int8_gops"].toArray()[0].toDouble() > 0);
            QVERIFY(tier[u"f32_gflops"].toArray()[1].toDouble() > 0);
        }
        QVERIFY(run("cloister-model", small).out.contains("generic: int8 ["));
        const auto oneTier = [&small](const QString& name) {
            return run("cloister-model", small + QStringList{QStringLiteral("--tier"), name,
                                                             QStringLiteral("--json")});
        };
        const QJsonObject one =
            QJsonDocument::fromJson(oneTier(QStringLiteral("generic")).out).object();
        QCOMPARE(one[u"threads"].toInt(), 2);
        QCOMPARE(one[u"read_gb_per_s"].toArray().size(), 1);
        QCOMPARE(one[u"tiers"].toArray().size(), 1);
        QCOMPARE(one[u"tiers"][0][u"f32_gflops"].toArray().size(), 1);
        QCOMPARE(oneTier(QStringLiteral("abacus")).status, 2);
        QCOMPARE(run("cloister-model", small + QStringList{writtenModel("smollm")}).status, 2);
        QCOMPARE(run("cloister-model", {QStringLiteral("bench")}).status, 2);
    }

    void benchWantsSomethingToMeasure()
    {
        const auto bench = [&](const QString& prompt, const QString& generate) {
            return run("cloister-model",
                       {QStringLiteral("bench"), writtenModel("smollm"), QStringLiteral("--prompt"),
                        prompt, QStringLiteral("--generate"), generate, QStringLiteral("--repeat"),
                        QStringLiteral("1")});
        };
        const QString none = QStringLiteral("0");
        const QString some = QStringLiteral("3");
        const Ran refused = bench(none, none);
        QCOMPARE(refused.status, 2);
        QVERIFY(refused.out.isEmpty());
        QVERIFY(refused.err.contains("nothing to measure"));
        QCOMPARE(bench(some, none).status, 0);
        QCOMPARE(bench(none, some).status, 0);
    }

    void aSeedMakesTheSameTextAgain()
    {
        const QString model = writtenModel("smollm");
        const QString prompt = m_folder.filePath(QStringLiteral("prompt"));
        writeFile(prompt, "the words");
        const auto text = [&](const char* temperature, const char* seed) {
            const Ran ran = run("cloister-model",
                                {QStringLiteral("generate"), model, QStringLiteral("--prompt-file"),
                                 prompt, QStringLiteral("--max-tokens"), QStringLiteral("40"),
                                 QStringLiteral("--temperature"), QString::fromLatin1(temperature),
                                 QStringLiteral("--seed"), QString::fromLatin1(seed)});
            return ran.status == 0 ? ran.out : QByteArray();
        };
        const QByteArray first = text("1.5", "7");
        QVERIFY(!first.isEmpty());
        QCOMPARE(text("1.5", "7"), first);
        QVERIFY(text("1.5", "8") != first);
        QVERIFY(text("0", "7") != first);
        QCOMPARE(text("0", "8"), text("0", "7")); // greedy draws nothing
        QVERIFY(text("-1", "7").isEmpty());
    }

private:
    [[nodiscard]] QString writtenModel(const char* preTokenizer) const
    {
        const QString path = m_folder.filePath(
            QStringLiteral("model-%1.gguf").arg(QString::fromLatin1(preTokenizer)));
        if (!QFile::exists(path))
            writeFile(path, QByteArray::fromStdString(support::tinyModel(preTokenizer)));
        return path;
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestModelProgramNumbers)
#include "tst_model_program_numbers.moc"
