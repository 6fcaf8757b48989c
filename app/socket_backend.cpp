// SPDX-License-Identifier: Apache-2.0
#include "app/socket_backend.h"

#include "app/convert.h"

#include <QFileInfo>

#include <openssl/crypto.h>

#include <utility>

namespace app {

namespace {
constexpr std::size_t kListed = 500;

void wipe(std::string& secret)
{
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

std::string take(QByteArray& secret)
{
    std::string taken = secret.toStdString();
    OPENSSL_cleanse(secret.data(), static_cast<std::size_t>(secret.size()));
    secret.clear();
    return taken;
}
} // namespace

SocketBackend::SocketBackend(const QString& socketPath, QObject* parent)
    : Backend(parent)
    , m_socketPath(socketPath)
    , m_checkpoint(socketPath)
    , m_client({.socket = socketPath.toStdString(), .daemonUid = {}})
{
    for (QThreadPool* pool : {&m_calls, &m_beats, &m_asking, &m_leaving})
        pool->setMaxThreadCount(1);
}

SocketBackend::~SocketBackend()
{
    m_stop.request_stop();
    for (QThreadPool* pool : {&m_asking, &m_beats, &m_calls, &m_leaving})
        pool->waitForDone();
}

void SocketBackend::post(quint64 epoch, std::function<void()> deliver)
{
    QMetaObject::invokeMethod(
        this,
        [this, epoch, deliver = std::move(deliver)] {
            if (epoch == m_epoch)
                deliver();
        },
        Qt::QueuedConnection);
}

template <typename Call, typename Deliver>
void SocketBackend::run(QThreadPool& pool, Call call, Deliver deliver)
{
    const quint64 epoch = m_epoch;
    pool.start([this, epoch, call = std::move(call), deliver = std::move(deliver)]() mutable {
        auto result = call();
        post(epoch, [result = std::move(result), deliver = std::move(deliver)]() mutable {
            deliver(result);
        });
    });
}

template <typename Call, typename Deliver>
void SocketBackend::fetch(Call call, Deliver deliver)
{
    run(m_calls, std::move(call), [this, deliver = std::move(deliver)](auto& result) mutable {
        if (result)
            deliver(*result);
        else
            fail(result.error());
    });
}

void SocketBackend::fail(const api::Error& error)
{
    switch (error.code) {
    case api::Errc::ConnectFailed:
    case api::Errc::ConnectionLost:
    case api::Errc::Timeout:
        Q_EMIT unreachable();
        break;
    case api::Errc::Unauthorized:
    case api::Errc::Locked:
        Q_EMIT sessionEnded(viewOf(error));
        break;
    default:
        Q_EMIT requestFailed(viewOf(error));
    }
}

void SocketBackend::findService()
{
    run(
        m_beats, [this] { return m_client.service(); },
        [this](const api::Result<api::ServiceInfo>& found) {
            if (!found) {
                Q_EMIT unreachable();
                return;
            }
            ServiceInfo service = viewOf(*found);
            // The client has checked that the process behind the socket runs as the socket's owner.
            service.daemonUid = QFileInfo(m_socketPath).ownerId();
            Q_EMIT serviceFound(service);
        });
}

void SocketBackend::signIn(const QString& user, QByteArray passphrase)
{
    const std::optional<api::KeptCheckpoint> kept = m_checkpoint.load();
    api::SignInRequest request{.user = user.toStdString(),
                               .passphrase = take(passphrase),
                               .knownCheckpoint = kept ? api::sizeOf(*kept) : std::nullopt};
    run(
        m_calls,
        [this, request = std::move(request)]() mutable {
            m_leaving.waitForDone(); // it ends with the old token, and must not clear the new one
            auto session = m_client.signIn(request);
            wipe(request.passphrase);
            return session;
        },
        [this, kept](const api::Result<api::SignIn>& session) {
            if (session)
                enter(*session, kept);
            else
                Q_EMIT signInFailed(viewOf(session.error()));
        });
}

void SocketBackend::enter(const api::SignIn& session,
                          const std::optional<api::KeptCheckpoint>& kept)
{
    ++m_epoch;
    m_session = session.session;
    const api::Witness witness = api::judge(kept, session.audit, CheckpointFile::pinnedKey());
    WitnessVerdict verdict = viewOf(witness);
    const bool keep = witness == api::Witness::Consistent || witness == api::Witness::FirstSeen;
    if (keep && !m_checkpoint.save({.key = session.audit.key, .note = session.audit.checkpoint}))
        verdict = WitnessVerdict::NotKept;
    Q_EMIT signedIn(viewOf(session), verdict);
}

void SocketBackend::enrol(const QString& user, const QString& code, QByteArray passphrase)
{
    api::EnrolRequest request{user.toStdString(), code.toStdString(), take(passphrase)};
    run(
        m_calls,
        [this, request = std::move(request)]() mutable {
            auto done = m_client.enrol(request);
            wipe(request.passphrase);
            return done;
        },
        [this](const api::Result<void>& done) {
            if (done)
                Q_EMIT enrolled();
            else
                Q_EMIT enrolFailed(viewOf(done.error()));
        });
}

void SocketBackend::leave(Leaving leaving)
{
    if (m_session.empty())
        return;
    ++m_epoch;
    const std::string session = std::exchange(m_session, {});
    // Not behind a running call: until this arrives the service keeps the session's keys.
    m_leaving.start([this, session, leaving] {
        // If nothing answers, the session ends by itself when the daemon hears no heartbeat.
        std::ignore = leaving == Leaving::Lock ? m_client.lock(session) : m_client.signOut(session);
    });
}

void SocketBackend::beat(bool input)
{
    if (m_session.empty())
        return;
    run(
        m_beats, [this, session = m_session, input] { return m_client.heartbeat(session, input); },
        [this](const api::Result<api::ModelStatus>& model) {
            if (model)
                Q_EMIT beaten(viewOf(*model));
            else
                fail(model.error());
        });
}

void SocketBackend::searchPatients(const QString& query)
{
    fetch([this, query] { return m_client.searchPatients(query.toStdString(), kListed, 0); },
          [this, query](const api::PatientList& list) {
              Q_EMIT patientsFound(query, viewsOf(list.patients), static_cast<int>(list.total));
          });
}

void SocketBackend::openPatient(const QString& patient)
{
    fetch([this, patient] { return m_client.patient(patient.toStdString()); },
          [this](const api::Chart& chart) { Q_EMIT patientOpened(viewOf(chart)); });
}

void SocketBackend::listConversations(const QString& patient)
{
    fetch([this, patient] { return m_client.conversations(patient.toStdString(), kListed, 0); },
          [this, patient](const std::vector<api::Conversation>& list) {
              Q_EMIT conversationsListed(patient, viewsOf(list));
          });
}

void SocketBackend::openConversation(const QString& conversation)
{
    fetch(
        [this, conversation] { return m_client.conversation(conversation.toStdString()); },
        [this](const api::ConversationTurns& turns) { Q_EMIT conversationOpened(viewOf(turns)); });
}

void SocketBackend::openDocument(const QString& patient, int index, const SourceRef& source)
{
    run(
        m_calls,
        [this, patient, index, source] {
            return m_client.document(patient.toStdString(), static_cast<std::uint64_t>(index),
                                     wordsOf(source));
        },
        [this, patient, source](const api::Result<api::DocumentText>& document) {
            if (document)
                Q_EMIT documentOpened(patient, viewOf(*document));
            else if (document.error().code == api::Errc::NotFound)
                Q_EMIT documentReplaced(patient, source);
            else
                fail(document.error());
        });
}

void SocketBackend::openOriginal(const QString& patient, const SourceRef& source)
{
    fetch(
        [this, patient, source] {
            return m_client.original(patient.toStdString(), source.document.toStdString(),
                                     static_cast<std::uint64_t>(source.begin),
                                     static_cast<std::uint64_t>(source.end));
        },
        [this, patient](const api::OriginalText& original) {
            Q_EMIT originalOpened(patient, viewOf(original));
        });
}

api::Client::Events SocketBackend::eventsFor(quint64 number)
{
    const quint64 epoch = m_epoch;
    api::Client::Events events;
    events.accepted = [this, epoch, number](const api::Accepted& turn) {
        post(epoch, [this, number, turn] { Q_EMIT accepted(number, viewOf(turn)); });
    };
    events.evidence = [this, epoch, number](const api::EvidenceFound& found) {
        post(epoch, [this, number, found] {
            Q_EMIT evidenceFound(number, viewsOf(found.items), viewOf(found.coverage));
        });
    };
    events.progress = [this, epoch, number](const api::Progress& progress) {
        post(epoch, [this, number, progress] { Q_EMIT progressed(number, viewOf(progress)); });
    };
    events.token = [this, epoch, number](const std::string& text) {
        post(epoch,
             [this, number, text] { Q_EMIT tokenCame(number, QString::fromStdString(text)); });
    };
    events.claim = [this, epoch, number](const api::Claim& claim) {
        post(epoch, [this, number, claim] { Q_EMIT claimChecked(number, viewOf(claim)); });
    };
    return events;
}

quint64 SocketBackend::ask(const QString& patient, const QString& conversation,
                           const QString& question)
{
    const quint64 number = ++m_questions;
    m_stop.request_stop();
    m_stop = std::stop_source();
    api::QuestionRequest request;
    request.question = question.toStdString();
    request.conversation = conversation.toStdString();
    run(
        m_asking,
        [this, patient, request = std::move(request), events = eventsFor(number),
         stop = m_stop.get_token()] {
            return m_client.ask(patient.toStdString(), request, events, stop);
        },
        [this, number](const api::Result<api::Done>& done) {
            if (done) {
                Q_EMIT answered(number, viewOf(done->answer));
                return;
            }
            Q_EMIT questionFailed(number, viewOf(done.error()));
            // What ends the session or the connection matters to more than this question.
            const api::Errc code = done.error().code;
            if (code == api::Errc::Unauthorized || code == api::Errc::Locked ||
                code == api::Errc::ConnectFailed || code == api::Errc::ConnectionLost)
                fail(done.error());
        });
    return number;
}

void SocketBackend::stop()
{
    m_stop.request_stop();
}

} // namespace app
