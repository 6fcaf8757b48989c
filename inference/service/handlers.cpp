// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/api/openai.h"
#include "inference/service/logging.h"
#include "inference/service/storage_errors.h"
#include "inference/service/wipe.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <typeinfo>

namespace service {

namespace {

/// A user whom a steward admitted after the sign-in gets the records without signing in again.
bool obtainsRecords(Services& services, const Caller& caller)
{
    const auto key = caller.keys->withUnlocked(
        [&](const storage::Unlocked& unlocked) { return services.keys.recordsKey(unlocked); });
    if (!key)
        return false;
    storage::Result<storage::Secret> copy = key->clone();
    if (!copy || !services.records.hold(std::move(*copy)))
        return false;
    services.sessions.nowHoldsRecords(caller.session);
    services.merger.wake();
    return true;
}

/// The sender was authorised by the header; the body, or a free thread, may have come much later.
bool hasEnded(const Services& services, const Request& request)
{
    return request.caller && !services.sessions.isOpen(request.caller->session);
}

api::Error ended()
{
    return api::makeError(api::Errc::Locked, "the session has ended");
}

/// A library's exception (no memory, a folder that cannot be read) ends one request, not the
/// daemon. Its words may hold a path, so only its type is logged.
api::Error unexpected(const std::exception& exception)
{
    logError("a request ended by an exception", typeid(exception).name());
    return api::makeError(api::Errc::Internal, "the service failed at this request");
}

bool isOperator(const Setting& setting, const api::Peer& peer)
{
    return peer.uid == 0 || peer.uid == setting.daemonUid ||
           (setting.operatorGroup && std::ranges::contains(peer.groups, *setting.operatorGroup));
}

/// Everything that stands in a path is an identifier of ours: digits, letters, dashes. Anything
/// else names nothing, and must not reach the log.
bool isIdentifier(std::string_view text)
{
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-';
    };
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, allowed);
}

Response dispatch(Services& services, Request& request)
{
    switch (request.route->id) {
    case RouteId::Service:
        return describeService(services);
    case RouteId::Health:
        return json(R"({"status":"ok"})");
    case RouteId::Metrics:
        return showMetrics(services);
    case RouteId::Models:
        return listModels(services);
    case RouteId::SignIn:
        return signIn(services, request);
    case RouteId::Enrol:
        return enrol(services, request);
    case RouteId::Heartbeat:
        return heartbeat(services, request);
    case RouteId::ChangePassphrase:
        return changePassphrase(services, request);
    case RouteId::EndSession:
        return endSession(services, request);
    case RouteId::SearchPatients:
        return searchPatients(services, request);
    case RouteId::OpenPatient:
        return openPatient(services, request);
    case RouteId::OpenDocument:
        return openDocument(services, request);
    case RouteId::OpenOriginal:
        return openOriginal(services, request);
    case RouteId::ListConversations:
        return listConversations(services, request);
    case RouteId::OpenConversation:
        return openConversation(services, request);
    case RouteId::SearchConversations:
        return searchConversations(services, request);
    case RouteId::Init:
        return initialise(services, request);
    case RouteId::Status:
        return showStatus(services, request);
    case RouteId::Import:
        return import(services, request);
    case RouteId::Recover:
        return recover(services, request);
    case RouteId::AddUser:
        return addUser(services, request);
    case RouteId::ListUsers:
        return listUsers(services, request);
    case RouteId::Admit:
        return admit(services, request);
    case RouteId::Checkpoint:
        return showCheckpoint(services, request);
    case RouteId::ExportAudit:
        return exportAudit(services, request);
    case RouteId::Ask:
    case RouteId::Chat:
        break; // of Lane::Stream
    }
    return errorResponse(api::makeError(api::Errc::Internal, "no such lane"));
}

Response checkAndDispatch(Services& services, Request& request)
{
    if (hasEnded(services, request))
        return errorResponse(ended());
    if (!std::ranges::all_of(request.parameters, isIdentifier))
        return errorResponse(api::makeError(api::Errc::NotFound, "there is no such thing"));
    if (request.route->records && !mayReadRecords(services, *request.caller))
        return errorResponse(
            api::makeError(api::Errc::NotAdmitted, "a steward must admit this user first"));
    return dispatch(services, request);
}

/// A session's question, given back however it ends.
class Asking {
public:
    Asking(Sessions& sessions, std::string session)
        : m_sessions(sessions)
        , m_session(std::move(session))
    {
        m_sessions.input(m_session);
        m_sessions.streamOpened(m_session);
    }
    ~Asking()
    {
        m_sessions.streamClosed(m_session);
        m_sessions.endQuestion(m_session);
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

private:
    Sessions& m_sessions;
    std::string m_session;
};

void serveStream(Services& services, Request& request,
                 const std::shared_ptr<RunningQuestions::Entry>& entry)
{
    const Caller& caller = *request.caller;
    const auto refuse = [&](api::Errc code, const char* message) {
        entry->respond(errorResponse(api::makeError(code, message)));
    };
    // The session may have ended before it had an entry; a lock from now on closes its stream.
    if (hasEnded(services, request))
        return entry->respond(errorResponse(ended()));
    if (!std::ranges::all_of(request.parameters, isIdentifier))
        return refuse(api::Errc::NotFound, "there is no such patient");
    if (request.route->records && !mayReadRecords(services, caller))
        return refuse(api::Errc::NotAdmitted, "a steward must admit this user first");
    if (!services.sessions.beginQuestion(caller.session))
        return refuse(api::Errc::Conflict, "this session's last question is still running");
    const Asking asking(services.sessions, caller.session);
    if (request.route->id == RouteId::Chat)
        chat(services, request, entry);
    else
        ask(services, request, entry);
}

} // namespace

api::Result<std::optional<Caller>> authorise(Services& services, const Route& route,
                                             std::string_view token, const api::Peer& peer)
{
    if (route.access == Access::Anybody)
        return std::nullopt;
    if (route.access == Access::Operator) {
        if (isOperator(services.setting, peer))
            return std::nullopt;
        return std::unexpected(
            api::makeError(api::Errc::Forbidden, "only members of the group cloister-admin"));
    }
    if (token.empty())
        return std::unexpected(api::makeError(api::Errc::Unauthorized, "sign in first"));
    api::Result<Caller> caller = services.sessions.find(token, peer);
    if (!caller)
        return std::unexpected(caller.error());
    if (!route.roles.contains(caller->user.role))
        return std::unexpected(api::makeError(api::Errc::Forbidden, "not with this role"));
    return std::move(*caller);
}

bool mayReadRecords(Services& services, const Caller& caller)
{
    return caller.holdsRecords || obtainsRecords(services, caller);
}

Response handle(Services& services, Request& request)
{
    Response response;
    try {
        response = checkAndDispatch(services, request);
    } catch (const std::exception& exception) {
        response = errorResponse(unexpected(exception));
    }
    wipe(request.body);
    services.metrics.request(response.status);
    return response;
}

api::Result<std::shared_ptr<RunningQuestions::Entry>> letIn(Services& services,
                                                            const Request& request,
                                                            std::shared_ptr<EventSink> sink,
                                                            std::stop_source stop)
{
    auto entry = services.questions.begin(request.caller->session, request.caller->user.id,
                                          std::move(sink), std::move(stop));
    if (!entry)
        return std::unexpected(api::makeError(api::Errc::Busy, "too many questions are running"));
    return entry;
}

void stream(Services& services, Request& request,
            const std::shared_ptr<RunningQuestions::Entry>& entry)
{
    try {
        serveStream(services, request, entry);
    } catch (const std::exception& exception) {
        entry->fail(unexpected(exception));
    }
    wipe(request.body);
    // Before the end is sent: whoever has read it may ask again.
    services.questions.end(entry);
    entry->finish();
}

Response errorResponse(const api::Error& error)
{
    return {.status = api::httpStatus(error.code), .body = api::encodeError(error)};
}

audit::Event eventOf(const Request& request, audit::Kind kind)
{
    return {.kind = kind,
            .actor = request.caller ? request.caller->user.name : std::string(),
            .session = request.caller ? request.caller->session : std::string(),
            .peerUid = request.peer.uid,
            .peerPid = request.peer.pid};
}

api::Result<audit::Receipt> record(Services& services, const Request& request, audit::Kind kind,
                                   Fields committed, Fields plain)
{
    audit::Event event = eventOf(request, kind);
    event.committed = std::move(committed);
    event.plain = std::move(plain);
    const audit::Result<audit::Receipt> receipt = services.log.append(event);
    if (!receipt)
        return std::unexpected(toApi(receipt.error()));
    return *receipt;
}

Response refuse(Services& services, audit::Event event, const api::Error& error)
{
    event.outcome = audit::Outcome::Refused;
    event.reason = error.name;
    if (const auto recorded = services.log.append(event); !recorded)
        return errorResponse(toApi(recorded.error()));
    return errorResponse(error);
}

api::ModelStatus modelStatus(const EngineClient* engine)
{
    if (engine == nullptr)
        return {.state = "none"};
    const EngineClient::Status status = engine->status();
    api::ModelStatus shown{.sha256 = status.modelSha256};
    switch (status.state) {
    case EngineClient::State::Loading:
        shown.state = "loading";
        break;
    case EngineClient::State::Ready:
        shown.state = "ready";
        break;
    case EngineClient::State::Restarting:
        shown.state = "restarting";
        break;
    case EngineClient::State::Unusable:
        shown.state = "unusable";
        break;
    }
    if (status.draft)
        shown.draft = wire::nameOf(*status.draft);
    else if (status.state == EngineClient::State::Loading)
        shown.draft = "loading";
    if (status.model) {
        shown.name = status.model->name;
        shown.architecture = status.model->architecture;
        shown.weights = status.model->weightType;
        shown.contextTokens = status.model->contextTokens;
    }
    return shown;
}

Response describeService(Services& services)
{
    return json(api::encode(
        api::ServiceInfo{.version = CLOISTER_VERSION,
                         .initialised = services.keys.initialised(),
                         .synthetic = services.setting.synthetic,
                         .auditKey = services.log.publicKey(),
                         .protection = services.keys.deviceSecretSealed() ? "sealed" : "reduced"}));
}

Response showMetrics(Services& services)
{
    Metrics::Gauges gauges{.sessions = services.sessions.count(),
                           .runningQuestions = services.questions.count(),
                           .auditEntries = services.log.size()};
    if (const auto waiting = services.inbox.waiting())
        gauges.inboxWaiting = waiting->size();
    if (services.engine != nullptr) {
        const EngineClient::Status status = services.engine->status();
        gauges.engineReady = status.state == EngineClient::State::Ready;
        gauges.engineRestarts = status.restarts;
        if (status.model) {
            gauges.weightBytes = status.model->weightBytes;
            gauges.decodeThreads = status.model->decodeThreads;
            gauges.prefillThreads = status.model->prefillThreads;
        }
    }
    return {.status = 200,
            .contentType = "text/plain; version=0.0.4",
            .body = services.metrics.text(gauges)};
}

Response listModels(Services& services)
{
    return json(api::encodeModels(modelStatus(services.engine).name,
                                  std::chrono::system_clock::to_time_t(services.clock.wall())));
}

Response json(std::string body, int status)
{
    return {.status = status, .body = std::move(body)};
}

Response noContent()
{
    return {.status = 204, .body = {}};
}

api::Result<std::uint64_t> number(std::string_view text, std::uint64_t otherwise)
{
    if (text.empty())
        return otherwise;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::unexpected(api::makeError(api::Errc::BadRequest, "not a number"));
    return value;
}

} // namespace service
