// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/backend.h"

#include <QHash>

/// A service that answers from values set by the test. It records what was asked of it; questions
/// are answered by the test emitting the backend's signals itself.
class FakeBackend : public app::Backend {
public:
    app::SessionInfo session;
    app::WitnessVerdict witness = app::WitnessVerdict::Consistent;
    QList<app::PatientSummary> patients;
    QHash<QString, app::Chart> charts;
    QHash<int, app::DocumentText> documents;
    QByteArray original;
    app::Failure signInFailure; // code set: signing in fails with it

    QStringList calls;
    QByteArray passphrase;
    quint64 lastAsk = 0;

    void findService() override
    {
        calls += QStringLiteral("service");
        Q_EMIT serviceFound({QStringLiteral("0.1.0"), true, true, QStringLiteral("reduced"), 970});
    }

    void signIn(const QString& user, QByteArray given) override
    {
        calls += QStringLiteral("signIn ") + user;
        passphrase = given;
        if (!signInFailure.code.isEmpty()) {
            Q_EMIT signInFailed(signInFailure);
            return;
        }
        session.userName = user;
        Q_EMIT signedIn(session, witness);
    }

    void enrol(const QString& user, const QString& code, QByteArray given) override
    {
        calls += QStringLiteral("enrol ") + user + QLatin1Char(' ') + code;
        passphrase = given;
        Q_EMIT enrolled();
    }

    void leave(Leaving leaving) override
    {
        calls += leaving == Leaving::Lock ? QStringLiteral("lock") : QStringLiteral("signOut");
    }

    void beat(bool input) override
    {
        calls += input ? QStringLiteral("beat input") : QStringLiteral("beat");
    }

    void searchPatients(const QString& query) override
    {
        calls += QStringLiteral("search ") + query;
        QList<app::PatientSummary> found;
        for (const auto& patient : patients) {
            if (patient.name.contains(query, Qt::CaseInsensitive))
                found += patient;
        }
        Q_EMIT patientsFound(query, found, static_cast<int>(patients.size()));
    }

    void openPatient(const QString& patient) override
    {
        calls += QStringLiteral("open ") + patient;
        Q_EMIT patientOpened(charts.value(patient));
    }

    void listConversations(const QString& patient) override
    {
        Q_EMIT conversationsListed(patient, conversations);
    }

    void openConversation(const QString& conversation) override
    {
        calls += QStringLiteral("conversation ") + conversation;
    }

    void openDocument(const QString& patient, int index, const app::SourceRef& source) override
    {
        calls += QStringLiteral("document %1").arg(index);
        for (const app::DocumentText& document : std::as_const(documents)) {
            if (document.source == source) {
                Q_EMIT documentOpened(patient, document);
                return;
            }
        }
        Q_EMIT documentReplaced(patient, source);
    }

    void openOriginal(const QString& patient, const app::SourceRef& source) override
    {
        calls += QStringLiteral("original ") + source.resourceId;
        Q_EMIT originalOpened(patient, {source.document, source.begin, source.end, original});
    }

    quint64 ask(const QString& patient, const QString& /*conversation*/,
                const QString& question) override
    {
        calls += QStringLiteral("ask %1: %2").arg(patient, question);
        return ++lastAsk;
    }

    void stop() override { calls += QStringLiteral("stop"); }

    QList<app::ConversationSummary> conversations;
};
