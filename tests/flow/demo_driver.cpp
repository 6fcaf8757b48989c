// SPDX-License-Identifier: Apache-2.0
// Drives the real client through one visit: sign-in, patients, a look-up, a free question, its
// sources, labs, lock. Prints questions and answers; leaves a picture of each screen in light and
// dark, at 100 % and 200 % text. Used by ./run demo without a display.
//
// In every picture with a source its highlight must be in view.
//
//   demo-driver --socket PATH --out DIR --credentials FILE [--assert-flow]
//
// FILE holds the user's name and passphrase, one a line. With --assert-flow the exit status is 1
// unless the flow and the evidence are right; the model's words are never judged.
#include "tests/app/looks.h"

#include "app/chat/citation_chip.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/evidence/source_view.h"
#include "app/format.h"
#include "app/main_window.h"
#include "app/patient_desk.h"
#include "app/socket_backend.h"
#include "app/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QtTest>

#include <cstdio>

namespace {

constexpr int kAnswerMs = 900'000; // a 1.5B model on two busy cores reads 1,500 tokens in minutes
constexpr int kCallMs = 120'000;   // Argon2 at sign-in waits its turn

void say(const QString& line)
{
    std::printf("%s\n", qPrintable(line));
    std::fflush(stdout);
}

class Driver {
public:
    Driver(QApplication& application, const QString& socket, const QString& out)
        : m_application(application)
        , m_out(out)
        , m_backend(socket)
        , m_window(m_backend, socket, app::Settings{app::ThemeChoice::Light, 100})
    {
        QObject::connect(&m_backend, &app::Backend::answered,
                         [this](quint64, const app::Answer& answer) { m_answer = answer; });
        QObject::connect(
            &m_backend, &app::Backend::questionFailed,
            [this](quint64, const app::Failure& failure) { m_failure = failure.code; });
        QObject::connect(&m_backend, &app::Backend::patientOpened,
                         [this](const app::Chart& chart) { m_chart = chart; });
        QObject::connect(
            &m_backend, &app::Backend::signedIn,
            [this](const app::SessionInfo& session) { m_model = session.model.state; });
        QObject::connect(&m_backend, &app::Backend::beaten,
                         [this](const app::ModelInfo& model) { m_model = model.state; });
        app::dress(application, app::ThemeChoice::Light, 100);
        m_window.resize(1366, 768);
        m_window.show();
        // Shortcuts reach an active window only, and under Xvfb no window manager activates it.
        m_window.activateWindow();
        check(QTest::qWaitForWindowActive(&m_window), "the window is active");
    }

    [[nodiscard]] int faults() const { return m_faults; }

    bool signIn(const QString& user, const QString& passphrase)
    {
        QTest::qWait(500);
        type(QStringLiteral("User name"), user);
        picture("sign-in");
        type(QStringLiteral("Passphrase"), passphrase);
        QTest::keyClick(field(QStringLiteral("Passphrase")), Qt::Key_Return);
        return reach("signed in", kCallMs, [this] { return !m_window.locked(); });
    }

    bool openPatient(const QString& name)
    {
        // Imports are merged in the background once somebody is signed in: look until they are
        // there.
        const bool found = reach("the patients are listed", kCallMs, [this] {
            QLineEdit* query = field(QStringLiteral("Find a patient"));
            if (rows(QStringLiteral("Patients")) < 3 && query != nullptr) {
                QTest::keyClicks(query, QStringLiteral("-"));
                QTest::keyClick(query, Qt::Key_Backspace);
                QTest::qWait(700);
            }
            return rows(QStringLiteral("Patients")) >= 3;
        });
        picture("patients");
        type(QStringLiteral("Find a patient"), name);
        if (!found || !reach("the search narrows the list", kCallMs,
                             [this] { return rows(QStringLiteral("Patients")) == 1; }))
            return false;
        QTest::keyClick(field(QStringLiteral("Find a patient")), Qt::Key_Return);
        const bool open = reach("the patient is open", kCallMs,
                                [this] { return !m_window.desk().patient().isEmpty(); });
        picture("patient");
        return open;
    }

    void lookUp()
    {
        if (!ask(QStringLiteral("What is the last potassium?"), "look-up"))
            return;
        check(m_answer.kind == QStringLiteral("lookup"),
              "the look-up is answered without the model");
        QString newest; // independent of the evidence engine: the chart's own newest potassium
        for (const app::Lab& lab : m_chart.labs) {
            if (lab.name.contains(QStringLiteral("potassium"), Qt::CaseInsensitive)) {
                newest = lab.value;
                break;
            }
        }
        check(!newest.isEmpty() && m_answer.text.contains(newest),
              "the look-up says the newest value of the chart");
        checkCitations(true);
        showSource(1, "look-up-source");
        check(m_window.desk().evidencePane().source().highlighted().contains(newest),
              "the look-up's source is highlighted");
    }

    void freeQuestion()
    {
        reach("the model is ready", kAnswerMs, [this] {
            m_backend.beat(true);
            QTest::qWait(1000);
            return m_model == QStringLiteral("ready");
        });
        if (!ask(QStringLiteral("Why was lisinopril stopped?"), "free-question"))
            return;
        check(m_answer.kind == QStringLiteral("model"), "the free question goes to the model");
        checkCitations(false);
        int cough = 0;
        for (const app::EvidenceItem& item : m_answer.evidence) {
            if (cough == 0 && item.passage &&
                item.text.contains(QStringLiteral("cough"), Qt::CaseInsensitive))
                cough = item.number;
        }
        check(cough > 0, "the evidence holds the passage about the cough");
        if (cough > 0) {
            m_window.desk().evidencePane().open(cough);
            waitForSource();
            picture("passage");
            check(m_window.desk().evidencePane().source().highlighted().contains(
                      QStringLiteral("cough"), Qt::CaseInsensitive),
                  "the passage about the cough is highlighted in its document");
        }
        const QList<app::CitationChip*> chips =
            m_window.desk().conversationView().lastTurn()->chips();
        for (const app::CitationChip* chip : chips) {
            if (chip->number() > 0) {
                showSource(chip->number(), "citation");
                break;
            }
        }
    }

    void tables()
    {
        auto& pane = m_window.desk().evidencePane();
        pane.showTab(app::EvidencePane::Tab::Labs);
        type(QStringLiteral("Filter labs by name"), QStringLiteral("potassium"));
        check(rows(QStringLiteral("Labs and vital signs")) > 0, "the labs list potassium");
        picture("labs");
        pane.showTab(app::EvidencePane::Tab::Medications);
        picture("medications");
        pane.showTab(app::EvidencePane::Tab::Timeline);
        picture("timeline");
    }

    void lock()
    {
        QTest::keyClick(&m_window, Qt::Key_F9);
        check(m_window.locked(), "F9 locks");
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        bool shown = m_window.windowTitle().contains(m_chart.patient.name);
        for (const QLabel* label : m_window.findChildren<QLabel*>())
            shown = shown || label->text().contains(m_chart.patient.name);
        check(!shown, "the lock screen names no patient");
        picture("locked");
    }

    void close()
    {
        m_window.close();
        QTest::qWait(200);
    }

private:
    void check(bool right, const char* what)
    {
        say(QStringLiteral("  [%1] %2")
                .arg(right ? QStringLiteral("ok") : QStringLiteral("WRONG"),
                     QString::fromUtf8(what)));
        m_faults += right ? 0 : 1;
    }

    template <typename Condition>
    bool reach(const char* what, int milliseconds, Condition condition)
    {
        const bool reached = QTest::qWaitFor(condition, milliseconds);
        check(reached, what);
        return reached;
    }

    [[nodiscard]] QLineEdit* field(const QString& name) const
    {
        for (QLineEdit* edit : m_window.findChildren<QLineEdit*>()) {
            if (edit->accessibleName() == name && edit->isVisible())
                return edit;
        }
        return nullptr;
    }

    void type(const QString& name, const QString& text)
    {
        QLineEdit* edit = field(name);
        if (edit == nullptr) {
            check(false, "a field is missing");
            return;
        }
        edit->setFocus();
        edit->selectAll();
        QTest::keyClicks(edit, text);
    }

    [[nodiscard]] int rows(const QString& table) const
    {
        for (const QTableView* view : m_window.findChildren<QTableView*>()) {
            if (view->accessibleName() == table)
                return view->model()->rowCount();
        }
        return 0;
    }

    bool ask(const QString& question, const char* name)
    {
        say(QStringLiteral("\nQ  ") + question);
        m_answer = {};
        m_failure.clear();
        auto& desk = m_window.desk();
        QTest::keyClicks(&desk.questionEdit(), question);
        QTest::keyClick(&desk.questionEdit(), Qt::Key_Return, Qt::ControlModifier);
        const bool done = reach("the answer is final", kAnswerMs, [&] { return !desk.busy(); });
        if (!m_failure.isEmpty())
            say(QStringLiteral("   ") + app::sentenceFor({.code = m_failure}));
        check(m_failure.isEmpty() && m_answer.state == QStringLiteral("complete"),
              "the answer is complete");
        for (const app::Claim& claim : m_answer.claims) {
            QStringList numbers;
            for (const int number : claim.cited)
                numbers += QString::number(number);
            say(QStringLiteral("A  %1 %2 [%3]")
                    .arg(app::shapeOf(claim.verdict))
                    .arg(app::withoutMarks(claim.sentence), numbers.join(QLatin1Char(','))));
        }
        for (const app::Conflict& conflict : m_answer.conflicts)
            say(QStringLiteral("   Sources disagree: ") + conflict.sentence);
        for (const app::EvidenceItem& item : m_answer.evidence)
            say(QStringLiteral("   [%1] %2: %3").arg(item.number).arg(item.label, item.text));
        say(QStringLiteral("   ") + m_answer.coverage.line);
        picture(name);
        return done;
    }

    void checkCitations(bool everySentence)
    {
        QSet<int> known;
        for (const app::EvidenceItem& item : m_answer.evidence)
            known += item.number;
        bool right = !known.isEmpty();
        for (const app::Claim& claim : m_answer.claims) {
            right = right && (!everySentence || claim.verdict == app::Verdict::NoClaim ||
                              !claim.cited.isEmpty());
            for (const int number : claim.cited)
                right = right &&
                        (known.contains(number) || claim.verdict == app::Verdict::NotSupported);
        }
        check(right, "every citation names evidence that is there");
        check(!m_answer.coverage.line.isEmpty(), "the answer says what was searched");
    }

    void waitForSource()
    {
        const auto& source = m_window.desk().evidencePane().source();
        reach("the source is shown with its words highlighted", kCallMs,
              [&] { return !source.highlighted().isEmpty(); });
        say(QStringLiteral("   source: ") + source.highlighted().simplified().left(200));
    }

    /// By keyboard: Alt+number goes to the citation and shows its source.
    void showSource(int number, const char* name)
    {
        if (number <= 9)
            QTest::keyClick(&m_window, static_cast<Qt::Key>(Qt::Key_0 + number), Qt::AltModifier);
        else
            m_window.desk().conversationView().focusCitation(number);
        waitForSource();
        picture(name);
    }

    void picture(const char* name)
    {
        ++m_pictures;
        for (const auto& [choice, theme] : {std::pair(app::ThemeChoice::Dark, "dark"),
                                            std::pair(app::ThemeChoice::Light, "light")}) {
            for (const int scale : {200, 100}) {
                app::dress(m_application, choice, scale);
                QTest::qWait(50); // layouts inside scroll areas settle in two passes
                const QString file = QStringLiteral("%1/%2-%3-%4-%5.png")
                                         .arg(m_out)
                                         .arg(m_pictures, 2, 10, QLatin1Char('0'))
                                         .arg(QString::fromLatin1(name), QString::fromLatin1(theme))
                                         .arg(scale);
                if (!m_window.grab().save(file))
                    check(false, "a picture could not be written");
                for (const QString& fault : looks::sourceFaults(m_window))
                    check(false, qPrintable(QStringLiteral("%1: %2").arg(QString::fromLatin1(name),
                                                                         fault)));
            }
        }
    }

    QApplication& m_application;
    QString m_out;
    app::SocketBackend m_backend;
    app::MainWindow m_window;
    app::Answer m_answer;
    app::Chart m_chart;
    QString m_failure, m_model;
    int m_pictures = 0;
    int m_faults = 0;
};

} // namespace

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    QCommandLineParser parser;
    parser.addOptions({{QStringLiteral("socket"), {}, QStringLiteral("path")},
                       {QStringLiteral("out"), {}, QStringLiteral("dir")},
                       {QStringLiteral("credentials"), {}, QStringLiteral("file")},
                       {QStringLiteral("assert-flow"), {}}});
    QFile file;
    if (parser.parse(QApplication::arguments()))
        file.setFileName(parser.value(QStringLiteral("credentials")));
    if (!file.open(QIODevice::ReadOnly)) {
        std::fputs("demo-driver: needs --socket PATH --out DIR --credentials FILE\n", stderr);
        return 2;
    }
    const QStringList credentials = QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'));

    Driver driver(application, parser.value(QStringLiteral("socket")),
                  parser.value(QStringLiteral("out")));
    bool going = driver.signIn(credentials.value(0), credentials.value(1));
    going = going && driver.openPatient(QStringLiteral("testfield"));
    if (going) {
        driver.lookUp();
        driver.freeQuestion();
        driver.tables();
        driver.lock();
    }
    driver.close();
    if (!going)
        return 1;
    return parser.isSet(QStringLiteral("assert-flow")) && driver.faults() > 0 ? 1 : 0;
}
