// SPDX-License-Identifier: Apache-2.0
#include "inference/service/engine_client.h"

#include "inference/service/engine_process.h"
#include "inference/service/pack_folder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <typeinfo>
#include <utility>

namespace service {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 100ms;
constexpr auto kLongestPause = 5s;
/// Workers that die while they load, one after the other, before the model counts as unusable.
constexpr unsigned kMaxFailedLoads = 3;
/// Loading costs the machine much, and what ends a worker from outside (too little memory, say) may
/// pass: an unusable model is tried again, but seldom.
constexpr auto kPauseWhileUnusable = 10s;

/// One that does not read what it is told hangs: nothing else would end its requests. False when
/// the request is at fault.
bool tell(EngineProcess& worker, const wire::ToEngine& message)
{
    const auto sent = worker.channel().send(message);
    if (!sent && sent.error().code == wire::ChannelErrc::TimedOut) {
        spdlog::error("engine: the worker does not read, killing it");
        worker.kill();
    }
    // Closed: the reading thread notices it as well, and answers all.
    return sent || sent.error().code != wire::ChannelErrc::TooLarge;
}

wire::Failed failure(wire::Errc code, std::string detail)
{
    wire::Failed failed;
    failed.code = code;
    failed.detail = std::move(detail);
    return failed;
}

/// A call that waits for its answer.
struct Pending {
    using Answer = std::variant<wire::Finished, wire::Counted, wire::Failed>;
    const EngineClient::Callbacks* callbacks = nullptr;
    std::uint32_t tokensLeft = 0; // that the worker may still send
    std::optional<Answer> answer;
};

class Client : public EngineClient {
public:
    explicit Client(Options options)
        : m_options(std::move(options))
        , m_model(ModelFile::open(m_options.modelFile))
        , m_packs(m_options.packFolder)
        , m_supervisor([this](const std::stop_token& stop) { supervise(stop); })
        , m_hasher([this](const std::stop_token& stop) { hash(stop); })
    {
    }
    ~Client() override;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] Status status() const override
    {
        const std::lock_guard lock(m_mutex);
        Status status = m_status;
        // The audit names the hash of every answer's model: nobody is served before it is known.
        if (status.state == State::Ready && status.modelSha256.empty())
            status.state = m_unreadable ? State::Unusable : State::Loading;
        return status;
    }
    std::expected<wire::Finished, wire::Failed>
    generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop) override;
    std::expected<std::uint32_t, wire::Failed> count(std::vector<wire::Turn> turns,
                                                     std::stop_token stop) override;
    void forget(std::uint64_t user) override;

private:
    using Clock = std::chrono::steady_clock;
    using Messages = std::map<wire::RequestId, Pending>;

    void supervise(const std::stop_token& stop);
    void hash(const std::stop_token& stop);
    void hashModel(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
    void keepPack(std::unique_lock<std::mutex>& lock);
    EngineProcess::Packs packsForWorker();
    void giveUp(const std::string& why);
    /// Runs one worker to its end. Whether another one is worth a try.
    bool runWorker(const std::stop_token& stop);
    [[nodiscard]] std::chrono::milliseconds nextPause(std::chrono::milliseconds last);
    bool afterEnd(const std::string& how);
    /// Takes one message. False when it makes no sense.
    bool take(wire::FromEngine message);
    bool takeToken(const wire::Token& token);
    [[nodiscard]] const Callbacks* callbacksOf(wire::RequestId id) const;
    void deliver(wire::RequestId id, const std::function<void()>& callback);
    void answer(wire::RequestId id, Pending::Answer answer);
    /// Registers a call and sends its request. The answer is set already when it can't be sent.
    Messages::iterator call(const wire::ToEngine& request, wire::RequestId id, Pending pending);
    Pending::Answer wait(Messages::iterator pending, const std::stop_token& stop);

    Options m_options;
    const std::expected<ModelFile, std::string> m_model;
    mutable std::mutex m_mutex; // guards what follows
    PackFolder m_packs;
    Descriptor m_newPack; // that the worker writes to, until it is kept or dropped
    std::condition_variable_any m_changed;
    Status m_status;
    Messages m_pending;
    wire::RequestId m_lastId = 0;
    std::shared_ptr<EngineProcess> m_worker; // shared: a call sends while the worker is replaced
    unsigned m_failedLoads = 0;              // in a row
    bool m_refused = false;                  // the worker said that the model can't be used
    bool m_served = false;                   // the worker that ran last answered a request
    bool m_hadWorker = false;
    bool m_unreadable = false;                 // the model file, when it was hashed
    std::optional<ModelFile::Stamp> m_started; // of the file when the last worker was started
    std::optional<ModelFile::Stamp> m_hashed;  // and when Status::modelSha256 was computed
    std::jthread m_supervisor;                 // starts every worker and reads its messages
    std::jthread m_hasher;
};

Client::~Client()
{
    m_supervisor.request_stop();
    m_hasher.request_stop();
    const std::lock_guard lock(m_mutex);
    if (m_worker)
        m_worker->kill();
    m_changed.notify_all();
}

/// Hashes the file that the worker was started with; again when the next one starts with one that
/// was rewritten in place meanwhile. Then keeps the pack that the worker wrote.
void Client::hash(const std::stop_token& stop)
{
    if (!m_model)
        return;
    const auto toHash = [this] { return m_started && m_hashed != m_started; };
    const auto toKeep = [this] {
        return m_started && m_hashed == m_started && m_newPack.number() >= 0 &&
               m_status.state == State::Ready;
    };
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [&] { return toHash() || toKeep(); })) {
        if (toHash())
            hashModel(lock, stop);
        else
            keepPack(lock);
    }
}

void Client::hashModel(std::unique_lock<std::mutex>& lock, const std::stop_token& stop)
{
    const ModelFile::Stamp wanted = *m_started;
    lock.unlock();
    std::string hash = m_model->sha256(stop);
    const bool unchanged = m_model->stamp() == wanted;
    lock.lock();
    if (!unchanged) {
        // Nobody knows which bytes this worker took: the next one is hashed.
        spdlog::warn("engine: the model file has changed, the worker is replaced");
        m_started.reset();
        if (m_worker)
            m_worker->kill();
    } else if (m_started == wanted) {
        m_hashed = wanted;
        m_unreadable = hash.empty();
        m_packs.remember(wanted, hash);
        m_status.modelSha256 = std::move(hash);
    }
}

/// The worker is ready: it has written its pack, or none.
void Client::keepPack(std::unique_lock<std::mutex>& lock)
{
    const Descriptor pack = std::move(m_newPack);
    const std::string hash = m_status.modelSha256;
    const bool unchanged = m_model->stamp() == m_started;
    lock.unlock(); // the disk may take its time, and nobody else looks into the folder now
    const bool kept = unchanged && m_packs.keep(pack, hash);
    lock.lock();
    if (kept)
        spdlog::info("engine: the packed model is kept for the next start");
}

/// m_mutex is held.
EngineProcess::Packs Client::packsForWorker()
{
    EngineProcess::Packs packs;
    if (!m_status.modelSha256.empty()) {
        packs.sha256 = m_status.modelSha256;
        packs.pack = m_packs.pack(packs.sha256);
    }
    packs.output = m_packs.newPack();
    return packs;
}

/// m_mutex is held.
void Client::giveUp(const std::string& why)
{
    m_status.state = State::Unusable;
    m_status.failure = failure(wire::Errc::ModelUnusable, why);
    spdlog::error("engine: no worker: {}", why);
}

void Client::supervise(const std::stop_token& stop)
{
    if (!m_model) {
        const std::lock_guard lock(m_mutex);
        return giveUp(m_model.error());
    }
    std::chrono::milliseconds pause(0);
    while (runWorker(stop)) {
        std::unique_lock lock(m_mutex);
        pause = nextPause(pause);
        m_changed.wait_for(lock, stop, pause, [] { return false; });
    }
}

/// Before the next worker; m_mutex is held. One that answered a request had no trouble of its own,
/// so that its successor starts at once; others wait twice as long each time.
std::chrono::milliseconds Client::nextPause(std::chrono::milliseconds last)
{
    if (m_failedLoads >= kMaxFailedLoads)
        return kPauseWhileUnusable;
    if (std::exchange(m_served, false) || last == 0ms)
        return kFirstPause;
    return std::min<std::chrono::milliseconds>(last * 2, kLongestPause);
}

bool Client::runWorker(const std::stop_token& stop)
{
    EngineProcess::Packs packs;
    {
        // Before the worker looks at the file.
        const std::lock_guard lock(m_mutex);
        m_started = m_model->stamp();
        if (m_hashed != m_started) {
            m_status.modelSha256 = m_packs.hashOf(*m_started);
            if (!m_status.modelSha256.empty())
                m_hashed = m_started;
        }
        m_newPack = Descriptor();
        packs = packsForWorker();
        m_changed.notify_all();
    }
    auto started = EngineProcess::start(m_options, *m_model, packs);
    {
        const std::lock_guard lock(m_mutex);
        m_newPack = std::move(packs.output);
        if (!started && m_hadWorker)
            return afterEnd(started.error()) && !stop.stop_requested(); // may pass, as a death may
        if (!started) {
            giveUp(started.error());
            return false;
        }
        m_hadWorker = true;
        m_worker = *std::move(started);
        m_status.pid = m_worker->pid();
        // The destructor, or the hasher, may have looked for it before it was there.
        if (stop.stop_requested() || !m_started)
            m_worker->kill();
    }
    const std::shared_ptr<EngineProcess> worker = m_worker; // only this thread replaces it
    while (true) {
        auto message = worker->channel().receiveFromEngine();
        if (!message || !take(*std::move(message)))
            break;
    }
    // Either it is dead or it talks nonsense.
    worker->kill();
    const std::string how = worker->wait();
    const std::lock_guard lock(m_mutex);
    // In one go with the change of state: a call that comes later must see that nobody answers.
    for (auto& [id, pending] : m_pending)
        if (!pending.answer)
            pending.answer = failure(wire::Errc::WorkerGone, "the worker ended: " + how);
    m_changed.notify_all();
    m_worker.reset();
    m_status.pid = 0;
    return afterEnd(how) && !stop.stop_requested();
}

/// What follows from the end of a worker; m_mutex is held. Whether another one is worth a try.
bool Client::afterEnd(const std::string& how)
{
    if (m_refused)
        return false;
    spdlog::warn("engine: worker ended, {}", how);
    if (m_status.state == State::Ready)
        m_status.state = State::Restarting;
    else if (++m_failedLoads >= kMaxFailedLoads) {
        m_status.state = State::Unusable;
        m_status.failure =
            failure(wire::Errc::ModelUnusable, "the worker ends while it loads: " + how);
    }
    ++m_status.restarts;
    return true;
}

/// Of a call that still waits; else null.
const EngineClient::Callbacks* Client::callbacksOf(wire::RequestId id) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_pending.find(id);
    return found != m_pending.end() && !found->second.answer ? found->second.callbacks : nullptr;
}

bool Client::take(wire::FromEngine message)
{
    if (const auto* token = std::get_if<wire::Token>(&message))
        return takeToken(*token);
    if (const auto* progress = std::get_if<wire::Progress>(&message)) {
        const Callbacks* callbacks = callbacksOf(progress->id);
        if (callbacks != nullptr && callbacks->progress)
            deliver(progress->id, [&] { callbacks->progress(*progress); });
        return true;
    }
    if (const auto* queued = std::get_if<wire::Queued>(&message)) {
        const Callbacks* callbacks = callbacksOf(queued->id);
        if (callbacks != nullptr && callbacks->queued)
            deliver(queued->id, [&] { callbacks->queued(*queued); });
        return true;
    }
    if (auto* finished = std::get_if<wire::Finished>(&message))
        answer(finished->id, *finished);
    else if (auto* counted = std::get_if<wire::Counted>(&message))
        answer(counted->id, *counted);
    else if (auto* ready = std::get_if<wire::Ready>(&message)) {
        const std::lock_guard lock(m_mutex);
        m_status.state = State::Ready;
        m_status.model = std::move(*ready);
        m_status.failure.reset();
        m_failedLoads = 0;
        m_changed.notify_all(); // its pack may be kept
        spdlog::info("engine: ready, {} parameters, context {}", m_status.model->parameters,
                     m_status.model->contextTokens);
    } else if (auto* failed = std::get_if<wire::Failed>(&message)) {
        if (failed->id != 0) {
            answer(failed->id, std::move(*failed));
            return true;
        }
        const std::lock_guard lock(m_mutex);
        m_refused = true;
        m_status.state = State::Unusable;
        m_status.failure = std::move(*failed);
        spdlog::error("engine: the model can't be used");
    }
    return true;
}

/// False when the worker sends more than was asked for.
bool Client::takeToken(const wire::Token& token)
{
    const Callbacks* callbacks = nullptr;
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_pending.find(token.id);
        if (found == m_pending.end() || found->second.answer)
            return true; // whose caller may be gone already
        if (found->second.tokensLeft == 0)
            return false;
        --found->second.tokensLeft;
        callbacks = found->second.callbacks;
    }
    // Outside the lock; the entry and the caller's callbacks stay until this thread sets an answer.
    if (callbacks != nullptr && callbacks->token)
        deliver(token.id, [&] { callbacks->token(token); });
    return true;
}

/// What a callback throws (no memory) ends its request, not the daemon.
void Client::deliver(wire::RequestId id, const std::function<void()>& callback)
{
    try {
        callback();
    } catch (const std::exception& exception) {
        spdlog::error("engine: a request ended by an exception: {}", typeid(exception).name());
        answer(id, failure(wire::Errc::Internal, "the answer could not be taken"));
        tell(*m_worker, wire::Cancel{.id = id});
    }
}

void Client::answer(wire::RequestId id, Pending::Answer answer)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_pending.find(id);
    if (found == m_pending.end() || found->second.answer)
        return;
    m_served = m_served || !std::holds_alternative<wire::Failed>(answer);
    found->second.answer = std::move(answer);
    m_changed.notify_all();
}

Client::Messages::iterator Client::call(const wire::ToEngine& request, wire::RequestId id,
                                        Pending pending)
{
    std::shared_ptr<EngineProcess> worker;
    Messages::iterator entry;
    {
        const std::lock_guard lock(m_mutex);
        entry = m_pending.emplace(id, std::move(pending)).first;
        if (m_status.state == State::Ready && !m_status.modelSha256.empty())
            worker = m_worker;
        if (!worker) {
            entry->second.answer = failure(wire::Errc::WorkerGone, "the worker is not ready");
            return entry;
        }
    }
    if (!tell(*worker, request))
        answer(id, failure(wire::Errc::BadRequest, "the request is too large for the worker"));
    return entry;
}

Pending::Answer Client::wait(Messages::iterator pending, const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    const auto answered = [&] { return pending->second.answer.has_value(); };
    if (!m_changed.wait(lock, stop, answered)) {
        const std::shared_ptr<EngineProcess> worker = m_worker;
        lock.unlock();
        if (worker)
            tell(*worker, wire::Cancel{.id = pending->first});
        lock.lock();
        if (!m_changed.wait_for(lock, m_options.patience, answered) && worker) {
            spdlog::error("engine: the worker does not answer, killing it");
            worker->kill();
        }
        m_changed.wait(lock, answered);
    }
    Pending::Answer result = *std::move(pending->second.answer);
    m_pending.erase(pending);
    return result;
}

std::expected<wire::Finished, wire::Failed>
Client::generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop)
{
    {
        const std::lock_guard lock(m_mutex);
        request.id = ++m_lastId;
    }
    const wire::RequestId id = request.id;
    // One more than wanted: the rest of an unfinished character comes as a token of its own.
    const std::uint32_t tokens = request.maxTokens + 1;
    const auto entry =
        call(std::move(request), id,
             {.callbacks = &callbacks, .tokensLeft = tokens, .answer = std::nullopt});
    auto result = wait(entry, stop);
    if (auto* finished = std::get_if<wire::Finished>(&result))
        return *finished;
    if (auto* failed = std::get_if<wire::Failed>(&result))
        return std::unexpected(std::move(*failed));
    return std::unexpected(failure(wire::Errc::Internal, "the worker counted instead of writing"));
}

std::expected<std::uint32_t, wire::Failed> Client::count(std::vector<wire::Turn> turns,
                                                         std::stop_token stop)
{
    if (stop.stop_requested())
        return std::unexpected(failure(wire::Errc::Cancelled, "stopped"));
    wire::Count request;
    request.turns = std::move(turns);
    {
        const std::lock_guard lock(m_mutex);
        request.id = ++m_lastId;
    }
    const wire::RequestId id = request.id;
    const auto entry = call(std::move(request), id, {});
    {
        std::unique_lock lock(m_mutex);
        if (!m_changed.wait(lock, stop, [&] { return entry->second.answer.has_value(); })) {
            m_pending.erase(entry); // the answer to come is nobody's
            return std::unexpected(failure(wire::Errc::Cancelled, "stopped"));
        }
    }
    auto result = wait(entry, {});
    if (auto* counted = std::get_if<wire::Counted>(&result))
        return counted->tokens;
    if (auto* failed = std::get_if<wire::Failed>(&result))
        return std::unexpected(std::move(*failed));
    return std::unexpected(failure(wire::Errc::Internal, "the worker wrote instead of counting"));
}

void Client::forget(std::uint64_t user)
{
    std::shared_ptr<EngineProcess> worker;
    {
        const std::lock_guard lock(m_mutex);
        if (m_status.state == State::Ready)
            worker = m_worker;
    }
    if (worker)
        tell(*worker, wire::Forget{.user = user});
}

} // namespace

std::unique_ptr<EngineClient> EngineClient::start(Options options)
{
    return std::make_unique<Client>(std::move(options));
}

} // namespace service
