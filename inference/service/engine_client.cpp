// SPDX-License-Identifier: Apache-2.0
#include "inference/service/engine_client_parts.h"

#include <spdlog/spdlog.h>

#include <algorithm>

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

} // namespace

SupervisedClient::~SupervisedClient()
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
void SupervisedClient::hash(const std::stop_token& stop)
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

void SupervisedClient::hashModel(std::unique_lock<std::mutex>& lock, const std::stop_token& stop)
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
void SupervisedClient::keepPack(std::unique_lock<std::mutex>& lock)
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
EngineProcess::Packs SupervisedClient::packsForWorker()
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
void SupervisedClient::giveUp(const std::string& why)
{
    m_status.state = State::Unusable;
    m_status.failure = failure(wire::Errc::ModelUnusable, why);
    spdlog::error("engine: no worker: {}", why);
}

void SupervisedClient::supervise(const std::stop_token& stop)
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
std::chrono::milliseconds SupervisedClient::nextPause(std::chrono::milliseconds last)
{
    if (m_failedLoads >= kMaxFailedLoads)
        return kPauseWhileUnusable;
    if (std::exchange(m_served, false) || last == 0ms)
        return kFirstPause;
    return std::min<std::chrono::milliseconds>(last * 2, kLongestPause);
}

bool SupervisedClient::runWorker(const std::stop_token& stop)
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
bool SupervisedClient::afterEnd(const std::string& how)
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

std::unique_ptr<EngineClient> EngineClient::start(Options options)
{
    return std::make_unique<SupervisedClient>(std::move(options));
}

} // namespace service
