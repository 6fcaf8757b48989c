// SPDX-License-Identifier: Apache-2.0
#include "inference/api/client.h"

#include "inference/api/json.h"
#include "inference/api/sse.h"
#include "inference/api/transport.h"

#include <format>
#include <mutex>
#include <utility>

namespace api {

struct Client::State {
    Transport transport;
    mutable std::mutex mutex;
    std::string token;

    std::string currentToken() const
    {
        const std::scoped_lock lock(mutex);
        return token;
    }

    Result<std::string> call(std::string method, std::string target,
                             std::string_view body = {}) const
    {
        Result<HttpResponse> response = transport.call({.method = std::move(method),
                                                        .target = std::move(target),
                                                        .token = currentToken(),
                                                        .body = std::as_bytes(std::span(body))});
        if (!response)
            return std::unexpected(response.error());
        if (response->status < 200 || response->status > 299)
            return std::unexpected(decodeError(response->body, response->status));
        return std::move(response->body);
    }

    template <typename T>
    Result<T> fetch(std::string method, std::string target, std::string_view body = {}) const
    {
        const Result<std::string> answer = call(std::move(method), std::move(target), body);
        if (!answer)
            return std::unexpected(answer.error());
        return decodeAnswer<T>(*answer);
    }

    /// Wrong JSON from the service is not the caller's BadRequest.
    template <typename T>
    static Result<T> decodeAnswer(std::string_view json)
    {
        Result<T> value = decode<T>(json);
        if (!value)
            return std::unexpected(makeError(Errc::BadResponse, value.error().message));
        return value;
    }

    Result<void> command(std::string method, std::string target, std::string_view body = {}) const
    {
        const Result<std::string> answer = call(std::move(method), std::move(target), body);
        if (!answer)
            return std::unexpected(answer.error());
        return {};
    }
};

namespace {

std::string route(std::initializer_list<std::string_view> parts)
{
    std::string target = "/cloister/v1";
    for (const std::string_view part : parts) {
        target += '/';
        target.append(part);
    }
    return target;
}

std::string withRange(std::string target, std::string_view first, std::uint64_t a,
                      std::string_view second, std::uint64_t b)
{
    target.append("?").append(first).append("=").append(std::to_string(a));
    target.append("&").append(second).append("=").append(std::to_string(b));
    return target;
}

/// @p value as it may stand in a query: letters and digits, all else as "%5B".
std::string escaped(std::string_view value)
{
    std::string safe;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        safe += plain ? std::string(1, c) : std::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return safe;
}

/// Decodes one event and hands it to its callback. False: the event breaks the format.
template <typename T>
bool deliver(std::string_view data, const std::function<void(const T&)>& callback)
{
    const Result<T> event = decode<T>(data);
    if (!event)
        return false;
    if (callback)
        callback(*event);
    return true;
}

} // namespace

Client::Client(Options options)
    : m_state(std::make_unique<State>(
          Transport(std::move(options.socket), options.daemonUid, options.timeout)))
{
}

Client::~Client() = default;

void Client::setToken(std::string token)
{
    const std::scoped_lock lock(m_state->mutex);
    // Not assigned: an empty one would leave the old token's bytes in its place.
    m_state->token.swap(token);
}

bool Client::signedIn() const
{
    return !m_state->currentToken().empty();
}

Result<ServiceInfo> Client::service()
{
    return m_state->fetch<ServiceInfo>("GET", route({"service"}));
}

Result<SignIn> Client::signIn(const SignInRequest& request)
{
    Result<SignIn> answer = m_state->fetch<SignIn>("POST", route({"sessions"}), encode(request));
    if (answer)
        setToken(answer->token);
    return answer;
}

Result<void> Client::enrol(const EnrolRequest& request)
{
    return m_state->command("POST", route({"sessions", "enrol"}), encode(request));
}

Result<ModelStatus> Client::heartbeat(std::string_view session, bool input)
{
    Result<HeartbeatAnswer> answer = m_state->fetch<HeartbeatAnswer>(
        "POST", route({"sessions", session, "heartbeat"}), encode(Heartbeat{input}));
    if (!answer)
        return std::unexpected(answer.error());
    return std::move(answer->model);
}

Result<void> Client::changePassphrase(std::string_view session, const PassphraseChange& change)
{
    return m_state->command("POST", route({"sessions", session, "passphrase"}), encode(change));
}

Result<void> Client::lock(std::string_view session)
{
    Result<void> done = m_state->command("DELETE", route({"sessions", session}) + "?reason=lock");
    setToken({});
    return done;
}

Result<void> Client::signOut(std::string_view session)
{
    Result<void> done =
        m_state->command("DELETE", route({"sessions", session}) + "?reason=signout");
    setToken({});
    return done;
}

Result<PatientList> Client::searchPatients(std::string_view query, std::size_t limit,
                                           std::size_t offset)
{
    return m_state->fetch<PatientList>("POST", route({"patients", "search"}),
                                       encode(PatientQuery{std::string(query), limit, offset}));
}

Result<Chart> Client::patient(std::string_view id)
{
    return m_state->fetch<Chart>("GET", route({"patients", id}));
}

Result<DocumentText> Client::document(std::string_view patient, std::uint64_t index)
{
    return m_state->fetch<DocumentText>(
        "GET", route({"patients", patient, "documents", std::to_string(index)}));
}

Result<DocumentText> Client::document(std::string_view patient, std::uint64_t index,
                                      const Source& source)
{
    std::string target = withRange(route({"patients", patient, "documents", std::to_string(index)}),
                                   "begin", source.begin, "end", source.end);
    target.append("&sha256=").append(source.document).append("&path=").append(escaped(source.path));
    Result<DocumentText> found = m_state->fetch<DocumentText>("GET", std::move(target));
    // Words of another document must never stand where this one's are asked for.
    if (found && found->source != source)
        return std::unexpected(makeError(Errc::NotFound, "another document was answered"));
    return found;
}

Result<OriginalText> Client::original(std::string_view patient, std::string_view sha256,
                                      std::uint64_t begin, std::uint64_t end)
{
    return m_state->fetch<OriginalText>(
        "GET",
        withRange(route({"patients", patient, "originals", sha256}), "begin", begin, "end", end));
}

Result<std::vector<Conversation>> Client::conversations(std::string_view patient, std::size_t limit,
                                                        std::size_t offset)
{
    std::string target = withRange(route({"conversations"}), "limit", limit, "offset", offset);
    if (!patient.empty())
        target.append("&patient=").append(patient);
    Result<ConversationList> answer = m_state->fetch<ConversationList>("GET", std::move(target));
    if (!answer)
        return std::unexpected(answer.error());
    return std::move(answer->conversations);
}

Result<ConversationTurns> Client::conversation(std::string_view id)
{
    return m_state->fetch<ConversationTurns>("GET", route({"conversations", id}));
}

Result<std::vector<ConversationHit>> Client::searchConversations(std::string_view query,
                                                                 std::size_t limit)
{
    Result<ConversationHits> answer =
        m_state->fetch<ConversationHits>("POST", route({"conversations", "search"}),
                                         encode(ConversationQuery{std::string(query), limit}));
    if (!answer)
        return std::unexpected(answer.error());
    return std::move(answer->hits);
}

Result<Done> Client::ask(std::string_view patient, const QuestionRequest& request,
                         const Events& events, const std::stop_token& stop)
{
    std::optional<Result<Done>> outcome;
    const auto take = [&](std::string_view name, std::string_view data) -> bool {
        if (name == "accepted")
            return deliver<Accepted>(data, events.accepted);
        if (name == "evidence")
            return deliver<EvidenceFound>(data, events.evidence);
        if (name == "progress")
            return deliver<Progress>(data, events.progress);
        if (name == "claim")
            return deliver<Claim>(data, events.claim);
        if (name == "token")
            return deliver<TokenText>(data, [&events](const TokenText& token) {
                if (events.token)
                    events.token(token.text);
            });
        if (name == "done")
            return deliver<Done>(data, [&outcome](const Done& done) { outcome = done; });
        if (name == "error")
            return deliver<Failed>(data, [&outcome](const Failed& failed) {
                outcome = std::unexpected(failed.error);
            });
        return true; // an event of a later version
    };

    const std::string body = encode(request);
    EventReader reader;
    bool good = true;
    const Result<HttpResponse> response = m_state->transport.stream(
        {.method = "POST",
         .target = route({"patients", patient, "questions"}),
         .token = m_state->currentToken(),
         .body = std::as_bytes(std::span(body))},
        [&](std::string_view bytes) {
            const bool read = reader.feed(bytes, [&](std::string_view name, std::string_view data) {
                good = take(name, data) && good;
            });
            return read && good;
        },
        stop);
    if (outcome)
        return std::move(*outcome);
    if (!response)
        return std::unexpected(response.error());
    if (response->status != 200)
        return std::unexpected(decodeError(response->body, response->status));
    return std::unexpected(
        makeError(Errc::ConnectionLost, "the stream ended before the answer was final"));
}

Result<std::vector<std::string>> Client::init(const InitRequest& request)
{
    Result<InitAnswer> answer =
        m_state->fetch<InitAnswer>("POST", route({"init"}), encode(request));
    if (!answer)
        return std::unexpected(answer.error());
    return std::move(answer->recoveryShares);
}

Result<ServiceStatus> Client::status()
{
    return m_state->fetch<ServiceStatus>("GET", route({"admin", "status"}));
}

Result<ImportReceipt> Client::import(std::span<const std::byte> document)
{
    const Result<HttpResponse> response =
        m_state->transport.call({.method = "POST",
                                 .target = route({"admin", "import"}),
                                 .token = m_state->currentToken(),
                                 .contentType = "application/octet-stream",
                                 .body = document});
    if (!response)
        return std::unexpected(response.error());
    if (response->status != 202)
        return std::unexpected(decodeError(response->body, response->status));
    return State::decodeAnswer<ImportReceipt>(response->body);
}

Result<void> Client::recover(const RecoverRequest& request)
{
    return m_state->command("POST", route({"admin", "recover"}), encode(request));
}

Result<NewUser> Client::addUser(std::string_view name, std::string_view role)
{
    return m_state->fetch<NewUser>("POST", route({"users"}),
                                   encode(NewUserRequest{std::string(name), std::string(role)}));
}

Result<std::vector<UserInfo>> Client::users()
{
    Result<UserList> answer = m_state->fetch<UserList>("GET", route({"users"}));
    if (!answer)
        return std::unexpected(answer.error());
    return std::move(answer->users);
}

Result<void> Client::admit(std::string_view userId)
{
    return m_state->command("POST", route({"users", userId, "admit"}));
}

Result<AuditState> Client::checkpoint(std::uint64_t from)
{
    return m_state->fetch<AuditState>("GET", route({"audit", "checkpoint"}) +
                                                 "?from=" + std::to_string(from));
}

Result<std::string> Client::auditExport()
{
    return m_state->call("GET", route({"audit", "export"}));
}

} // namespace api
