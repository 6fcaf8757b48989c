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

/// A wrong one is no reason to go without answers.
void SupervisedClient::openDraft()
{
    if (m_options.draftFile.empty()) {
        m_status.draft = wire::DraftModel::None;
        return;
    }
    auto file = ModelFile::open(m_options.draftFile);
    if (file) {
        m_draft.emplace("draft", *std::move(file));
        return;
    }
    m_status.draft = wire::DraftModel::Unusable;
    spdlog::error("engine: works without the draft model: {}", file.error());
}

/// Those whose file could be opened, the answering one first.
std::vector<HeldModel*> SupervisedClient::models()
{
    std::vector<HeldModel*> all;
    if (m_answer.file)
        all.push_back(&m_answer);
    if (m_draft)
        all.push_back(&*m_draft);
    return all;
}

/// Hashes the files that the worker was started with; again when the next one starts with one that
/// was rewritten in place meanwhile. Then keeps the packs that the worker wrote.
void SupervisedClient::hash(const std::stop_token& stop)
{
    const auto toHash = [](const HeldModel* model) {
        return model->started && model->hashed != model->started;
    };
    const auto toKeep = [this](const HeldModel* model) {
        return model->started && model->hashed == model->started && model->newPack.number() >= 0 &&
               m_status.state == State::Ready;
    };
    const auto toTell = [this] {
        return m_answer.started && m_answer.hashed == m_answer.started && !m_newKeyCheck.empty() &&
               m_status.state == State::Ready;
    };
    const std::vector<HeldModel*> all = models();
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [&] {
        return std::ranges::any_of(all, toHash) || toTell() || std::ranges::any_of(all, toKeep);
    })) {
        const auto next = std::ranges::find_if(all, toHash);
        if (next != all.end())
            hashModel(**next, lock, stop);
        else if (toTell())
            keepKeyCheck();
        else
            keepPack(**std::ranges::find_if(all, toKeep), lock);
    }
}

void SupervisedClient::hashModel(HeldModel& model, std::unique_lock<std::mutex>& lock,
                                 const std::stop_token& stop)
{
    const ModelFile::Stamp wanted = *model.started;
    lock.unlock();
    std::string hash = model.file->sha256(stop);
    const bool unchanged = model.file->stamp() == wanted;
    lock.lock();
    if (!unchanged) {
        // Nobody knows which bytes this worker took: the next one is hashed.
        spdlog::warn("engine: the {} model's file has changed, the worker is replaced", model.role);
        model.started.reset();
        if (m_worker)
            m_worker->kill();
    } else if (model.started == wanted) {
        model.hashed = wanted;
        model.unreadable = hash.empty();
        m_packs.remember(wanted, hash);
        model.sha256 = std::move(hash);
    }
}

/// The worker is ready and has told what it found of the keys; m_mutex is held.
void SupervisedClient::keepKeyCheck()
{
    const std::string found = std::exchange(m_newKeyCheck, {});
    if (m_answer.file->stamp() == m_answer.started && found != m_packs.keyCheck(m_answer.sha256))
        m_packs.keepKeyCheck(m_answer.sha256, found);
}

/// The worker is ready: it has written its pack, or none.
void SupervisedClient::keepPack(HeldModel& model, std::unique_lock<std::mutex>& lock)
{
    const Descriptor pack = std::move(model.newPack);
    std::vector<std::string> hashes = {model.sha256};
    for (const HeldModel* other : models())
        if (other != &model)
            hashes.push_back(other->sha256);
    const bool unchanged = model.file->stamp() == model.started;
    lock.unlock(); // the disk may take its time, and nobody else looks into the folder now
    const bool kept = unchanged && m_packs.keep(pack, model.newPackName(), hashes.front());
    if (kept && !std::ranges::contains(hashes, std::string()))
        m_packs.dropBut(hashes);
    lock.lock();
    if (kept)
        spdlog::info("engine: the packed {} model is kept for the next start", model.role);
}

/// Before the worker looks at the file; m_mutex is held.
EngineProcess::Model SupervisedClient::forWorker(HeldModel& model)
{
    model.started = model.file->stamp();
    if (model.hashed != model.started) {
        model.sha256 = m_packs.hashOf(*model.started);
        if (!model.sha256.empty())
            model.hashed = model.started;
    }
    model.newPack = Descriptor();
    EngineProcess::Model given{.role = model.role,
                               .file = &*model.file,
                               .pack = Descriptor(),
                               .sha256 = model.sha256,
                               .output = m_packs.newPack(model.newPackName())};
    if (!model.sha256.empty())
        given.pack = m_packs.pack(model.sha256);
    if (!model.sha256.empty() && &model == &m_answer && m_options.keys == "int8")
        given.keyCheck = m_packs.keyCheck(model.sha256);
    return given;
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
    if (!m_answer.file) {
        const std::lock_guard lock(m_mutex);
        return giveUp(m_answer.file.error());
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
    const std::vector<HeldModel*> all = models();
    std::vector<EngineProcess::Model> given;
    std::optional<process::ThreadCounts> threads;
    {
        const std::lock_guard lock(m_mutex);
        m_newKeyCheck.clear();
        for (HeldModel* model : all)
            given.push_back(forWorker(*model));
        if (m_options.threads == 0)
            threads = m_packs.threadsFor(*m_answer.started);
        m_findsThreads = m_options.threads == 0 && !threads;
        m_changed.notify_all();
    }
    auto started = EngineProcess::start(m_options, given, threads);
    {
        const std::lock_guard lock(m_mutex);
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i]->newPack = std::move(given[i].output);
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
        if (stop.stop_requested() ||
            std::ranges::any_of(all, [](const HeldModel* model) { return !model->started; }))
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
