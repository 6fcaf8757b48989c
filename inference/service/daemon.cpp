// SPDX-License-Identifier: Apache-2.0
#include "inference/service/daemon.h"

#include "inference/api/peer.h"
#include "inference/service/handlers.h"
#include "inference/service/logging.h"
#include "inference/service/server.h"
#include "inference/service/state_folder.h"
#include "storage/process/child.h"

#include <utility>

namespace service {

namespace {

api::Error cannotStart(const char* what, const std::string& detail)
{
    return api::makeError(api::Errc::Internal, std::string(what) + ": " + detail);
}

} // namespace

struct Daemon::Parts {
    Parts(Options given, std::unique_ptr<StateFolder> held)
        : options(std::move(given))
        , folder(std::move(held))
        , records(folder->records())
        , socket(options.socket.empty() ? folder->defaultSocket() : options.socket)
    {
    }

    api::Result<void> openStorage();
    api::Result<void> recordStart();
    void startWorker();
    void endSessions();
    void compose();
    void tick();

    Options options;
    std::unique_ptr<StateFolder> folder;
    Clock clock;
    std::unique_ptr<storage::KeyStore> keys;
    std::unique_ptr<audit::Log> log;
    std::unique_ptr<storage::Inbox> inbox;
    SharedRecords records;
    std::unique_ptr<EngineClient> engine;
    std::unique_ptr<KeptCharts> kept;
    std::optional<LateEvents> late;
    std::optional<Sessions> sessions;
    std::optional<SignInThrottle> throttle;
    std::optional<RunningQuestions> questions;
    std::optional<Merger> merger;
    std::optional<Orphans> orphans;
    Metrics metrics;
    Setting setting;
    std::optional<Desk> desk;
    std::optional<Services> services;
    std::filesystem::path socket;
    std::unique_ptr<Server> server;
};

api::Result<void> Daemon::Parts::openStorage()
{
    auto openedKeys = storage::KeyStore::open({.folder = folder->keys()});
    if (!openedKeys)
        return std::unexpected(cannotStart("the keys cannot be opened", openedKeys.error().detail));
    keys = std::move(*openedKeys);
    if (const std::size_t users = keys->lockedOut(); users != 0)
        logWarning("the device secret is not the one that passphrases were set with",
                   std::to_string(users) + " locked out");
    auto openedLog =
        audit::Log::open({.folder = folder->audit(),
                          .signingKey = folder->auditKey(),
                          .origin = folder->origin(),
                          .seal = keys->initialised() ? sealForAudit(*keys) : audit::Log::Seal()});
    if (!openedLog)
        return std::unexpected(
            cannotStart("the audit log cannot be opened", openedLog.error().detail));
    log = std::move(*openedLog);
    auto openedInbox = storage::Inbox::open(folder->inbox());
    if (!openedInbox)
        return std::unexpected(
            cannotStart("the inbox cannot be opened", openedInbox.error().detail));
    inbox = std::move(*openedInbox);
    return {};
}

/// Before anybody can connect: that the service runs, and what its last end left open.
api::Result<void> Daemon::Parts::recordStart()
{
    const auto started = log->append(
        {.kind = audit::Kind::ServiceStart,
         .plain = {{"version", CLOISTER_VERSION},
                   {"executable_memory", options.executableMemoryDenied ? "denied" : "allowed"}}});
    if (!started)
        return std::unexpected(
            cannotStart("the audit log cannot be written", started.error().detail));
    return Orphans::recordInterrupted(*log);
}

void Daemon::Parts::startWorker()
{
    if (!options.model)
        return;
    engine = EngineClient::start({.program = process::besideThisProgram("cloister-engine"),
                                  .modelFile = *options.model,
                                  .packFolder = folder->packs(),
                                  .draftFile = options.draftModel,
                                  .keys = options.keys,
                                  .values = options.values,
                                  .contextTokens = options.contextTokens});
}

/// Those that are still open when the service stops. Before the engine goes with all it has read.
void Daemon::Parts::endSessions()
{
    constexpr std::chrono::seconds kLongest{30};
    const std::vector<Sessions::Ended> ended = sessions->endAll();
    if (!kept)
        return;
    for (const Sessions::Ended& one : ended)
        if (one.lastOfUser)
            kept->left(one.caller.keys->engineUser());
    kept->finish(kLongest);
}

void Daemon::Parts::compose()
{
    setting = {.vaults = folder->vaults(),
               .importer = process::besideThisProgram("cloister-import"),
               .daemonUid = api::ownUser(),
               .operatorGroup = api::groupNamed("cloister-admin"),
               .synthetic = options.synthetic,
               .executableMemoryDenied = options.executableMemoryDenied};
    if (options.keptChartsAge > std::chrono::hours(0) && engine)
        kept = std::make_unique<KeptCharts>(KeptCharts::Options{.vaults = folder->vaults(),
                                                                .age = options.keptChartsAge,
                                                                .bytes = options.keptChartsBytes},
                                            *engine, clock);
    else
        storage::sweepKeptCharts(folder->vaults(), std::filesystem::file_time_type::max(), 0);
    late.emplace(*log, clock);
    Sessions::Options lease;
    if (options.idle > std::chrono::seconds(0))
        lease.idle = options.idle;
    sessions.emplace(lease, clock, records);
    throttle.emplace(clock);
    questions.emplace(clock);
    merger.emplace(*inbox, *keys, records, *log, clock);
    orphans.emplace(*log);
    desk.emplace(
        Desk{.log = *log,
             .records = records,
             .engine = engine.get(),
             .clock = clock,
             .kept = kept.get(),
             .turnBegins = [this](const std::string& turn) { questions->turnBegins(turn); },
             .turnEnds = [this](const std::string& turn) { questions->turnEnds(turn); }});
    services.emplace(Services{.setting = setting,
                              .keys = *keys,
                              .inbox = *inbox,
                              .log = *log,
                              .late = *late,
                              .records = records,
                              .sessions = *sessions,
                              .throttle = *throttle,
                              .questions = *questions,
                              .merger = *merger,
                              .orphans = *orphans,
                              .metrics = metrics,
                              .engine = engine.get(),
                              .kept = kept.get(),
                              .clock = clock,
                              .desk = *desk});
}

void Daemon::Parts::tick()
{
    for (const Sessions::Ended& ended : sessions->sweep())
        sessionEnded(*services, ended);
    questions->sweep();
    late->flush();
}

api::Result<std::unique_ptr<Daemon>> Daemon::start(Options options)
{
    auto folder = StateFolder::open(options.state);
    if (!folder)
        return std::unexpected(folder.error());
    auto parts = std::make_unique<Parts>(std::move(options), std::move(*folder));
    if (const api::Result<void> opened = parts->openStorage(); !opened)
        return std::unexpected(opened.error());
    if (const api::Result<void> recorded = parts->recordStart(); !recorded)
        return std::unexpected(recorded.error());
    parts->startWorker();
    parts->compose();
    auto server =
        Server::listen({.socket = parts->socket, .handleSignals = true}, *parts->services);
    if (!server)
        return std::unexpected(server.error());
    parts->server = std::move(*server);
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Daemon::Daemon(std::unique_ptr<Parts> parts)
    : m_parts(std::move(parts))
{
}

Daemon::~Daemon() = default;

std::string Daemon::socketPath() const
{
    return m_parts->socket.string();
}

void Daemon::run()
{
    m_parts->server->run([this] { m_parts->tick(); });
    m_parts->server.reset();
    m_parts->endSessions();
    m_parts->late->add({.kind = audit::Kind::ServiceStop});
}

} // namespace service
