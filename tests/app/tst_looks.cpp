// SPDX-License-Identifier: Apache-2.0
// What the screens look like, measured: no text is cut, all of it has contrast, all of it is
// translatable, everything that takes the keyboard has a name. With CLOISTER_PICTURES=DIR in the
// environment every screen is saved there.
#include "tests/app/fixtures.h"
#include "tests/app/keyboard.h"
#include "tests/app/looks.h"

#include "app/chat/citation_chip.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/evidence/source_view.h"
#include "app/format.h"
#include "app/frame/notice.h"
#include "app/main_window.h"
#include "app/palette.h"
#include "app/patient_desk.h"
#include "app/theme.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QDialog>
#include <QLabel>
#include <QPushButton>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QToolButton>
#include <QTranslator>
#include <QtTest>

namespace {

/// Puts every translatable text between marks, so that a text without them is one that no
/// translation can reach.
class Marking : public QTranslator {
public:
    bool isEmpty() const override { return false; }
    QString translate(const char* /*context*/, const char* text, const char* /*disambiguation*/,
                      int /*n*/) const override
    {
        return QStringLiteral("‹") + QString::fromUtf8(text) + QStringLiteral("›");
    }
};

} // namespace

class TestLooks : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_home; // settings and checkpoint of this test only
    FakeBackend m_backend;
    std::unique_ptr<app::MainWindow> m_window;

    void open()
    {
        fixtures::fill(m_backend);
        m_window = std::make_unique<app::MainWindow>(m_backend, QStringLiteral("/run/test.sock"),
                                                     app::Settings{});
        m_window->resize(1366, 768);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    }

    using Look = std::function<void(const QString& screen, QWidget& window)>;

    /// Layouts inside scroll areas settle in several passes; what is still cut then stays cut.
    void settle(const Look& look, const char* name, QWidget* window = nullptr)
    {
        QWidget& seen = window != nullptr ? *window : *m_window;
        for (int pass = 0; pass == 0 || (pass < 50 && !looks::cutTexts(seen).isEmpty()); ++pass)
            QTest::qWait(20);
        look(QString::fromLatin1(name), seen);
    }

    /// Looks at the dialog that is open, and closes it.
    void settleDialog(const Look& look, const char* name)
    {
        QDialog* open = nullptr;
        for (QDialog* dialog : m_window->findChildren<QDialog*>()) {
            if (dialog->isVisible())
                open = dialog;
        }
        if (open == nullptr)
            QFAIL(name);
        settle(look, name, open);
        open->reject();
        QTest::qWait(1);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }

    void press(Qt::Key key, Qt::KeyboardModifiers with = Qt::NoModifier)
    {
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        QTest::keyClick(m_window.get(), key, with);
    }

    /// Goes through every screen and calls @p look on each.
    void walk(const Look& look)
    {
        walkStart(look);
        walkAnswers(look);
        walkChart(look);
        walkDialogs(look);
        m_window->lock();
        settle(look, "locked");
    }

    void walkStart(const Look& look)
    {
        settle(look, "sign-in");
        auto* enrol = m_window->findChild<QPushButton*>(QStringLiteral("otherWay"));
        QVERIFY(enrol != nullptr);
        enrol->click();
        settle(look, "enrol");
        enrol->click();
        Q_EMIT m_backend.signInFailed({.code = QStringLiteral("wrong_passphrase")});
        settle(look, "refused");
        m_backend.session.admitted = false;
        m_backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("x"));
        settle(look, "not-admitted");
        m_window->lock();
        m_backend.session.admitted = true;
        m_backend.patients += m_backend.patients.first();
        m_backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("x"));
        settle(look, "patients");
        choose();
        settle(look, "desk");
        press(Qt::Key_F2);
        settle(look, "side");
        press(Qt::Key_F3);
    }

    void ask()
    {
        m_window->desk().setDraft(QStringLiteral("Why was lisinopril stopped?"));
        m_window->desk().questionEdit().ask();
    }

    void walkAnswers(const Look& look)
    {
        auto& desk = m_window->desk();
        ask();
        app::Answer silent;
        silent.kind = QStringLiteral("abstention");
        silent.draft = false;
        silent.abstention = QStringLiteral("not_recorded");
        silent.coverage = fixtures::answer().coverage;
        Q_EMIT m_backend.answered(m_backend.lastAsk, silent);
        settle(look, "abstention");
        desk.newConversation();
        ask();
        Q_EMIT m_backend.questionFailed(m_backend.lastAsk,
                                        {QStringLiteral("context_too_long"), 5210, 512, 4096});
        settle(look, "failure");
        desk.newConversation();
        ask();
        Q_EMIT m_backend.evidenceFound(m_backend.lastAsk, fixtures::answer().evidence,
                                       fixtures::answer().coverage);
        settle(look, "evidence");
        Q_EMIT m_backend.tokenCame(
            m_backend.lastAsk,
            QStringLiteral("Lisinopril was stopped on 03-Mar-2026 [1]. The rea"));
        settle(look, "streaming");
        Q_EMIT m_backend.answered(m_backend.lastAsk, fixtures::answer());
        settle(look, "answer");
        for (QToolButton* button : desk.findChildren<QToolButton*>()) {
            if (button->isCheckable() && desk.conversationView().isAncestorOf(button))
                button->click();
        }
        settle(look, "unsupported");
    }

    void walkChart(const Look& look)
    {
        auto& desk = m_window->desk();
        desk.conversationView().focusCitation(2);
        settle(look, "source");
        desk.conversationView().focusCitation(3);
        settle(look, "fact");
        for (const auto& [tab, name] :
             {std::pair(app::EvidencePane::Tab::Problems, "problems"),
              std::pair(app::EvidencePane::Tab::Medications, "medications"),
              std::pair(app::EvidencePane::Tab::Labs, "labs"),
              std::pair(app::EvidencePane::Tab::Timeline, "timeline")}) {
            desk.evidencePane().showTab(tab);
            settle(look, name);
        }
    }

    void walkDialogs(const Look& look)
    {
        press(Qt::Key_F1);
        settleDialog(look, "keys");
        press(Qt::Key_K, Qt::ControlModifier);
        settleDialog(look, "palette");
        m_window->desk().setDraft(QStringLiteral("Why was lisinopril stopped?"));
        press(Qt::Key_P, Qt::ControlModifier);
        choose(1);
        settleDialog(look, "another-patient");
        m_backend.witness = app::WitnessVerdict::HistoryChanged;
        m_window->lock();
        m_backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("x"));
        m_backend.witness = app::WitnessVerdict::Consistent;
        settle(look, "notice");
        for (QDialog* dialog : m_window->findChildren<QDialog*>()) {
            if (dialog->isVisible())
                settle(look, "audit-log", dialog);
        }
    }

    void choose(int row = 0)
    {
        for (QTableView* table : m_window->findChildren<QTableView*>()) {
            if (table->accessibleName().contains(QStringLiteral("Patients"))) {
                table->selectRow(row);
                QTest::keyClick(table, Qt::Key_Return);
            }
        }
    }

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CONFIG_HOME", m_home.path().toUtf8()); }
    void cleanup() { m_window.reset(); }

    void everyColourOfThePaletteHasContrast()
    {
        for (const auto scheme : {app::Scheme::Light, app::Scheme::Dark}) {
            const app::Colors& colors = app::colorsOf(scheme);
            const QColor tint = app::evidenceTint(app::paletteOf(colors));
            for (const QColor& ground : {colors.page, colors.panel, colors.banner}) {
                for (const QColor& text :
                     {colors.text, colors.secondary, colors.accent, colors.supported, colors.partly,
                      colors.notSupported, colors.computed})
                    QVERIFY2(looks::contrast(text, ground) >= 4.5,
                             qPrintable(text.name() + ground.name()));
            }
            QVERIFY(looks::contrast(colors.text, tint) >= 4.5);
            QVERIFY(looks::contrast(colors.secondary, tint) >= 4.5);
            const QColor quote = app::quoteTint(app::paletteOf(colors));
            QVERIFY(looks::contrast(colors.text, quote) >= 4.5);
            QVERIFY(looks::contrast(quote, tint) > 1.15); // the two are told apart
            QVERIFY(looks::contrast(colors.page, colors.accent) >= 4.5);
        }
        QVERIFY(looks::contrast(Qt::gray, Qt::white) < 4.5); // control
    }

    void noTextIsCutAndAllHasContrast_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::addColumn<int>("scale");
        QTest::newRow("light-100") << false << 100;
        QTest::newRow("light-200") << false << 200;
        QTest::newRow("dark-100") << true << 100;
        QTest::newRow("dark-200") << true << 200;
    }

    void noTextIsCutAndAllHasContrast()
    {
        QFETCH(bool, dark);
        QFETCH(int, scale);
        app::dress(*qApp, dark ? app::ThemeChoice::Dark : app::ThemeChoice::Light, scale);
        open();
        QStringList faults;
        const QString folder = qEnvironmentVariable("CLOISTER_PICTURES");
        walk([&](const QString& screen, QWidget& window) {
            if (window.width() > 1366 || window.height() > 768)
                faults += QStringLiteral("%1: larger than the screen (%2×%3)")
                              .arg(screen)
                              .arg(window.width())
                              .arg(window.height());
            for (const QString& fault : looks::cutTexts(window) + looks::faintTexts(window))
                faults += screen + QStringLiteral(": ") + fault;
            if (!folder.isEmpty())
                window.grab().save(
                    QStringLiteral("%1/%2-%3.png")
                        .arg(folder, screen, QString::fromLatin1(QTest::currentDataTag())));
        });
        faults.removeDuplicates();
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
    }

    void tabComesToEverythingThatCanBeUsed()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        open();
        QStringList faults;
        walk([&](const QString& screen, QWidget& window) {
            const QWidget* modal = QApplication::activeModalWidget();
            if (modal != nullptr && modal != &window)
                return; // nothing of it can be used now
            for (const QString& missed : keyboard::missedByTab(window))
                faults += screen + QStringLiteral(": ") + missed;
        });
        faults.removeDuplicates();
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
    }

    void theHighlightStaysInViewAtEverySize_data()
    {
        QTest::addColumn<int>("number");
        QTest::addColumn<QString>("words");
        QTest::newRow("medication") << 1 << "Persistent dry cough";
        QTest::newRow("passage") << 2 << "persistent dry cough";
        QTest::newRow("lab") << 3 << "4.10";
    }

    void theHighlightStaysInViewAtEverySize()
    {
        QFETCH(int, number);
        QFETCH(QString, words);
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        open();
        m_backend.original = number == 1 ? fixtures::longMedication() : fixtures::longLab();
        const app::Answer answer = fixtures::answerFromLongSources();
        m_backend.documents[0].text = fixtures::longLetter();
        m_backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("x"));
        choose();
        ask();
        Q_EMIT m_backend.answered(m_backend.lastAsk, answer);
        m_window->desk().conversationView().focusCitation(number);
        const app::SourceView& source = m_window->desk().evidencePane().source();
        QTRY_VERIFY2(source.quoted().contains(words),
                     qPrintable(source.quoted().join(QLatin1Char('|'))));
        QStringList faults;
        const QString folder = qEnvironmentVariable("CLOISTER_PICTURES");
        for (const auto& [choice, scale] :
             {std::pair(app::ThemeChoice::Light, 200), std::pair(app::ThemeChoice::Dark, 100),
              std::pair(app::ThemeChoice::Dark, 200), std::pair(app::ThemeChoice::Light, 100),
              std::pair(app::ThemeChoice::Light, 150)}) {
            app::dress(*qApp, choice, scale);
            QTest::qWait(50); // and on, as long as its layouts take to settle
            const auto whole = [this] { return looks::sourceFaults(*m_window).isEmpty(); };
            const bool settled = QTest::qWaitFor(whole);
            if (m_window->height() > 768)
                faults += QStringLiteral("%1 high").arg(m_window->height());
            for (const QString& fault : settled ? QStringList() : looks::sourceFaults(*m_window))
                faults += QStringLiteral("%1 %2: %3").arg(int(choice)).arg(scale).arg(fault);
            if (!folder.isEmpty())
                m_window->grab().save(QStringLiteral("%1/long-%2-%3-%4.png")
                                          .arg(folder, QString::fromLatin1(QTest::currentDataTag()))
                                          .arg(int(choice))
                                          .arg(scale));
        }
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
        auto* bar = source.verticalScrollBar(); // control: scrolled away is told
        QVERIFY(bar->maximum() > 0);
        bar->triggerAction(bar->value() > bar->maximum() / 2 ? QScrollBar::SliderToMinimum
                                                             : QScrollBar::SliderToMaximum);
        QVERIFY(!looks::sourceFaults(*m_window).isEmpty());
        const int place = bar->value();
        m_window->resize(1366, 760); // and the reader is left where they went
        QTest::qWait(50);
        QVERIFY(qAbs(bar->value() - place) <= 8);
    }

    void everyTextGoesThroughTheTranslator()
    {
        Marking marking;
        QVERIFY(QCoreApplication::installTranslator(&marking));
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        open();
        QStringList bare;
        walk([&](const QString& screen, QWidget& window) {
            for (const QString& text : looks::untranslated(window, fixtures::knownTexts()))
                bare += screen + QStringLiteral(": ") + text;
        });
        m_window.reset();
        QCoreApplication::removeTranslator(&marking);
        bare.removeDuplicates();
        QVERIFY2(bare.isEmpty(), qPrintable(bare.join(QLatin1Char('\n'))));
    }

    void everythingThatTakesTheKeyboardHasANameAndASize()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        open();
        QStringList faults;
        walk([&](const QString& screen, QWidget& window) {
            for (const QWidget* widget : window.findChildren<QWidget*>()) {
                if (!widget->isVisible() || widget->window() != &window ||
                    widget->focusPolicy() == Qt::NoFocus || widget->isWindow() ||
                    widget->objectName().startsWith(QStringLiteral("qt_")))
                    continue;
                const QString name = QString::fromLatin1(widget->metaObject()->className());
                QAccessibleInterface* face =
                    QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
                if (face == nullptr || face->text(QAccessible::Name).isEmpty())
                    faults += screen + QStringLiteral(": no name: ") + name;
                if (qobject_cast<const QAbstractButton*>(widget) != nullptr &&
                    (widget->height() < 24 || widget->width() < 24))
                    faults += QStringLiteral("%1: smaller than 24: %2 %3×%4")
                                  .arg(screen, name)
                                  .arg(widget->width())
                                  .arg(widget->height());
            }
        });
        faults.removeDuplicates();
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
    }
};

QTEST_MAIN(TestLooks)
#include "tst_looks.moc"
