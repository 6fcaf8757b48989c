// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/frame/tasks.h"
#include "app/view.h"

#include <QWidget>

#include <utility>

class QLabel;
class QPushButton;
class QSplitter;
class QToolButton;

namespace app {

class Backend;
class ConversationView;
class EvidencePane;
class QuestionEdit;
class SidePane;

/// Everything about the one patient of this window: tasks, conversation, evidence, and the running
/// question.
class PatientDesk : public QWidget {
    Q_OBJECT

public:
    explicit PatientDesk(Backend& backend, QWidget* parent = nullptr);

    /// @p conversation: reopened when it is not empty (after a lock).
    void begin(const Chart& chart, const QString& conversation);
    /// Forgets the patient. A running answer goes on in the service unless it was stopped before.
    void clear();

    [[nodiscard]] const QString& patient() const { return m_patient; }
    [[nodiscard]] const QString& conversation() const { return m_conversation; }
    [[nodiscard]] bool busy() const { return m_ask != 0; }
    [[nodiscard]] QString draft() const;
    void setDraft(const QString& text);
    /// Puts a question that the service has not accepted yet back into the input, before what was
    /// typed since.
    void takeBack();

    void stop();
    void useTask(const Task& task);
    void newConversation();
    void
    showPane(int pane); ///< 0 tasks, 1 conversation, 2 evidence: shows it and moves the keyboard
    void nextPane();
    /// Says in the running answer why no more of it comes.
    void breakOff(const Failure& failure);

    [[nodiscard]] ConversationView& conversationView() const { return *m_view; }
    [[nodiscard]] EvidencePane& evidencePane() const { return *m_evidence; }
    [[nodiscard]] QuestionEdit& questionEdit() const { return *m_edit; }
    [[nodiscard]] SidePane& sidePane() const { return *m_side; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildCentre();
    void connectQuestion();
    void connectHistory();
    void ask(const QString& question);
    void finish();
    void setBusy(bool busy);
    void fitPanes();
    void uncoverEvidence(); // where F2 had put the tasks in its place

    Backend& m_backend;
    QString m_patient, m_patientName, m_conversation;
    quint64 m_ask = 0;         // the running question's number, 0: none
    QString m_unsaved;         // its text, until the service keeps it
    bool m_sideWanted = false; // F2 showed it, in place of the evidence if need be
    std::pair<int, bool> m_fittedFor{-1, false}; // letters across, with the tasks
    QSplitter* m_panes;
    SidePane* m_side;
    ConversationView* m_view;
    EvidencePane* m_evidence;
    QuestionEdit* m_edit;
    QPushButton* m_send;
    QPushButton* m_stop;
    QToolButton* m_tasks; // shown where there is no room for the tasks themselves
    QLabel* m_status;
};

} // namespace app
