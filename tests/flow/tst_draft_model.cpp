// SPDX-License-Identifier: Apache-2.0
// cloisterd --draft-model, as IT sets it: a second model that changes no answer, and a wrong one
// that costs none either.
#include "tests/flow/admin_program.h"
#include "tests/support/tiny_model.h"

#include <QtTest>

#include <fstream>

class TestDraftModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
        QCOMPARE(m_ward.init(), std::string());
        QCOMPARE(m_ward.import(m_made.bundle), std::string());
        m_plain = answer();
        QVERIFY(!m_plain.empty());
        QVERIFY(!status().contains("draft model"));
        QVERIFY(m_ward.stop());
    }

    void changesNoAnswer()
    {
        QVERIFY(startWith(support::tinyModel("smollm", 7)));
        QCOMPARE(answer(), m_plain);
        QVERIFY2(status().contains("\ndraft model   ready\n"), status().constData());
        QVERIFY(m_ward.stop());
        QVERIFY(!m_ward.standardError().contains("without the draft model"));
    }

    void aWrongOneIsNamedAndCostsNoAnswer_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("inStatus");
        QTest::addColumn<QByteArray>("inLog");
        QTest::newRow("another vocabulary")
            << QByteArray::fromStdString(support::tinyModel(""))
            << QByteArray("draft model   NOT USED: its vocabulary is not that of the model")
            << QByteArray("engine: works without the draft model: other_vocabulary");
        QTest::newRow("no model") << QByteArray("no model at all")
                                  << QByteArray("draft model   NOT USED: the file can't be read")
                                  << QByteArray("engine: works without the draft model: unusable");
        QTest::newRow("no file") << QByteArray()
                                 << QByteArray("draft model   NOT USED: the file can't be read")
                                 << QByteArray("engine: works without the draft model: the model "
                                               "file can't be opened");
    }

    void aWrongOneIsNamedAndCostsNoAnswer()
    {
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, inStatus);
        QFETCH(QByteArray, inLog);
        QVERIFY(startWith(content.toStdString()));
        QCOMPARE(answer(), m_plain);
        QVERIFY2(status().contains(inStatus), status().constData());
        QVERIFY(m_ward.stop());
        QVERIFY2(m_ward.standardError().contains(inLog), m_ward.standardError().constData());
    }

    void thereIsNoneWithoutAModel()
    {
        QProcess program;
        program.start(QStringLiteral(PROGRAMS "/cloisterd"),
                      {QStringLiteral("--state"), m_folder.filePath(QStringLiteral("none")),
                       QStringLiteral("--draft-model"), QStringLiteral("/dev/null")});
        QVERIFY(program.waitForFinished(30000));
        QCOMPARE(program.exitCode(), 2);
        QVERIFY(program.readAllStandardError().startsWith("usage: cloisterd"));
    }

private:
    /// With a draft model of that @p content; empty: one that is not there.
    bool startWith(const std::string& content)
    {
        const QString file = m_folder.filePath(QStringLiteral("draft.gguf"));
        QFile::remove(file);
        if (!content.empty())
            std::ofstream(file.toStdString(), std::ios::binary) << content;
        m_ward.extraOptions = {QStringLiteral("--draft-model"), file};
        return m_ward.start();
    }

    QByteArray status() { return flow::runAdmin(m_ward, {QStringLiteral("status")}).out; }

    /// What the model writes to a question that is the same in every start.
    std::string answer()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        if (!client)
            return {};
        const auto list = client->searchPatients(m_made.family, 10, 0);
        if (!list || list->patients.size() != 1)
            return {};
        const auto done = client->ask(
            list->patients.front().id,
            {.question = "Why was " + m_made.stoppedDrug + " stopped?", .maxTokens = 60}, {}, {});
        return done ? done->answer.text : std::string();
    }

    flow::Ward m_ward;
    flow::MadeUpPatient m_made = flow::makeUpPatient();
    QTemporaryDir m_folder;
    std::string m_plain;
};

QTEST_GUILESS_MAIN(TestDraftModel)
#include "tst_draft_model.moc"
