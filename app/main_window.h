// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/settings.h"
#include "app/view.h"

#include <QMainWindow>

#include <functional>

class QStackedWidget;

namespace app {

class Backend;
class ModeStrip;
class Notice;
class PatientBanner;
class PatientDesk;
class PatientsPage;
class SessionKeeper;
class SignInPage;

/// One window, one patient. Sign-in, list of patients and desk are pages; banner and mode strip
/// stand above them. Locking empties every page before the lock screen shows.
class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(Backend& backend, const QString& socketPath, const Settings& settings,
               QWidget* parent = nullptr);

    void lock();
    [[nodiscard]] bool locked() const;
    [[nodiscard]] PatientDesk& desk() const { return *m_desk; }
    [[nodiscard]] Notice& notice() const { return *m_notice; }
    /// Text size in percent, kept for the next start.
    void setTextScale(int percent);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    /// What a lock keeps, so that the same user goes on where they were. No record text.
    struct Place {
        QString user, patient, conversation, draft;
    };

    void build();
    void connectBackend();
    void addKeys();
    void key(const QKeySequence& keys, std::function<void()> action);
    void enter(const SessionInfo& session, WitnessVerdict witness);
    /// Asks whether to work with an audit log that does not prove itself.
    void confirmEntry(const SessionInfo& session, WitnessVerdict witness);
    void begin(const SessionInfo& session);
    void leaveTo(const QString& sentence, bool keepPlace);
    void showPatients();
    void choose(const PatientSummary& patient);
    void confirmSwitch(const PatientSummary& patient);
    void openChart(const Chart& chart);
    void forgetPatient();
    void stepBack();
    [[nodiscard]] bool atDesk() const;

    Backend& m_backend;
    Settings m_settings;
    Place m_place;
    QString m_userName;
    QString m_wanted;         // patient that was chosen and is being opened
    Chart m_chart;            // of the open patient: for the banner when the desk shows again
    bool m_undecided = false; // signed in, but nobody has accepted the audit log's state yet
    SessionKeeper* m_keeper;
    PatientBanner* m_banner;
    ModeStrip* m_strip;
    Notice* m_notice;
    QStackedWidget* m_pages;
    QWidget* m_blank; // below the question that confirmEntry() asks
    SignInPage* m_signIn;
    PatientsPage* m_patients;
    PatientDesk* m_desk;
};

} // namespace app
