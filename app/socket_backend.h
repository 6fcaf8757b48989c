// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/backend.h"
#include "app/checkpoint_file.h"

#include "inference/api/client.h"

#include <QThreadPool>

#include <atomic>
#include <stop_token>

namespace app {

/// The real service behind its Unix socket. Calls run one after the other on a thread of their own,
/// heartbeats, the running question and leaving on three more; results come back as signals on the
/// GUI thread. What belongs to a session that has ended meanwhile is dropped.
class SocketBackend : public Backend {
    Q_OBJECT

public:
    explicit SocketBackend(const QString& socketPath, QObject* parent = nullptr);
    ~SocketBackend() override; ///< Stops the running question and waits for what was begun.

    void findService() override;
    void signIn(const QString& user, QByteArray passphrase) override;
    void enrol(const QString& user, const QString& code, QByteArray passphrase) override;
    void leave(Leaving leaving) override;
    void beat(bool input) override;
    void searchPatients(const QString& query) override;
    void openPatient(const QString& patient) override;
    void listConversations(const QString& patient) override;
    void openConversation(const QString& conversation) override;
    void openDocument(const QString& patient, int index, const SourceRef& source) override;
    void openOriginal(const QString& patient, const SourceRef& source) override;
    quint64 ask(const QString& patient, const QString& conversation,
                const QString& question) override;
    void stop() override;

private:
    /// Runs @p call on @p pool, then @p deliver with its result here, if the session is the same.
    template <typename Call, typename Deliver>
    void run(QThreadPool& pool, Call call, Deliver deliver);
    /// As run; an error becomes requestFailed, sessionEnded or unreachable.
    template <typename Call, typename Deliver>
    void fetch(Call call, Deliver deliver);
    void fail(const api::Error& error);
    void enter(const api::SignIn& session, const std::optional<api::KeptCheckpoint>& kept);
    [[nodiscard]] api::Client::Events eventsFor(quint64 number);
    void post(quint64 session, std::function<void()> deliver);

    QString m_socketPath;
    CheckpointFile m_checkpoint;
    api::Client m_client;
    std::string m_session;            // its id, empty while nobody is signed in
    std::atomic<quint64> m_epoch = 0; // counts sign-ins and leavings
    quint64 m_questions = 0;
    std::stop_source m_stop;
    QThreadPool m_calls, m_beats, m_asking, m_leaving;
};

} // namespace app
