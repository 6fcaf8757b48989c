// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/engine/run_program.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

class TestModelProgram : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        m_model = m_folder.filePath(QStringLiteral("tiny.gguf"));
        writeFile(m_model, QByteArray::fromStdString(support::tinyModel()));
    }

    void inspectsAFile()
    {
        const Ran ran = run("cloister-model", {QStringLiteral("inspect"), m_model});
        QCOMPARE(ran.status, 0);
        QVERIFY(ran.out.contains("general.architecture = llama\n"));
        QVERIFY(ran.out.contains("blk.1.ffn_down.weight  F32  128 x 64\n"));
        QVERIFY(ran.out.contains("vocabulary of 261 tokens\n"));
    }

    void tokenizesAndBack()
    {
        const QByteArray text("the K\xc3\xa4\n\0<|im_end|>", 19);
        const Ran plain = run("cloister-model", {QStringLiteral("tokenize"), m_model}, text);
        QCOMPARE(plain.status, 0);
        QVERIFY(plain.out.endsWith('\n') && !plain.out.contains("  "));
        const Ran special =
            run("cloister-model",
                {QStringLiteral("tokenize"), m_model, QStringLiteral("--special")}, text);
        QCOMPARE(special.status, 0);
        QVERIFY(special.out.endsWith(" 2\n"));
        QVERIFY(!plain.out.endsWith(" 2\n"));
        for (const Ran& ran : {plain, special}) {
            const Ran back =
                run("cloister-model", {QStringLiteral("detokenize"), m_model}, ran.out);
            QCOMPARE(back.status, 0);
            QCOMPARE(back.out, text);
        }
        QCOMPARE(run("cloister-model", {QStringLiteral("detokenize"), m_model}, "1 x").status, 1);
        QCOMPARE(run("cloister-model", {QStringLiteral("detokenize"), m_model}, "261").status, 1);
    }

    void generates()
    {
        const QString prompt = m_folder.filePath(QStringLiteral("prompt.txt"));
        writeFile(prompt, "Which value is the latest?");
        const QStringList base{QStringLiteral("generate"), m_model, QStringLiteral("--prompt-file"),
                               prompt, QStringLiteral("--max-tokens")};
        const Ran once = run("cloister-model", base + QStringList{QStringLiteral("30")});
        QCOMPARE(once.status, 0);
        QCOMPARE(once.out.size(), 31);
        QVERIFY(once.err.startsWith("prompt 24 tokens"));
        QCOMPARE(run("cloister-model", base + QStringList{QStringLiteral("30")}).out, once.out);
        const Ran chat = run("cloister-model",
                             base + QStringList{QStringLiteral("30"), QStringLiteral("--chat")});
        QCOMPARE(chat.status, 0);
        QVERIFY(chat.out != once.out);

        const Ran tooLong = run("cloister-model", base + QStringList{QStringLiteral("5000")});
        QCOMPARE(tooLong.status, 1);
        QVERIFY(tooLong.out.isEmpty());
        QCOMPARE(tooLong.err,
                 QByteArray(
                     "cloister-model: 24 prompt tokens and up to 5000 of the answer are 5024, the "
                     "context holds 4096.\n"));
    }

    void saysWhatIsWrong()
    {
        QCOMPARE(run("cloister-model", {}).status, 2);
        QCOMPARE(run("cloister-model", {QStringLiteral("fly"), m_model}).status, 2);
        QCOMPARE(run("cloister-model", {QStringLiteral("tokenize"), m_model, QStringLiteral("--x")})
                     .status,
                 2);
        QCOMPARE(run("cloister-model", {QStringLiteral("generate"), m_model}).status, 2);
        const Ran absent =
            run("cloister-model", {QStringLiteral("inspect"), QStringLiteral("/nowhere/x.gguf")});
        QCOMPARE(absent.status, 1);
        QCOMPARE(absent.err.count('\n'), 1);
        const QString cut = m_folder.filePath(QStringLiteral("cut.gguf"));
        writeFile(cut, QByteArray::fromStdString(support::tinyModel().substr(0, 1000)));
        const Ran damaged = run("cloister-model", {QStringLiteral("inspect"), cut});
        QCOMPARE(damaged.status, 1);
        QVERIFY2(damaged.err.contains(" at byte "), damaged.err.constData());
    }

    void engineDeniesWhatItMust()
    {
        const Ran inside = run("cloister-engine", {QStringLiteral("--probe-sandbox")});
        QCOMPARE(inside.status, 0);
        QVERIFY(inside.out.count("denied") >= 20);
        QVERIFY2(!inside.out.contains("allowed"), inside.out.constData());
        const Ran outside = run("cloister-engine", {QStringLiteral("--probe-sandbox=outside")});
        QCOMPARE(outside.out.count("allowed"), inside.out.count("denied"));
        QVERIFY2(!outside.out.contains("denied"), outside.out.constData());
        QCOMPARE(run("cloister-engine", {}).status, 2);
        QCOMPARE(run("cloister-engine", {QStringLiteral("socket=3"), QStringLiteral("answer=/x")})
                     .status,
                 2);
    }

    void engineRefusesToStartUnsandboxed()
    {
        // With a sandbox it goes on and finds that descriptor 4 is no model: status 4.
        const QStringList engine{QStringLiteral(PROGRAMS "/cloister-engine"),
                                 QStringLiteral("socket=3"), QStringLiteral("answer=4")};
        QProcess unprotected;
        unprotected.start(QStringLiteral(PROBE),
                          QStringList{QStringLiteral("without-filters")} + engine);
        QVERIFY(unprotected.waitForFinished(60000));
        QCOMPARE(unprotected.exitCode(), 3);
        QVERIFY(unprotected.readAllStandardError().contains("filter was refused"));
        const Ran control = run("cloister-engine", engine.mid(1));
        QCOMPARE(control.status, 4);
    }

private:
    QTemporaryDir m_folder;
    QString m_model;
};

QTEST_GUILESS_MAIN(TestModelProgram)
#include "tst_model_program.moc"
