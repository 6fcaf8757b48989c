// SPDX-License-Identifier: Apache-2.0
// cloister-model: kinds of keys and values; int8 keys with a check alone; room for them.
#include "inference/kernels/tier.h"
#include "tests/inference/engine/run_program.h"
#include "tests/support/tiny_model.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>

namespace fs = std::filesystem;

class TestModelKeys : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        writeModel(support::tinyModelWithKeyBias({}));
        writeFile(path("prompt.txt"), "Which value is the latest?");
    }

    void int8KeysWantACheck()
    {
        const Ran refused = generate({QStringLiteral("--keys"), QStringLiteral("int8")});
        QCOMPARE(refused.status, 1);
        QVERIFY(refused.out.isEmpty());
        QVERIFY2(refused.err.contains("cloister-model check-keys"), refused.err.constData());
        const Ran checked = check();
        QVERIFY2(checked.status == 0, checked.err.constData());
        QVERIFY2(checked.out.startsWith("int8 keys: 2 of 2 layers: 0-1\nwith these: mean KL "),
                 checked.out.constData());
        const Ran allowed = generate({QStringLiteral("--keys"), QStringLiteral("int8")});
        QVERIFY2(allowed.status == 0, allowed.err.constData());
        // Every verb that loads a model.
        for (const QStringList& verb :
             {QStringList{QStringLiteral("bench"), QStringLiteral("--prompt"), QStringLiteral("8"),
                          QStringLiteral("--generate"), QStringLiteral("2")},
              QStringList{QStringLiteral("logits"), QStringLiteral("--tokens"),
                          QStringLiteral("70,71"), QStringLiteral("--out"), path("out.f32")}}) {
            QCOMPARE(runVerb(verb, QStringLiteral("int8"), "packs").status, 0);
            const Ran elsewhere = runVerb(verb, QStringLiteral("int8"), "other");
            QCOMPARE(elsewhere.status, 1);
            QVERIFY(elsewhere.err.contains("check-keys"));
            QCOMPARE(runVerb(verb, QStringLiteral("bf16"), "other").status, 0);
        }
    }

    void aModelThatDoesNotBearThemIsRefused()
    {
        writeModel(support::tinyModelWithKeyBias({300.0F, 300.0F}));
        const Ran checked = check();
        QCOMPARE(checked.status, 0);
        QVERIFY2(checked.out.startsWith("int8 keys: 0 of 2 layers\nwith all: "),
                 checked.out.constData());
        const Ran refused = generate({QStringLiteral("--keys"), QStringLiteral("int8")});
        QCOMPARE(refused.status, 1);
        QVERIFY2(refused.err.contains("does not bear int8 keys"), refused.err.constData());
        QCOMPARE(generate({QStringLiteral("--keys"), QStringLiteral("bf16")}).status, 0);
        // One layer is enough.
        writeModel(support::tinyModelWithKeyBias({300.0F, 0.0F}));
        QVERIFY(check().out.startsWith("int8 keys: 1 of 2 layers: 1\n"));
        QCOMPARE(generate({QStringLiteral("--keys"), QStringLiteral("int8")}).status, 0);
    }

    void aVerdictOfSomethingElseIsNone_data()
    {
        QTest::addColumn<int>("kind");
        QTest::newRow("damaged") << 0;
        QTest::newRow("cut off") << 1;
        QTest::newRow("of another model") << 2;
        QTest::newRow("a model that was written to") << 3;
        QTest::newRow("empty") << 4;
    }

    void aVerdictOfSomethingElseIsNone()
    {
        QFETCH(int, kind);
        QCOMPARE(check().status, 0);
        const fs::path file = onlyVerdict();
        QVERIFY(!file.empty());
        QCOMPARE(generate({QStringLiteral("--keys"), QStringLiteral("int8")}).status, 0); // control
        QFile verdict(QString::fromStdString(file.string()));
        QVERIFY(verdict.open(QIODevice::ReadWrite));
        QByteArray line = verdict.readAll();
        verdict.close();
        QVERIFY(line.startsWith("cloister-keys 1 ") && line.endsWith('\n'));
        if (kind == 0)
            line[40] = line[40] == '0' ? '1' : '0';
        if (kind == 1)
            line.truncate(60);
        if (kind == 4)
            line.clear();
        if (kind == 2) {
            writeModel(support::tinyModelWithKeyBias({0.25F, 0.0F}));
            QCOMPARE(check().status, 0);
            fs::remove(file);
            writeFile(QString::fromStdString(onlyVerdict().string()), line);
        } else if (kind == 3) {
            writeModel(support::tinyModelWithKeyBias({0.25F, 0.0F}));
        } else {
            writeFile(QString::fromStdString(file.string()), line);
        }
        const Ran refused = generate({QStringLiteral("--keys"), QStringLiteral("int8")});
        QCOMPARE(refused.status, 1);
        QVERIFY2(refused.err.contains("check-keys"), refused.err.constData());
        QCOMPARE(check().status, 0);
        QCOMPARE(generate({QStringLiteral("--keys"), QStringLiteral("int8")}).status, 0);
    }

    /// Then it is shown alone, and nothing of whoever runs it is touched.
    void aVerdictWithoutAFolderIsShown_data()
    {
        QTest::addColumn<QStringList>("where");
        QTest::newRow("none wanted") << QStringList{QStringLiteral("--no-pack")};
        QTest::newRow("a folder below a file")
            << QStringList{QStringLiteral("--pack-folder"), QStringLiteral("prompt.txt/packs")};
    }

    void aVerdictWithoutAFolderIsShown()
    {
        QFETCH(QStringList, where);
        const auto checked = [&] {
            return run("cloister-model",
                       QStringList{QStringLiteral("check-keys"), path("tiny.gguf")} + where, {},
                       m_folder->path());
        };
        const Ran first = checked();
        QCOMPARE(first.status, 0);
        QVERIFY2(first.out.startsWith("int8 keys: 2 of 2 layers"), first.out.constData());
        QVERIFY2(first.err.contains("shown and not kept"), first.err.constData());
        QVERIFY(!check().err.contains("kept")); // the control
        QVERIFY(!QFile::exists(path(".new")));
        writeFile(path(".new"), "somebody's");
        QCOMPARE(checked().status, 0);
        QFile file(path(".new"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("somebody's"));
    }

    void aVerdictThatCantBeWrittenIsShown()
    {
        QCOMPARE(check().status, 0);
        const fs::path file = onlyVerdict();
        fs::remove(file);
        fs::create_directory(file);
        writeFile(QString::fromStdString((file / "full").string()), "");
        const Ran checked = check();
        QCOMPARE(checked.status, 0);
        QVERIFY(checked.out.startsWith("int8 keys: 2 of 2 layers"));
        QVERIFY2(checked.err.contains("not kept"), checked.err.constData());
        for (const auto& entry : fs::directory_iterator(path("packs").toStdString()))
            QVERIFY(entry.path().extension() != ".new");
    }

    /// A check counts for its kernels and values alone; the refusal names the one that is wanted.
    void aCheckIsOfItsKernelsAndValues_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("values") << QStringList{QStringLiteral("--values"), QStringLiteral("f16")};
        for (const kernels::Tier tier : kernels::availableTiers())
            if (tier != kernels::bestTier())
                QTest::newRow(std::string(kernels::nameOf(tier)).c_str()) << QStringList{
                    QStringLiteral("--tier"), QString::fromLatin1(kernels::nameOf(tier).data())};
    }

    void aCheckIsOfItsKernelsAndValues()
    {
        QFETCH(QStringList, options);
        const QStringList verb{QStringLiteral("logits"), QStringLiteral("--tokens"),
                               QStringLiteral("70,71"), QStringLiteral("--out"), path("out.f32")};
        QCOMPARE(check().status, 0);
        QCOMPARE(runVerb(verb, QStringLiteral("int8"), "packs").status, 0);
        const Ran refused = runVerb(verb + options, QStringLiteral("int8"), "packs");
        QCOMPARE(refused.status, 1);
        const QByteArray wanted = "check-keys FILE " + options.join(u' ').toLatin1() + ".\n";
        QVERIFY2(refused.err.endsWith(wanted), refused.err.constData());
        const Ran checked = check(options);
        QVERIFY2(checked.status == 0, checked.err.constData());
        QCOMPARE(runVerb(verb + options, QStringLiteral("int8"), "packs").status, 0);
        // It took the other's place.
        QVERIFY(runVerb(verb, QStringLiteral("int8"), "packs").err.endsWith("check-keys FILE.\n"));
    }

    void kindsThatMakeNoSenseAreMisuse()
    {
        const QStringList exact{QStringLiteral("logits"), QStringLiteral("--tokens"),
                                QStringLiteral("70"),     QStringLiteral("--out"),
                                path("out.f32"),          QStringLiteral("--exact")};
        const Ran never = runVerb(exact, QStringLiteral("int8"), "packs");
        QCOMPARE(never.status, 2);
        QVERIFY2(never.err.contains("--exact"), never.err.constData());
        QCOMPARE(runVerb(exact, QStringLiteral("f16"), "packs").status, 0);
        QCOMPARE(check({QStringLiteral("--tier"), QStringLiteral("none")}).status, 2);
        QCOMPARE(check({QStringLiteral("--values"), QStringLiteral("f32")}).status, 2);
        for (const char* option : {"--keys", "--values"}) {
            QCOMPARE(generate({QString::fromLatin1(option), QStringLiteral("f32")}).status, 2);
            for (const char* kind : {"f16", "bf16"})
                QCOMPARE(generate({QString::fromLatin1(option), QString::fromLatin1(kind)}).status,
                         0);
        }
        QCOMPARE(runVerb({QStringLiteral("bench"), QStringLiteral("--kv"), QStringLiteral("f16")},
                         QStringLiteral("f16"), "packs")
                     .status,
                 2);
    }

    void whatDoesNotFitTheMemoryIsRefusedWithTheNumbers()
    {
        // A GiB or so of keys and values, of which nothing is ever taken where they are refused.
        const auto bench = [&](const char* users, const char* megabytes) {
            return runVerb({QStringLiteral("bench"), QStringLiteral("--prompt"),
                            QStringLiteral("0"), QStringLiteral("--generate"), QStringLiteral("1"),
                            QStringLiteral("--repeat"), QStringLiteral("1"),
                            QStringLiteral("--depth"), QStringLiteral("64"),
                            QStringLiteral("--users"), QString::fromLatin1(users),
                            QStringLiteral("--memory-mb"), QString::fromLatin1(megabytes)},
                           QStringLiteral("f16"), "packs");
        };
        const Ran refused = bench("256", "159");
        QCOMPARE(refused.status, 1);
        QVERIFY2(refused.err.contains("keys and values of 24576 tokens") &&
                     refused.err.contains("159 MB are left of"),
                 refused.err.constData());
        QCOMPARE(bench("2", "159").status, 0); // controls
        QCOMPARE(bench("256", "400").status, 0);
        const Ran tooSmall = bench("2", "100"); // for the model itself
        QCOMPARE(tooSmall.status, 1);
        QVERIFY2(tooSmall.err.contains("100 MB are left of"), tooSmall.err.constData());
        QCOMPARE(bench("2", "0").status, 2);
    }

    /// Two schedulers answer by turns, each with pages of its own.
    void guessesCountTheirPagesToo()
    {
        QVERIFY(fs::create_directory(path("prompts").toStdString()));
        writeFile(path("prompts/one.txt"), "Which value is the latest?");
        const auto guesses = [&](const char* tokens) {
            return runVerb({QStringLiteral("guesses"), QStringLiteral("--prompts"), path("prompts"),
                            QStringLiteral("--repeat"), QStringLiteral("1"),
                            QStringLiteral("--max-tokens"), QString::fromLatin1(tokens),
                            QStringLiteral("--memory-mb"), QStringLiteral("159")},
                           QStringLiteral("f16"), "packs");
        };
        const Ran refused = guesses("100000");
        QCOMPARE(refused.status, 1);
        QVERIFY2(refused.err.contains("keys and values of") &&
                     refused.err.contains("159 MB are left of"),
                 refused.err.constData());
        const Ran allowed = guesses("8"); // the control
        QVERIFY2(allowed.status == 0, allowed.err.constData());
    }

private:
    [[nodiscard]] QString path(const char* name) const
    {
        return m_folder->filePath(QString::fromLatin1(name));
    }
    void writeModel(const std::string& bytes) const
    {
        writeFile(path("tiny.gguf"), QByteArray::fromStdString(bytes));
    }
    [[nodiscard]] Ran check(const QStringList& more = {}) const
    {
        return run("cloister-model", QStringList{QStringLiteral("check-keys"), path("tiny.gguf"),
                                                 QStringLiteral("--pack-folder"), path("packs")} +
                                         more);
    }
    [[nodiscard]] Ran runVerb(const QStringList& verb, const QString& keys, const char* packs) const
    {
        return run("cloister-model",
                   verb + QStringList{path("tiny.gguf"), QStringLiteral("--keys"), keys,
                                      QStringLiteral("--pack-folder"), path(packs)});
    }
    [[nodiscard]] Ran generate(const QStringList& more) const
    {
        QStringList arguments{QStringLiteral("generate"),      path("tiny.gguf"),
                              QStringLiteral("--prompt-file"), path("prompt.txt"),
                              QStringLiteral("--max-tokens"),  QStringLiteral("5"),
                              QStringLiteral("--pack-folder"), path("packs")};
        return run("cloister-model", arguments + more);
    }
    /// Empty when there is none or more than one.
    [[nodiscard]] fs::path onlyVerdict() const
    {
        fs::path only;
        for (const auto& entry : fs::directory_iterator(path("packs").toStdString())) {
            if (entry.path().extension() != ".keys")
                continue;
            if (!only.empty())
                return {};
            only = entry.path();
        }
        return only;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestModelKeys)
#include "tst_model_keys.moc"
