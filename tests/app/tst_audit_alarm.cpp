// SPDX-License-Identifier: Apache-2.0
// What the client does when the audit log does not prove itself at sign-in.
#include "tests/app/open_window.h"

#include "app/frame/notice.h"

#include <QMessageBox>
#include <QPushButton>
#include <QRegularExpression>

class TestAuditAlarm : public QObject, private OpenWindow {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { prepare(); }
    void init() { open(); }
    void cleanup() { m_window.reset(); }

    void warnsOfAnAuditLogThatChanged()
    {
        m_backend.witness = app::WitnessVerdict::HistoryChanged;
        signIn();
        QVERIFY(m_window->notice().sentence().contains(QStringLiteral("removed or altered")));
        Q_EMIT m_backend.serviceFound({});
        QVERIFY(!m_window->notice().sentence().isEmpty()); // it does not go away by itself
        auto* box = m_window->findChild<QMessageBox*>();
        QVERIFY(box != nullptr && box->isModal());
        QTest::keyClick(box, Qt::Key_Return); // the default is to leave
        QTRY_VERIFY(m_window->locked());
        QVERIFY(m_backend.calls.contains(QStringLiteral("signOut")));
    }

    void opensNothingBeforeTheAlarmIsAccepted()
    {
        openAda();
        QTest::keyClicks(&m_window->desk().questionEdit(), QStringLiteral("half a question"));
        m_window->lock();
        m_backend.calls.clear();
        m_backend.witness = app::WitnessVerdict::KeyChanged;
        signIn();
        m_window->lock(); // as when nobody touches the alarm: it must lock like anything else
        QVERIFY(m_window->locked());
        QVERIFY(m_backend.calls.contains(QStringLiteral("lock")));
        QVERIFY(openBox() == nullptr);
        signIn();
        QTest::keyClick(m_window.get(), Qt::Key_P, Qt::ControlModifier);
        Q_EMIT m_backend.patientOpened(fixtures::ada()); // an answer that nobody waits for
        const QStringList patientCalls = m_backend.calls.filter(
            QRegularExpression(QStringLiteral("^(open|search|conversation|document|original) ")));
        QCOMPARE(patientCalls, QStringList());
        QVERIFY(!everyWord().contains(QStringLiteral("OKONKWO")));
        QMessageBox* box = openBox();
        QVERIFY(box != nullptr);
        for (QAbstractButton* button : box->buttons()) {
            if (box->buttonRole(button) == QMessageBox::AcceptRole)
                button->click();
        }
        QTRY_COMPARE(m_window->desk().patient(), QStringLiteral("p1")); // control: then it opens
        QCOMPARE(m_window->desk().draft(), QStringLiteral("half a question"));
        QVERIFY(m_window->notice().sentence().contains(QStringLiteral("another key")));
    }

    void leavesWhenTheAlarmIsClosedWithoutAButton()
    {
        m_backend.witness = app::WitnessVerdict::BadSignature;
        signIn();
        QMessageBox* box = openBox();
        QVERIFY(box != nullptr);
        box->close();
        QTRY_VERIFY(m_window->locked());
        QVERIFY(m_backend.calls.contains(QStringLiteral("signOut")));
        QVERIFY(m_backend.calls.filter(QStringLiteral("search")).isEmpty());
    }

    void keepsAnAlarmBeforePassingNotices()
    {
        using Kind = app::Notice::Kind;
        app::Notice& notice = m_window->notice();
        notice.tell(QStringLiteral("log altered"), Kind::Alarm);
        Q_EMIT m_backend.requestFailed({.code = QStringLiteral("not_found")});
        notice.tell(QStringLiteral("full disk"), Kind::Passing);
        QCOMPARE(notice.sentence(), QStringLiteral("log altered"));
        auto* dismiss = notice.findChild<QPushButton*>();
        dismiss->click();
        QCOMPARE(notice.sentence(), QStringLiteral("full disk"));
        notice.tell(QStringLiteral("no answer"),
                    Kind::Passing); // control: these replace each other
        QCOMPARE(notice.sentence(), QStringLiteral("no answer"));
        dismiss->click();
        QVERIFY(notice.sentence().isEmpty());
        notice.tell(QStringLiteral("log altered"), Kind::Alarm);
        notice.tell(QStringLiteral("no answer"), Kind::Passing);
        notice.calm(); // it answers again
        QCOMPARE(notice.sentence(), QStringLiteral("log altered"));
        dismiss->click();
        QVERIFY(notice.sentence().isEmpty());
    }

private:
    [[nodiscard]] QMessageBox* openBox() const
    {
        for (QMessageBox* box : m_window->findChildren<QMessageBox*>()) {
            if (box->isVisible())
                return box;
        }
        return nullptr;
    }
};

QTEST_MAIN(TestAuditAlarm)
#include "tst_audit_alarm.moc"
