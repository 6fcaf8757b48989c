// SPDX-License-Identifier: Apache-2.0
// What becomes of the text of a question that is refused, stopped or interrupted.
#include "tests/app/open_window.h"

class TestQuestions : public QObject, private OpenWindow {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { prepare(); }
    void init() { open(); }
    void cleanup() { m_window.reset(); }

    void aRefusedQuestionComesBackToTheInput_data()
    {
        QTest::addColumn<QString>("code");
        for (const char* code :
             {"busy", "conflict", "too_many_requests", "locked", "not_admitted",
              "audit_unavailable", "unreachable", "interrupted", "too_large", "internal"})
            QTest::newRow(code) << QString::fromLatin1(code);
    }

    void aRefusedQuestionComesBackToTheInput()
    {
        QFETCH(QString, code);
        openAda();
        auto& edit = m_window->desk().questionEdit();
        ask(QStringLiteral("why stopped"));
        QVERIFY(edit.toPlainText().isEmpty());
        QTest::keyClicks(&edit, QStringLiteral("and now"));
        Q_EMIT m_backend.questionFailed(m_backend.lastAsk, {.code = code});
        QCOMPARE(edit.toPlainText(), QStringLiteral("why stopped\nand now"));
        QVERIFY(!m_window->desk().busy());
        QVERIFY(everyWord().contains(QStringLiteral("back in the input")));
    }

    void aQuestionThatTheServiceKeepsIsNotTypedAgain()
    {
        openAda();
        auto& edit = m_window->desk().questionEdit();
        ask(QStringLiteral("why"));
        accept();
        Q_EMIT m_backend.questionFailed(m_backend.lastAsk,
                                        {.code = QStringLiteral("engine_failed")});
        QVERIFY(edit.toPlainText().isEmpty()); // it stands in the conversation
        QVERIFY(!everyWord().contains(QStringLiteral("back in the input")));
    }

    void aQuestionAfterStopIsNotLostWhenTheServiceIsStillBusy()
    {
        openAda();
        auto& edit = m_window->desk().questionEdit();
        ask(QStringLiteral("first"));
        accept();
        QTest::keyClicks(&edit, QStringLiteral("second"));
        QTest::keyClick(&edit, Qt::Key_Return, Qt::ControlModifier); // not while one is answered
        QCOMPARE(edit.toPlainText(), QStringLiteral("second"));
        QTest::keyClick(&edit, Qt::Key_Escape);
        QCOMPARE(edit.toPlainText(), QStringLiteral("second"));
        QTest::keyClick(&edit, Qt::Key_Return, Qt::ControlModifier);
        Q_EMIT m_backend.questionFailed(m_backend.lastAsk, {.code = QStringLiteral("conflict")});
        QCOMPARE(edit.toPlainText(), QStringLiteral("second"));
        QVERIFY(everyWord().contains(QStringLiteral("last question is still")));
    }

    void stoppingBeforeTheServiceHasTheQuestionGivesItBack()
    {
        openAda();
        auto& edit = m_window->desk().questionEdit();
        ask(QStringLiteral("why"));
        QTest::keyClick(&edit, Qt::Key_Escape);
        QCOMPARE(edit.toPlainText(), QStringLiteral("why"));
    }

    void aSessionThatEndsKeepsTheQuestionForItsUser()
    {
        openAda();
        ask(QStringLiteral("since when zzz"));
        Q_EMIT m_backend.sessionEnded({.code = QStringLiteral("locked")});
        QVERIFY(m_window->locked());
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        QVERIFY(!everyWord().contains(QStringLiteral("since when zzz")));
        signIn();
        QCOMPARE(m_window->desk().draft(), QStringLiteral("since when zzz"));
    }

    void aTaskDoesNotOverwriteWhatIsTyped()
    {
        openAda();
        auto& desk = m_window->desk();
        QTest::keyClicks(&desk.questionEdit(), QStringLiteral("half a question"));
        desk.useTask({QStringLiteral("t"), QStringLiteral("Why was … stopped?")});
        QCOMPARE(desk.draft(), QStringLiteral("half a question\nWhy was … stopped?"));
        QTest::keyClicks(&desk.questionEdit(), QStringLiteral("x"));
        QVERIFY(desk.draft().endsWith(QStringLiteral("Why was x stopped?")));
        desk.useTask({QStringLiteral("t"), QStringLiteral("What allergies?")});
        QVERIFY(m_backend.calls.contains(QStringLiteral("ask p1: What allergies?")));
        QVERIFY(desk.draft().startsWith(QStringLiteral("half a question")));
    }
};

QTEST_MAIN(TestQuestions)
#include "tst_questions.moc"
