// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QObject>

namespace app {

/// The service as the widgets see it: every call returns at once and answers by a signal.
/// Threads: called from, and signals on, the GUI thread.
class Backend : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    virtual void findService() = 0;
    /// The passphrase is wiped by the callee once it is sent.
    virtual void signIn(const QString& user, QByteArray passphrase) = 0;
    virtual void enrol(const QString& user, const QString& code, QByteArray passphrase) = 0;
    enum class Leaving { Lock, SignOut };
    virtual void leave(Leaving leaving) = 0;
    virtual void beat(bool input) = 0;

    virtual void searchPatients(const QString& query) = 0;
    virtual void openPatient(const QString& patient) = 0;
    virtual void listConversations(const QString& patient) = 0;
    virtual void openConversation(const QString& conversation) = 0;
    /// The document that @p source names; @p index: where it was listed.
    virtual void openDocument(const QString& patient, int index, const SourceRef& source) = 0;
    virtual void openOriginal(const QString& patient, const SourceRef& source) = 0;

    /// Starts a question and returns its number, which every signal about it carries.
    virtual quint64 ask(const QString& patient, const QString& conversation,
                        const QString& question) = 0;
    /// Closes the running question's connection: the daemon keeps the partial answer as cancelled.
    virtual void stop() = 0;

Q_SIGNALS:
    void serviceFound(const app::ServiceInfo& service);
    void unreachable(); ///< Nothing answers on the socket.

    void signedIn(const app::SessionInfo& session, app::WitnessVerdict witness);
    void signInFailed(const app::Failure& failure);
    void enrolled();
    void enrolFailed(const app::Failure& failure);
    void beaten(const app::ModelInfo& model);
    void sessionEnded(const app::Failure& failure); ///< locked or unauthorized, by any call

    void patientsFound(const QString& query, const QList<app::PatientSummary>& patients, int total);
    void patientOpened(const app::Chart& chart);
    void conversationsListed(const QString& patient,
                             const QList<app::ConversationSummary>& conversations);
    void conversationOpened(const app::Conversation& conversation);
    void documentOpened(const QString& patient, const app::DocumentText& document);
    /// Another version stands in its place, or none; its original can be opened.
    void documentReplaced(const QString& patient, const app::SourceRef& source);
    void originalOpened(const QString& patient, const app::OriginalText& original);
    void requestFailed(const app::Failure& failure);

    void accepted(quint64 ask, const app::Accepted& turn);
    void evidenceFound(quint64 ask, const QList<app::EvidenceItem>& items,
                       const app::Coverage& coverage);
    void progressed(quint64 ask, const app::Progress& progress);
    void tokenCame(quint64 ask, const QString& text);
    void claimChecked(quint64 ask, const app::Claim& claim);
    void answered(quint64 ask, const app::Answer& answer);
    void questionFailed(quint64 ask, const app::Failure& failure);
};

} // namespace app
