// SPDX-License-Identifier: Apache-2.0
#include "app/main_window.h"

#include "app/backend.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/format.h"
#include "app/frame/mode_strip.h"
#include "app/frame/notice.h"
#include "app/frame/patient_banner.h"
#include "app/frame/tasks.h"
#include "app/label.h"
#include "app/patient_desk.h"
#include "app/patients/patients_page.h"
#include "app/session_keeper.h"
#include "app/start/sign_in_page.h"

#include <QApplication>
#include <QCloseEvent>
#include <QKeyEvent>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace app {

namespace {
constexpr int kScaleStep = 10;
}

MainWindow::MainWindow(Backend& backend, const QString& socketPath, const Settings& settings,
                       QWidget* parent)
    : QMainWindow(parent)
    , m_backend(backend)
    , m_settings(settings)
    , m_keeper(new SessionKeeper(backend, this))
    , m_banner(new PatientBanner)
    , m_strip(new ModeStrip)
    , m_notice(new Notice)
    , m_pages(new QStackedWidget)
    , m_blank(new QWidget)
    , m_signIn(new SignInPage(backend, socketPath))
    , m_patients(new PatientsPage(backend))
    , m_desk(new PatientDesk(backend))
{
    setWindowTitle(tr("Cloister"));
    build();
    connectBackend();
    addKeys();
    m_backend.findService();
}

void MainWindow::build()
{
    m_pages->addWidget(m_signIn);
    m_pages->addWidget(m_blank);
    m_pages->addWidget(m_patients);
    m_pages->addWidget(m_desk);
    auto* whole = new QWidget;
    auto* column = new QVBoxLayout(whole);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_banner);
    column->addWidget(m_strip);
    column->addWidget(m_notice);
    column->addWidget(m_pages, 1);
    setCentralWidget(whole);

    connect(m_strip, &ModeStrip::lockWanted, this, &MainWindow::lock);
    connect(m_strip, &ModeStrip::signOutWanted, this, [this] {
        m_backend.leave(Backend::Leaving::SignOut);
        leaveTo({}, false);
    });
    connect(m_strip, &ModeStrip::keysWanted, this, [this] {
        auto* dialog = new KeysDialog(this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
    connect(m_patients, &PatientsPage::chosen, this, &MainWindow::choose);
    connect(m_patients, &PatientsPage::abandoned, this, [this] {
        if (m_desk->patient().isEmpty())
            return;
        m_banner->show(m_chart);
        m_pages->setCurrentWidget(m_desk);
        m_desk->questionEdit().setFocus();
    });
}

void MainWindow::connectBackend()
{
    connect(&m_backend, &Backend::serviceFound, m_signIn, &SignInPage::showService);
    connect(&m_backend, &Backend::unreachable, m_signIn, &SignInPage::showUnreachable);
    connect(&m_backend, &Backend::signedIn, this, &MainWindow::enter);
    connect(&m_backend, &Backend::beaten, m_strip, &ModeStrip::setModel);
    connect(&m_backend, &Backend::sessionEnded, this, [this](const Failure& failure) {
        if (!locked())
            leaveTo(sentenceFor(failure), true);
    });
    connect(&m_backend, &Backend::patientOpened, this, &MainWindow::openChart);
    connect(&m_backend, &Backend::requestFailed, this, [this](const Failure& failure) {
        m_notice->tell(sentenceFor(failure), Notice::Kind::Passing);
    });
    connect(m_keeper, &SessionKeeper::idle, this, &MainWindow::lock);
    connect(m_keeper, &SessionKeeper::gone, this, [this] {
        m_desk->breakOff({.code = QStringLiteral("interrupted")});
        if (!locked())
            m_notice->tell(sentenceFor({.code = QStringLiteral("unreachable")}),
                           Notice::Kind::Passing);
    });
    connect(m_keeper, &SessionKeeper::back, m_notice, &Notice::calm);
}

void MainWindow::key(const QKeySequence& keys, std::function<void()> action)
{
    auto* shortcut = new QShortcut(keys, this);
    connect(shortcut, &QShortcut::activated, this, std::move(action));
}

void MainWindow::addKeys()
{
    key(Qt::Key_F1, [this] { Q_EMIT m_strip->keysWanted(); });
    key(Qt::Key_F9, [this] { lock(); });
    key(Qt::CTRL | Qt::Key_P, [this] { showPatients(); });
    key(Qt::CTRL | Qt::Key_K, [this] {
        if (!atDesk())
            return;
        auto* palette = new TaskPalette(this);
        palette->setAttribute(Qt::WA_DeleteOnClose);
        connect(palette, &TaskPalette::chosen, m_desk, &PatientDesk::useTask);
        palette->open();
    });
    key(Qt::CTRL | Qt::Key_N, [this] {
        if (atDesk())
            m_desk->newConversation();
    });
    for (int pane = 0; pane < 3; ++pane)
        key(static_cast<Qt::Key>(Qt::Key_F2 + pane), [this, pane] {
            if (atDesk())
                m_desk->showPane(pane);
        });
    key(Qt::Key_F6, [this] {
        if (atDesk())
            m_desk->nextPane();
    });
    for (int number = 1; number <= 9; ++number)
        key(Qt::ALT | static_cast<Qt::Key>(Qt::Key_0 + number), [this, number] {
            if (atDesk())
                m_desk->conversationView().focusCitation(number);
        });
    for (const auto plus : {Qt::Key_Plus, Qt::Key_Equal})
        key(Qt::CTRL | plus, [this] { setTextScale(m_settings.textScale + kScaleStep); });
    key(Qt::CTRL | Qt::Key_Minus, [this] { setTextScale(m_settings.textScale - kScaleStep); });
    key(Qt::CTRL | Qt::Key_0, [this] { setTextScale(100); });
}

void MainWindow::enter(const SessionInfo& session, WitnessVerdict witness)
{
    m_userName = session.userName;
    m_keeper->begin(session);
    m_strip->show(session);
    m_strip->setAudit(witness);
    const bool proven =
        witness == WitnessVerdict::Consistent || witness == WitnessVerdict::FirstSeen;
    if (!proven)
        m_notice->tell(sentenceFor(witness), Notice::Kind::Alarm);
    if (proven || witness == WitnessVerdict::NotKept)
        begin(session);
    else
        confirmEntry(session, witness);
}

void MainWindow::confirmEntry(const SessionInfo& session, WitnessVerdict witness)
{
    m_undecided = true;
    m_pages->setCurrentWidget(m_blank);
    auto* box = new QMessageBox(QMessageBox::Critical, tr("Audit log"), sentenceFor(witness),
                                QMessageBox::NoButton, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    auto* leave = box->addButton(tr("Sign out"), QMessageBox::RejectRole);
    auto* accept =
        box->addButton(tr("Go on: the compliance officer knows"), QMessageBox::AcceptRole);
    box->setDefaultButton(leave);
    box->setEscapeButton(leave);
    // Not the buttons' own signals: a window manager that closes the box presses none.
    connect(box, &QDialog::finished, this, [this, box, accept, session] {
        if (!m_undecided)
            return; // locked meanwhile
        if (box->clickedButton() == accept)
            begin(session);
        else
            Q_EMIT m_strip->signOutWanted();
    });
    box->open();
}

void MainWindow::begin(const SessionInfo& session)
{
    m_undecided = false;
    if (!session.admitted)
        m_notice->tell(sentenceFor({.code = QStringLiteral("not_admitted")}),
                       Notice::Kind::Passing);
    else
        m_notice->calm();
    const bool mayLook =
        session.role == QStringLiteral("clinician") || session.role == QStringLiteral("steward");
    if (!mayLook)
        m_notice->tell(tr("Your role works with cloister-admin; patients are not opened with it."),
                       Notice::Kind::Passing);
    m_pages->setCurrentWidget(m_patients);
    if (mayLook && session.admitted)
        m_patients->begin();
    if (m_place.user == session.userName && !m_place.patient.isEmpty()) {
        m_wanted = m_place.patient;
        m_backend.openPatient(m_place.patient);
    } else {
        m_place = {};
    }
}

void MainWindow::lock()
{
    if (locked())
        return;
    m_backend.leave(Backend::Leaving::Lock);
    leaveTo({}, true);
}

bool MainWindow::locked() const
{
    return m_pages->currentWidget() == m_signIn;
}

void MainWindow::leaveTo(const QString& sentence, bool keepPlace)
{
    m_keeper->end();
    m_desk->takeBack();
    // Before anybody decided to go on, the place is still the one of the lock before.
    if (!keepPlace)
        m_place = {};
    else if (!m_undecided)
        m_place = {m_userName, m_desk->patient(), m_desk->conversation(), m_desk->draft()};
    m_undecided = false;
    for (QWidget* widget : QApplication::topLevelWidgets()) {
        if (widget != this && widget->parentWidget() == this && widget->isVisible())
            widget->close(); // a dialog may name a patient
    }
    m_signIn->setMode(keepPlace ? SignInPage::Mode::Unlock : SignInPage::Mode::SignIn);
    m_signIn->setUser(keepPlace ? m_userName : QString());
    m_signIn->showSentence(sentence);
    m_strip->hide();
    m_pages->setCurrentWidget(m_signIn);
    forgetPatient();
    m_patients->clear();
    m_backend.findService();
}

void MainWindow::forgetPatient()
{
    m_wanted.clear();
    m_chart = {};
    m_banner->clear();
    m_desk->clear();
    setWindowTitle(tr("Cloister"));
}

bool MainWindow::atDesk() const
{
    return m_pages->currentWidget() == m_desk;
}

void MainWindow::showPatients()
{
    if (locked() || m_undecided)
        return;
    // The banner names the patient of what is below it; a list is about nobody.
    m_banner->hide();
    m_pages->setCurrentWidget(m_patients);
    m_patients->begin();
}

void MainWindow::choose(const PatientSummary& patient)
{
    const bool other = !m_desk->patient().isEmpty() && patient.id != m_desk->patient();
    if (other && !m_desk->draft().isEmpty()) {
        confirmSwitch(patient);
        return;
    }
    if (other) {
        m_desk->stop();
        forgetPatient();
    }
    m_place = {};
    m_wanted = patient.id;
    m_backend.openPatient(patient.id);
}

void MainWindow::confirmSwitch(const PatientSummary& patient)
{
    auto* box = new QMessageBox(this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setWindowTitle(tr("Another patient"));
    box->setTextFormat(Qt::PlainText);
    box->setText(tr("You have typed a question about %1.").arg(m_chart.patient.name));
    box->setInformativeText(tr("Open %1 and throw the typed question away?").arg(patient.name));
    // Short words, so that no button is cut at any size of text; the names stand above.
    auto* open = box->addButton(tr("Open the other"), QMessageBox::AcceptRole);
    auto* stay = box->addButton(tr("Stay"), QMessageBox::RejectRole);
    box->setDefaultButton(open);
    box->setEscapeButton(stay);
    connect(open, &QPushButton::clicked, this, [this, patient] {
        m_desk->setDraft({});
        choose(patient);
    });
    box->open();
}

void MainWindow::openChart(const Chart& chart)
{
    if (chart.patient.id != m_wanted || locked())
        return;
    m_wanted.clear();
    const bool back = m_place.patient == chart.patient.id;
    const bool same = m_desk->patient() == chart.patient.id;
    m_chart = chart;
    m_banner->show(chart);
    setWindowTitle(tr("%1 – Cloister").arg(chart.patient.name));
    m_pages->setCurrentWidget(m_desk);
    if (!same)
        m_desk->begin(chart, back ? m_place.conversation : QString());
    if (back)
        m_desk->setDraft(m_place.draft);
    m_place = {};
    announce(m_banner, m_banner->accessibleDescription());
}

void MainWindow::setTextScale(int percent)
{
    m_settings.textScale = std::clamp(percent, kSmallestScale, kLargestScale);
    saveSettings(m_settings);
    dress(*qApp, m_settings.theme, m_settings.textScale);
}

void MainWindow::stepBack()
{
    if (m_desk->busy())
        m_desk->stop();
    else if (atDesk())
        m_desk->questionEdit().setFocus();
}

void MainWindow::keyPressEvent(QKeyEvent* event)
{
    // Letters come here only when no field took them, so typing a J stays typing a J.
    const bool plain = (event->modifiers() & ~Qt::ShiftModifier) == 0;
    if (event->key() == Qt::Key_Escape)
        stepBack();
    else if (atDesk() && plain && event->key() == Qt::Key_J)
        m_desk->conversationView().focusNextClaim(1);
    else if (atDesk() && plain && event->key() == Qt::Key_K)
        m_desk->conversationView().focusNextClaim(-1);
    else
        QMainWindow::keyPressEvent(event);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!locked())
        m_backend.leave(Backend::Leaving::SignOut);
    QMainWindow::closeEvent(event);
}

} // namespace app
