// SPDX-License-Identifier: Apache-2.0
#include "tests/app/open_window.h"

#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"
#include "app/chat/conversation_view.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/evidence/source_view.h"
#include "app/frame/notice.h"
#include "app/frame/side_pane.h"
#include "app/session_keeper.h"

#include <QListWidget>
#include <QMessageBox>
#include <QPushButton>
#include <QToolButton>

class TestMainWindow : public QObject, private OpenWindow {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { prepare(); }
    void init() { open(); }
    void cleanup() { m_window.reset(); }

    void signsInAndKeepsNoPassphrase()
    {
        signIn();
        QVERIFY(m_backend.calls.contains(QStringLiteral("signIn dr.test")));
        QCOMPARE(m_backend.passphrase, QByteArray("four words of mine"));
        QVERIFY(!m_window->locked());
        for (const QLineEdit* edit : m_window->findChildren<QLineEdit*>())
            QVERIFY(!edit->text().contains(QStringLiteral("four words")));
    }

    void saysWhyNobodyIsSignedIn()
    {
        m_backend.signInFailure = {.code = QStringLiteral("wrong_passphrase")};
        signIn();
        QVERIFY(m_window->locked());
        QVERIFY(everyWord().contains(QStringLiteral("do not match")));
    }

    void warnsOfSimilarNames()
    {
        const QString hint = QStringLiteral("check birth date and number");
        signIn();
        QVERIFY(!visibleWords().contains(hint)); // control: the two names are far apart
        m_backend.patients[1].name = QStringLiteral("OKONKWO, Adam (Mr)");
        auto* query = field(QStringLiteral("Find a patient"));
        QTest::keyClicks(query, QStringLiteral("oko"));
        QTRY_VERIFY(visibleWords().contains(hint));
        const QAbstractItemModel* model = patientList()->model();
        for (int row = 0; row < model->rowCount(); ++row) {
            const QModelIndex name = model->index(row, 0);
            QVERIFY(name.data().toString().contains(QStringLiteral("similar name")));
            QVERIFY(name.data(Qt::AccessibleTextRole).toString().contains(hint));
        }
    }

    void citesTheSameEvidenceOnce()
    {
        openAda();
        app::Answer answer = fixtures::answer();
        answer.claims = {{QStringLiteral("Her potassium was 4.1 mmol/L [3] [3]."),
                          app::Verdict::Supported,
                          {3, 3},
                          false,
                          {}}};
        answer.conflicts = {{QStringLiteral("Two lists differ."), {1, 2, 1}}};
        ask(QStringLiteral("why"));
        Q_EMIT m_backend.answered(m_backend.lastAsk, answer);
        const auto* turn = m_window->desk().conversationView().lastTurn();
        QList<int> numbers;
        for (const app::CitationChip* chip : turn->chips())
            numbers += chip->number();
        QCOMPARE(numbers, (QList<int>{3, 1, 2}));
        QVERIFY(turn->textWithReferences().contains(QStringLiteral("mmol/L. [3] (")));
        QVERIFY(!turn->lines().first()->text().contains(QLatin1Char('[')));
    }

    void showsABannerForThePatient()
    {
        openAda();
        const QString words = everyWord();
        const int age = QDate::currentDate().year() - 1945 -
                        (QDate::currentDate() < QDate(QDate::currentDate().year(), 7, 14) ? 1 : 0);
        QVERIFY(words.contains(QStringLiteral("OKONKWO, Ada (Ms)")));
        QVERIFY(words.contains(QStringLiteral("14-Jul-1945 (%1y)").arg(age)));
        QVERIFY(words.contains(QStringLiteral("SYN-000417")));
        QVERIFY(words.contains(QStringLiteral("Penicillin: anaphylaxis")));
        QVERIFY(words.contains(QStringLiteral("22-Nov-2026 08:14 UTC")));
        QVERIFY(words.contains(QStringLiteral("Synthetic data")));
    }

    void streamsProvisionalTextUntilItIsChecked()
    {
        openAda();
        ask(QStringLiteral("why"));
        QVERIFY(m_backend.calls.contains(QStringLiteral("ask p1: why")));
        const quint64 ask = m_backend.lastAsk;
        Q_EMIT m_backend.tokenCame(ask, QStringLiteral("Lisinopril was stopped [1]. The rea"));
        const auto* turn = m_window->desk().conversationView().lastTurn();
        QCOMPARE(turn->lines().size(), 1);
        QCOMPARE(turn->lines().first()->text(), QStringLiteral("Lisinopril was stopped. The rea"));
        QVERIFY(turn->chips().isEmpty());
        Q_EMIT m_backend.claimChecked(ask, {QStringLiteral("Lisinopril was stopped [1]."),
                                            app::Verdict::Supported,
                                            {1},
                                            false,
                                            {}});
        QCOMPARE(turn->chips().size(), 1);
        QCOMPARE(turn->lines().last()->text(), QStringLiteral("The rea"));
        Q_EMIT m_backend.answered(ask, fixtures::answer());
        QVERIFY(turn->finished());
        QVERIFY(!m_window->desk().busy());
        QVERIFY(turn->spokenSummary().contains(QStringLiteral("4 sentences, 1 not supported")));
    }

    void stopsByEscapeAndIgnoresWhatComesLate()
    {
        openAda();
        ask(QStringLiteral("why"));
        QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_Escape);
        QVERIFY(m_backend.calls.contains(QStringLiteral("stop")));
        QVERIFY(!m_window->desk().busy());
        Q_EMIT m_backend.tokenCame(m_backend.lastAsk, QStringLiteral("late"));
        QVERIFY(m_window->desk().conversationView().lastTurn()->lines().isEmpty());
    }

    void hidesUnsupportedSentencesInAFold()
    {
        openAda();
        askAndAnswer();
        const auto* turn = m_window->desk().conversationView().lastTurn();
        for (const app::ClaimLine* line : turn->lines())
            QVERIFY(!line->text().contains(QStringLiteral("ramipril")));
        QVERIFY(!turn->textWithReferences().contains(QStringLiteral("ramipril")));
        for (QToolButton* button : turn->findChildren<QToolButton*>()) {
            if (button->isCheckable())
                button->click();
        }
        QVERIFY(std::ranges::any_of(turn->lines(), [](const app::ClaimLine* line) {
            return line->text().contains(QStringLiteral("ramipril"));
        }));
    }

    void aButtonShowsTheTasksWhereThereIsNoRoomForThem()
    {
        openAda();
        const auto button = [this]() -> QToolButton* {
            for (QToolButton* each : m_window->desk().findChildren<QToolButton*>()) {
                if (each->accessibleName() == QStringLiteral("Show tasks and conversations"))
                    return each;
            }
            return nullptr;
        };
        QVERIFY(button() != nullptr);
        QVERIFY(!button()->isVisible()); // the tasks stand beside the conversation
        QVERIFY(m_window->desk().sidePane().isVisible());
        app::dress(*qApp, app::ThemeChoice::Light, 200);
        QTRY_VERIFY(button()->isVisible());
        QVERIFY(!m_window->desk().sidePane().isVisible());
        button()->setFocus();
        QTest::keyClick(button(), Qt::Key_Space);
        QVERIFY(m_window->desk().sidePane().isVisible());
        QVERIFY(m_window->desk().sidePane().isAncestorOf(QApplication::focusWidget()));
        QVERIFY(button()->isChecked() && !m_window->desk().evidencePane().isVisible());
        QTest::mouseClick(button(), Qt::LeftButton);
        QVERIFY(!m_window->desk().sidePane().isVisible());
        QVERIFY(!button()->isChecked() && m_window->desk().evidencePane().isVisible());
        QTest::keyClick(m_window.get(), Qt::Key_F2); // the key and the button agree
        QVERIFY(button()->isChecked());
        QTest::keyClick(m_window.get(), Qt::Key_F3);
        QVERIFY(!button()->isChecked());
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        QTRY_VERIFY(!button()->isVisible());
    }

    void goesFromSentenceToSourceAndBackByKeyboard()
    {
        openAda();
        askAndAnswer();
        auto& view = m_window->desk().conversationView();
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_J);
        auto* chip = qobject_cast<app::CitationChip*>(QApplication::focusWidget());
        QVERIFY(chip != nullptr);
        QCOMPARE(chip->number(), 1);
        QTest::keyClick(chip, Qt::Key_J);
        chip = qobject_cast<app::CitationChip*>(QApplication::focusWidget());
        QCOMPARE(chip->number(), 2);

        QTest::keyClick(chip, Qt::Key_Space);
        QCOMPARE(QApplication::focusWidget(), chip); // a peek leaves the keyboard here
        const app::SourceView& source = m_window->desk().evidencePane().source();
        QCOMPARE(source.highlighted(),
                 QStringLiteral("stopped lisinopril because of a persistent dry cough"));

        QTest::keyClick(chip, Qt::Key_Return);
        QCOMPARE(QApplication::focusWidget(), &source);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
        QCOMPARE(QApplication::focusWidget(), chip);

        QTest::keyClick(chip, Qt::Key_3, Qt::AltModifier);
        chip = qobject_cast<app::CitationChip*>(QApplication::focusWidget());
        QCOMPARE(chip->number(), 3);
        QVERIFY(source.highlighted().contains(QStringLiteral("4.10"))); // the digits as recorded
        QVERIFY(source.highlighted().startsWith(QStringLiteral("\"valueQuantity\"")));
    }

    void forgetsTheSourceWhenItsNumberMeansOtherEvidence()
    {
        openAda();
        askAndAnswer();
        m_window->desk().conversationView().focusCitation(2);
        const app::SourceView& source = m_window->desk().evidencePane().source();
        QVERIFY(!source.highlighted().isEmpty());
        QTest::keyClicks(&m_window->desk().questionEdit(), QStringLiteral("and now?"));
        QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_Return, Qt::ControlModifier);
        Q_EMIT m_backend.evidenceFound(m_backend.lastAsk, fixtures::answer().evidence, {});
        QVERIFY(!source.highlighted().isEmpty()); // the same evidence: the reader is left alone
        QList<app::EvidenceItem> other = fixtures::answer().evidence;
        other.swapItemsAt(0, 1);
        std::swap(other[0].number, other[1].number);
        Q_EMIT m_backend.evidenceFound(m_backend.lastAsk, other, {});
        QVERIFY(source.toPlainText().isEmpty());
    }

    void opensACitedDocumentByItsSource()
    {
        openAda();
        // An import has shifted the letter: where it was listed, another note stands now.
        const app::DocumentText letter = m_backend.documents.value(0);
        app::DocumentText other = letter;
        other.text = QByteArray("Nothing of that letter. ").repeated(20);
        other.source = fixtures::source(QStringLiteral("DocumentReference"), QStringLiteral("d9"));
        m_backend.documents = {{0, other}, {1, letter}};
        m_backend.documents[1].index = 1;
        askAndAnswer();
        m_window->desk().conversationView().focusCitation(2);
        const app::SourceView& source = m_window->desk().evidencePane().source();
        QVERIFY(source.highlighted().startsWith(QStringLiteral("stopped")));
        Q_EMIT m_backend.documentOpened(QStringLiteral("p1"), other); // of an older wish
        QCOMPARE(source.toPlainText(), QString::fromUtf8(letter.text));
        QVERIFY(!everyWord().contains(QStringLiteral("has been replaced")));
    }

    void saysThatACitedDocumentHasBeenReplaced()
    {
        openAda();
        app::DocumentText other = m_backend.documents.value(0);
        other.text = QByteArray("Nothing of that letter. ").repeated(20);
        other.source = fixtures::source(QStringLiteral("DocumentReference"), QStringLiteral("d9"));
        m_backend.documents = {{0, other}};
        askAndAnswer();
        m_window->desk().conversationView().focusCitation(2);
        QVERIFY(m_backend.calls.contains(QStringLiteral("original d1")));
        const app::SourceView& source = m_window->desk().evidencePane().source();
        QVERIFY(!source.toPlainText().contains(QStringLiteral("Nothing of that letter")));
        QVERIFY(source.toPlainText().contains(QStringLiteral("resourceType")));
        QVERIFY(everyWord().contains(QStringLiteral(
            "This document has been replaced since; the original bytes are shown. We stopped "
            "lisinopril because of a persistent dry cough")));
        // A late word about another wish changes nothing.
        m_window->desk().conversationView().focusCitation(3);
        Q_EMIT m_backend.documentReplaced(QStringLiteral("p1"), other.source);
        QVERIFY(!everyWord().contains(QStringLiteral("has been replaced")));
    }

    void locksByKeyAndShowsNothingOfThePatient()
    {
        openAda();
        askAndAnswer();
        m_window->desk().setDraft(QStringLiteral("half a question"));
        QTest::keyClick(m_window.get(), Qt::Key_F9);
        QVERIFY(m_window->locked());
        QVERIFY(m_backend.calls.contains(QStringLiteral("lock")));
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        const QString words = everyWord();
        for (const char* secret : {"OKONKWO", "Okonkwo", "SYN-000417", "isinopril", "Penicillin",
                                   "half a question", "TESTMANN"})
            QVERIFY2(!words.contains(QString::fromLatin1(secret)), secret);

        signIn(); // the same user goes on where they were
        QCOMPARE(m_window->desk().patient(), QStringLiteral("p1"));
        QCOMPARE(m_window->desk().draft(), QStringLiteral("half a question"));
        QVERIFY(m_backend.calls.contains(QStringLiteral("conversation c9")));
    }

    void locksWhenIdle()
    {
        m_backend.session.idleSeconds = 1;
        signIn();
        QVERIFY(!m_window->locked());
        QTRY_VERIFY_WITH_TIMEOUT(m_window->locked(), 60000);
    }

    void inputPostponesTheIdleLock()
    {
        // On a machine that is held up the lock may come before the key: then once more, with a
        // longer lease.
        for (int lease = 2; lease <= 64; lease *= 2) {
            m_backend.session.idleSeconds = lease;
            if (lease == 2)
                openAda();
            else
                signIn(); // and is where it was
            QTest::qWait(600 * lease);
            if (m_window->locked())
                continue;
            const auto* keeper = m_window->findChild<app::SessionKeeper*>();
            QVERIFY(keeper != nullptr);
            QElapsedTimer since;
            qint64 lockedAfter = -1;
            const QObject here;
            connect(keeper, &app::SessionKeeper::idle, &here,
                    [&] { lockedAfter = since.elapsed(); });
            since.start();
            QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_A);
            QTRY_VERIFY_WITH_TIMEOUT(lockedAfter >= 0, 120000);
            QVERIFY(m_window->locked());
            // Without the key it would be 40 % of the lease. Qt's timers may be 5 % early.
            QVERIFY2(lockedAfter > 900 * lease, qPrintable(QString::number(lockedAfter)));
            return;
        }
        QFAIL("the machine was held up every time");
    }

    void beatsAndSaysWhetherSomebodyTyped()
    {
        m_backend.session.heartbeatSeconds = 1;
        openAda();
        QTRY_VERIFY_WITH_TIMEOUT(m_backend.calls.contains(QStringLiteral("beat input")), 60000);
        QTRY_VERIFY_WITH_TIMEOUT(m_backend.calls.contains(QStringLiteral("beat")), 60000);
    }

    void asksBeforeThrowingATypedQuestionAway()
    {
        openAda();
        QTest::keyClicks(&m_window->desk().questionEdit(), QStringLiteral("half a question"));
        QTest::keyClick(m_window.get(), Qt::Key_P, Qt::ControlModifier);
        QTableView* list = patientList();
        QVERIFY(list != nullptr);
        list->selectRow(1);
        QTest::keyClick(list, Qt::Key_Return);
        auto* box = m_window->findChild<QMessageBox*>();
        QVERIFY(box != nullptr);
        const QString words = box->text() + box->informativeText();
        QVERIFY(words.contains(QStringLiteral("OKONKWO")) &&
                words.contains(QStringLiteral("TESTMANN")));
        QCOMPARE(m_window->desk().patient(), QStringLiteral("p1"));
        QTest::keyClick(box, Qt::Key_Return);
        QTRY_COMPARE(m_window->desk().patient(), QStringLiteral("p2"));
        QVERIFY(m_window->desk().draft().isEmpty());
        QVERIFY(everyWord().contains(QStringLiteral("No known allergies")));
    }

    void stopsTheAnswerOfThePatientThatIsLeft()
    {
        openAda();
        ask(QStringLiteral("why"));
        QTest::keyClick(m_window.get(), Qt::Key_P, Qt::ControlModifier);
        QTableView* list = patientList();
        QVERIFY(list != nullptr);
        list->selectRow(1);
        QTest::keyClick(list, Qt::Key_Return);
        QVERIFY(m_backend.calls.contains(QStringLiteral("stop")));
        QCOMPARE(m_window->desk().patient(), QStringLiteral("p2"));
    }

    void saysThatTheServiceIsGoneAndLooksForIt()
    {
        openAda();
        m_backend.calls.clear();
        Q_EMIT m_backend.unreachable();
        QVERIFY(m_window->notice().sentence().contains(QStringLiteral("does not answer")));
        QTRY_VERIFY_WITH_TIMEOUT(m_backend.calls.contains(QStringLiteral("service")), 60000);
        QVERIFY(m_window->notice().sentence().isEmpty());
    }

    void opensTheSourceOfAProblemAndNotOfAHeading()
    {
        openAda();
        auto& pane = m_window->desk().evidencePane();
        pane.showTab(app::EvidencePane::Tab::Problems);
        pane.takeFocus();
        auto* table = qobject_cast<QTableView*>(QApplication::focusWidget());
        QCOMPARE(table, &pane.problems());
        QCOMPARE(table->currentIndex().row(), 1); // below its heading
        m_backend.calls.clear();
        QTest::keyClick(table, Qt::Key_Up);
        QTest::keyClick(table, Qt::Key_Return);
        QVERIFY(m_backend.calls.isEmpty());
        QTest::keyClick(table, Qt::Key_Down);
        QTest::keyClick(table, Qt::Key_Return);
        QVERIFY(m_backend.calls.contains(QStringLiteral("original a1")));
        QCOMPARE(pane.tab(), app::EvidencePane::Tab::Source);
    }

    void drawsMarkupAsTheCharactersItIsMadeOf()
    {
        openAda();
        QTest::keyClicks(&m_window->desk().questionEdit(), QStringLiteral("<b>x</b>"));
        QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_Return, Qt::ControlModifier);
        app::Answer answer = fixtures::answer();
        const QString payload =
            QStringLiteral("![x](file:///etc/passwd) <img src='http://x/y.png'> <a "
                           "href='file:///etc/passwd'>k</a>");
        answer.claims = {{payload, app::Verdict::Supported, {1}, false, {}}};
        answer.coverage.line = payload;
        answer.conflicts = {{payload, {1}}};
        Q_EMIT m_backend.answered(m_backend.lastAsk, answer);
        const auto* turn = m_window->desk().conversationView().lastTurn();
        QCOMPARE(turn->lines().first()->text(), payload);
        for (const QLabel* label : m_window->findChildren<QLabel*>()) {
            QCOMPARE(label->textFormat(), Qt::PlainText);
            QVERIFY(!label->openExternalLinks());
        }
    }

    void saysThatACitationWasCorrected()
    {
        openAda();
        QTest::keyClicks(&m_window->desk().questionEdit(), QStringLiteral("why"));
        QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_Return, Qt::ControlModifier);
        app::Answer answer = fixtures::answer();
        answer.claims = {{.sentence = QStringLiteral("Lisinopril was stopped [4] [4]."),
                          .verdict = app::Verdict::Supported,
                          .cited = {1},
                          .corrected = {4}}};
        answer.conflicts.clear();
        Q_EMIT m_backend.answered(m_backend.lastAsk, answer);
        const auto* turn = m_window->desk().conversationView().lastTurn();
        QCOMPARE(turn->lines().first()->text(), QStringLiteral("Lisinopril was stopped."));
        QCOMPARE(turn->chips().size(), 1);
        QCOMPARE(turn->chips().first()->number(), 1);
        const QList<QLabel*> labels = turn->findChildren<QLabel*>();
        QVERIFY(std::ranges::any_of(labels, [](const QLabel* label) {
            return label->text().contains(QStringLiteral("the draft named [4]"));
        }));
    }

    void showsSourcesWithoutLoadingOrLinking()
    {
        /// Counts what Qt asks for, to see that nothing is asked for at all.
        class Counting : public app::SourceView {
        public:
            QVariant loadResource(int type, const QUrl& name) override
            {
                ++asked;
                return app::SourceView::loadResource(type, name);
            }
            int asked = 0;
        };
        Counting view;
        view.show();
        const QString payload = QStringLiteral(
            "<img src='file:///etc/passwd'> [k](http://x) <a href='file:///etc/passwd'>k</a>");
        view.showText(payload, {0, 4}, {}, app::SourceView::Letters::Words);
        QVERIFY(!view.grab().isNull());
        QCOMPARE(view.toPlainText(), payload);
        QCOMPARE(view.asked, 0);
        QVERIFY(!view.openLinks());
        QVERIFY(view.document()->allFormats().size() > 0);
        for (const auto& format : view.document()->allFormats())
            QVERIFY(!format.isImageFormat() && !format.toCharFormat().isAnchor());
        view.setHtml(QStringLiteral("<img src='file:///etc/passwd'>")); // control: now Qt does ask
        QVERIFY(!view.grab().isNull());
        QVERIFY(view.asked > 0);
        QVERIFY(!view.loadResource(QTextDocument::ImageResource,
                                   QUrl(QStringLiteral("file:///etc/passwd")))
                     .isValid());
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
