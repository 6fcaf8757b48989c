// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/service/rig.h"

#include "audit/segments.h"
#include "inference/api/json.h"
#include "storage/import/codec.h"

#include <unistd.h>

#include <QtGlobal>

namespace rig {

using service::EngineClient;

EngineClient::Status ScriptedEngine::status() const
{
    return {.state = state,
            .model = wire::Ready{.name = "scripted",
                                 .architecture = "llama",
                                 .weightType = "F32",
                                 .contextTokens = contextTokens,
                                 .decodeThreads = 3,
                                 .prefillThreads = 4},
            .modelSha256 = std::string(64, 'a')};
}

std::expected<wire::Finished, wire::Failed>
ScriptedEngine::generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop)
{
    finished = false;
    {
        const std::scoped_lock lock(m_mutex);
        m_last = request;
    }
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wire::Finished done{.promptTokens = 100};
    const auto cancelled = [&] {
        m_cancelledAt =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        done.reason = wire::StopReason::Cancelled;
        finished = true;
        return done;
    };
    do {
        for (const std::string& piece : pieces) {
            wake.wait_for(lock, stop, pause, [] { return false; });
            if (stop.stop_requested())
                return cancelled();
            ++done.generatedTokens;
            callbacks.token({.token = 1, .text = piece, .odds = odds});
            if (!writing.exchange(true) && onWriting)
                onWriting();
        }
    } while (endless);
    if (fallsSilent) {
        wake.wait(lock, stop, [] { return false; });
        return cancelled();
    }
    finished = true;
    if (failsWith)
        return std::unexpected(*failsWith);
    return done;
}

std::expected<std::uint32_t, wire::Failed> ScriptedEngine::count(std::vector<wire::Turn> turns,
                                                                 std::stop_token)
{
    if (onCount)
        onCount();
    std::size_t bytes = 0;
    for (const wire::Turn& turn : turns)
        bytes += turn.text.size();
    return static_cast<std::uint32_t>(bytes / 4);
}

wire::Generate ScriptedEngine::lastRequest() const
{
    const std::scoped_lock lock(m_mutex);
    return m_last;
}

namespace {

std::unexpected<std::error_code> brokenDisk()
{
    return std::unexpected(std::make_error_code(std::errc::io_error));
}

} // namespace

audit::Files::Outcome<audit::Files::Handle> BreakableDisk::open(const std::filesystem::path& file,
                                                                Mode mode)
{
    return audit::systemFiles().open(file, mode);
}

void BreakableDisk::close(Handle handle)
{
    audit::systemFiles().close(handle);
}

audit::Files::Outcome<std::size_t> BreakableDisk::read(Handle handle, std::uint64_t at,
                                                       std::span<std::byte> into)
{
    ++reads;
    return audit::systemFiles().read(handle, at, into);
}

audit::Files::Outcome<std::size_t> BreakableDisk::write(Handle handle, std::uint64_t at,
                                                        audit::Bytes bytes)
{
    if (broken)
        return brokenDisk();
    return audit::systemFiles().write(handle, at, bytes);
}

audit::Files::Outcome<std::uint64_t> BreakableDisk::size(Handle handle)
{
    return audit::systemFiles().size(handle);
}

audit::Files::Outcome<void> BreakableDisk::resize(Handle handle, std::uint64_t size)
{
    return audit::systemFiles().resize(handle, size);
}

audit::Files::Outcome<void> BreakableDisk::sync(Handle handle)
{
    if (broken)
        return brokenDisk();
    return audit::systemFiles().sync(handle);
}

audit::Files::Outcome<bool> BreakableDisk::isShared(Handle handle)
{
    return audit::systemFiles().isShared(handle);
}

audit::Files::Outcome<void> BreakableDisk::lock(Handle handle)
{
    return audit::systemFiles().lock(handle);
}

audit::Files::Outcome<void> BreakableDisk::rename(const std::filesystem::path& from,
                                                  const std::filesystem::path& to)
{
    return audit::systemFiles().rename(from, to);
}

audit::Files::Outcome<void> BreakableDisk::syncFolder(const std::filesystem::path& folder)
{
    return audit::systemFiles().syncFolder(folder);
}

audit::Files::Outcome<void> BreakableDisk::makeFolder(const std::filesystem::path& folder)
{
    return audit::systemFiles().makeFolder(folder);
}

audit::Files::Outcome<std::vector<std::string>>
BreakableDisk::list(const std::filesystem::path& folder)
{
    return audit::systemFiles().list(folder);
}

namespace {

template <typename T, typename E>
T must(std::expected<T, E> result, const char* what)
{
    if (!result)
        qFatal("%s", what);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

/// Keeps what a stream sends.
class Collector : public service::EventSink {
public:
    void send(std::string bytes) override { response.body += bytes; }
    void respond(service::Response answer) override { response = std::move(answer); }
    void finish() override {}
    service::Response response;
};

} // namespace

Rig::Rig(Start start)
{
    clock.steady = [this, start = std::chrono::steady_clock::now()] { return start + later.by(); };
    clock.wall = [this] { return std::chrono::system_clock::now() + later.by(); };
    for (const char* part : {"vaults", "records", "inbox", "audit", "keys"})
        std::filesystem::create_directories(folder() / part);
    keys = must(storage::KeyStore::open({.folder = folder() / "keys", .argonKiB = 64}), "keys");
    openLog();
    inbox = must(storage::Inbox::open(folder() / "inbox"), "inbox");
    if (start == Start::Ready)
        makePeople();
    compose();
    if (start == Start::Ready)
        importPatient();
}

Rig::~Rig() = default;

void Rig::openLog()
{
    log =
        must(audit::Log::open({.folder = folder() / "audit",
                               .signingKey = folder() / "signing.key",
                               .origin = "cloister/test",
                               .seal = keys->initialised() ? service::sealForAudit(*keys) : nullptr,
                               .files = &disk}),
             "log");
}

void Rig::restart()
{
    merger.reset();
    sessions.reset();
    log.reset();
    openLog();
    must(service::Orphans::recordInterrupted(*log), "interrupted");
    compose();
}

void Rig::makePeople()
{
    const audit::Receipt receipt = must(log->append({.kind = audit::Kind::Init}), "receipt");
    shares =
        must(keys->init({{"it", kPassphrase}, {"steward", kPassphrase}, {"officer", kPassphrase}},
                        receipt),
             "init");
    log->setSeal(service::sealForAudit(*keys));
    for (const char* name : {"dr.dahl", "dr.new", "dr.other"}) {
        const std::string code =
            must(keys->addUser(name, storage::Role::Clinician, receipt), "user");
        must(keys->enrol(name, code, kPassphrase, receipt), "enrol");
    }
    const storage::Unlocked steward = must(keys->signIn("steward", kPassphrase), "steward");
    for (const storage::User& user : keys->users()) {
        if (user.name == "dr.dahl" || user.name == "dr.other")
            must(keys->admit(steward, user.id, receipt), "admit");
    }
}

void Rig::compose()
{
    records.emplace(folder() / "records" / "records.db");
    late.emplace(*log, clock);
    sessions.emplace(service::Sessions::Options{}, clock, *records);
    throttle.emplace(clock);
    questions.emplace(clock);
    merger.emplace(*inbox, *keys, *records, *log, clock);
    orphans.emplace(*log);
    setting = {.vaults = folder() / "vaults",
               .importer = PROGRAMS "/cloister-import",
               .daemonUid = geteuid(),
               .operatorGroup = std::nullopt};
    desk.emplace(service::Desk{
        .log = *log,
        .records = *records,
        .engine = &engine,
        .clock = clock,
        .turnBegins = [this](const std::string& turn) { questions->turnBegins(turn); },
        .turnEnds = [this](const std::string& turn) { questions->turnEnds(turn); }});
    services.emplace(service::Services{.setting = setting,
                                       .keys = *keys,
                                       .inbox = *inbox,
                                       .log = *log,
                                       .late = *late,
                                       .records = *records,
                                       .sessions = *sessions,
                                       .throttle = *throttle,
                                       .questions = *questions,
                                       .merger = *merger,
                                       .orphans = *orphans,
                                       .metrics = metrics,
                                       .engine = &engine,
                                       .kept = nullptr,
                                       .clock = clock,
                                       .desk = *desk});
}

void Rig::importPatient()
{
    const auto document = must(imports::readFhirBundle(made.bundle), "bundle");
    const auto sealed =
        must(keys->sealToInbox(service::packImport(imports::encodeDocument(document),
                                                   std::as_bytes(std::span(made.bundle)))),
             "seal");
    const audit::Receipt receipt = must(log->append({.kind = audit::Kind::Import}), "receipt");
    must(inbox->put(sealed, receipt), "inbox");
    const std::string token = signIn("steward");
    const auto list = api::decode<api::PatientList>(
        call("POST", "/cloister/v1/patients/search", token, "{\"query\":\"\"}").body);
    if (!list || list->patients.size() != 1)
        qFatal("the patient was not merged");
    patient = list->patients.front().id;
    sessions->end(caller(token).session, service::SessionEnd::SignOut);
}

api::Peer Rig::peer() const
{
    return {.uid = geteuid(), .pid = getpid(), .groups = {}};
}

service::Response Rig::call(std::string_view method, std::string_view target,
                            std::string_view token, std::string body)
{
    const std::size_t question = target.find('?');
    auto matched = service::match(method, target.substr(0, question));
    if (!matched)
        return service::errorResponse(api::makeError(matched.error() == service::NoRoute::NotFound
                                                         ? api::Errc::NotFound
                                                         : api::Errc::MethodNotAllowed,
                                                     "no route"));
    auto caller = service::authorise(*services, *matched->route, token, peer());
    if (!caller)
        return service::errorResponse(caller.error());
    service::Request request{
        .route = matched->route,
        .parameters = std::move(matched->parameters),
        .query = std::string(question == std::string_view::npos ? "" : target.substr(question + 1)),
        .body = std::move(body),
        .peer = peer(),
        .caller = std::move(*caller)};
    if (matched->route->lane != service::Lane::Stream)
        return service::handle(*services, request);
    const auto collector = std::make_shared<Collector>();
    const auto entry = service::letIn(*services, request, collector, std::stop_source());
    if (!entry)
        return service::errorResponse(entry.error());
    service::stream(*services, request, *entry);
    return collector->response;
}

service::Response Rig::signInResponse(const std::string& user, const std::string& passphrase)
{
    return call("POST", "/cloister/v1/sessions", {},
                api::encode(api::SignInRequest{
                    .user = user, .passphrase = passphrase, .knownCheckpoint = std::nullopt}));
}

std::string Rig::signIn(const std::string& user)
{
    const auto session = api::decode<api::SignIn>(signInResponse(user, kPassphrase).body);
    if (!session || session->token.empty())
        qFatal("sign-in failed");
    return session->token;
}

service::Caller Rig::caller(const std::string& token)
{
    return must(sessions->find(token, peer()), "caller");
}

std::vector<audit::Entry> Rig::recorded(audit::Kind kind) const
{
    std::vector<audit::Entry> found;
    must(audit::readSegments(
             audit::systemFiles(), folder() / "audit",
             [&](const audit::Entry& entry, const audit::Frame&) -> audit::Result<void> {
                 if (entry.kind == static_cast<std::uint16_t>(kind))
                     found.push_back(entry);
                 return {};
             },
             log->size()),
         "entries");
    return found;
}

void Rig::tick()
{
    for (const service::Sessions::Ended& ended : sessions->sweep())
        service::sessionEnded(*services, ended);
    questions->sweep();
    late->flush();
}

Served::Served(Rig& rig)
    : m_socket(rig.folder() / "s")
{
    m_server = must(service::Server::listen({.socket = m_socket}, *rig.services), "listen");
    m_thread = std::thread([this, &rig] { m_server->run([&rig] { rig.tick(); }); });
}

Served::~Served()
{
    m_server->stop();
    m_thread.join();
}

std::unique_ptr<api::Client> Served::client() const
{
    return std::make_unique<api::Client>(
        api::Client::Options{.socket = m_socket, .timeout = std::chrono::seconds(20)});
}

std::pair<std::unique_ptr<api::Client>, std::string> Served::clinician() const
{
    std::unique_ptr<api::Client> signedIn = client();
    const auto session = signedIn->signIn(
        {.user = "dr.dahl", .passphrase = Rig::kPassphrase, .knownCheckpoint = {}});
    if (!session)
        qFatal("sign-in: %s", session.error().message.c_str());
    return {std::move(signedIn), session->session};
}

} // namespace rig
