// SPDX-License-Identifier: Apache-2.0
// What the screens look like, measured: no text is cut, all of it has contrast, all of it is
// translatable, everything that takes the keyboard has a name. With CLOISTER_PICTURES=DIR in the
// environment every screen is saved there.
#include "tests/app/fixtures.h"
#include "tests/app/looks.h"

#include "app/chat/citation_chip.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/format.h"
#include "app/frame/notice.h"
#include "app/main_window.h"
#include "app/patient_desk.h"
#include "app/theme.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QLabel>
#include <QTableView>
#include <QTemporaryDir>
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

    /// Goes through every screen and calls @p look on each.
    void walk(const std::function<void(const QString&)>& look)
    {
        const auto settled = [&](const char* name) {
            // Layouts inside scroll areas settle in several passes; what is still cut then stays
            // cut.
            for (int pass = 0; pass == 0 || (pass < 50 && !looks::cutTexts(*m_window).isEmpty());
                 ++pass)
                QTest::qWait(20);
            look(QString::fromLatin1(name));
        };
        settled("sign-in");
        m_backend.signIn(QStringLiteral("dr.test"), QByteArrayLiteral("x"));
        settled("patients");
        choose();
        settled("desk");
        auto& desk = m_window->desk();
        desk.setDraft(QStringLiteral("Why was lisinopril stopped?"));
        desk.questionEdit().ask();
        Q_EMIT m_backend.evidenceFound(m_backend.lastAsk, fixtures::answer().evidence,
                                       fixtures::answer().coverage);
        Q_EMIT m_backend.tokenCame(
            m_backend.lastAsk,
            QStringLiteral("Lisinopril was stopped on 03-Mar-2026 [1]. The rea"));
        settled("streaming");
        Q_EMIT m_backend.answered(m_backend.lastAsk, fixtures::answer());
        settled("answer");
        desk.conversationView().focusCitation(2);
        settled("source");
        desk.conversationView().focusCitation(3);
        settled("fact");
        for (const auto& [tab, name] :
             {std::pair(app::EvidencePane::Tab::Labs, "labs"),
              std::pair(app::EvidencePane::Tab::Medications, "medications"),
              std::pair(app::EvidencePane::Tab::Timeline, "timeline")}) {
            desk.evidencePane().showTab(tab);
            settled(name);
        }
        m_window->notice().tell(app::sentenceFor(app::WitnessVerdict::HistoryChanged),
                                app::Notice::Kind::Alarm);
        settled("notice");
        m_window->lock();
        settled("locked");
    }

    void choose()
    {
        for (QTableView* table : m_window->findChildren<QTableView*>()) {
            if (table->accessibleName().contains(QStringLiteral("Patients")))
                QTest::keyClick(table, Qt::Key_Return);
        }
        QCOMPARE(m_window->desk().patient(), QStringLiteral("p1"));
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
        walk([&](const QString& screen) {
            QCOMPARE(m_window->size(), QSize(1366, 768));
            for (const QString& fault : looks::cutTexts(*m_window) + looks::faintTexts(*m_window))
                faults += screen + QStringLiteral(": ") + fault;
            if (!folder.isEmpty())
                m_window->grab().save(
                    QStringLiteral("%1/%2-%3.png")
                        .arg(folder, screen, QString::fromLatin1(QTest::currentDataTag())));
        });
        faults.removeDuplicates();
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
    }

    void seesTextThatIsCutOrFaint()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        QWidget page;
        page.resize(300, 100);
        auto* cut = new QLabel(QStringLiteral("a text that is far too long for its place"), &page);
        cut->setGeometry(10, 10, 60, 20);
        auto* faint = new QLabel(QStringLiteral("faint"), &page);
        faint->setGeometry(10, 50, 100, 30);
        faint->setStyleSheet(QStringLiteral("color: #c0c0c0"));
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        QCOMPARE(looks::cutTexts(page).size(), 1);
        QCOMPARE(looks::faintTexts(page).size(), 1);
    }

    void everyTextGoesThroughTheTranslator()
    {
        Marking marking;
        QVERIFY(QCoreApplication::installTranslator(&marking));
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        open();
        QStringList bare;
        walk([&](const QString& screen) {
            for (const QString& text : looks::untranslated(*m_window, fixtures::knownTexts()))
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
        walk([&](const QString& screen) {
            for (const QWidget* widget : m_window->findChildren<QWidget*>()) {
                if (!widget->isVisible() || widget->focusPolicy() == Qt::NoFocus ||
                    widget->isWindow() || widget->objectName().startsWith(QStringLiteral("qt_")))
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
