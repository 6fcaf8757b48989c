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
/// was rewritten in place meanwhile. Then keeps the packs that the worker wrote, and what it told.
void SupervisedClient::hash(const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    std::optional<Chore> chore;
    while (m_changed.wait(lock, stop, [&] { return (chore = nextChore()).has_value(); })) {
        switch (chore->kind) {
        case Chore::Kind::KeepThreads:
            keepThreads(lock);
            break;
        case Chore::Kind::Hash:
            hashModel(*chore->model, lock, stop);
            break;
        case Chore::Kind::KeepKeyCheck:
            keepKeyCheck(lock);
            break;
        case Chore::Kind::KeepPack:
            keepPack(*chore->model, lock);
            break;
        case Chore::Kind::DropOthers:
            dropOthers(lock);
            break;
        }
    }
}

/// Nothing: to wait. m_mutex is held.
std::optional<SupervisedClient::Chore> SupervisedClient::nextChore()
{
    const std::vector<HeldModel*> all = models();
    if (m_newThreads && m_answer.started)
        return Chore{.kind = Chore::Kind::KeepThreads};
    for (HeldModel* model : all)
        if (model->started && !model->isHashed())
            return Chore{.kind = Chore::Kind::Hash, .model = model};
    if (m_status.state != State::Ready)
        return std::nullopt;
    if (!m_newKeyCheck.empty() && m_answer.isHashed())
        return Chore{.kind = Chore::Kind::KeepKeyCheck};
    for (HeldModel* model : all)
        if (model->isHashed() && model->newPack.number() >= 0)
            return Chore{.kind = Chore::Kind::KeepPack, .model = model};
    const bool allKnown = std::ranges::all_of(
        all, [](const HeldModel* model) { return model->isHashed() && !model->sha256.empty(); });
    // The pack of a draft model whose file can't be opened today stays.
    if (m_othersStay && allKnown && (m_draft || m_options.draftFile.empty()))
        return Chore{.kind = Chore::Kind::DropOthers};
    return std::nullopt;
}

/// The disk may take its time: nobody waits for it but the next worker (runWorker).
void SupervisedClient::inFolder(Lock& lock, const std::function<void()>& work)
{
    m_inFolder = true;
    lock.unlock();
    work();
    lock.lock();
    m_inFolder = false;
    m_changed.notify_all();
}

void SupervisedClient::hashModel(HeldModel& model, Lock& lock, const std::stop_token& stop)
{
    const ModelFile::Stamp wanted = *model.started;
    lock.unlock();
    std::string hash = model.file->sha256(stop);
    const bool unchanged = model.file->stamp() == wanted;
    lock.lock();
    if (model.started != wanted) // of the worker that runs now; only the next look is of use
        return;
    if (unchanged) {
        model.hashed = wanted;
        model.unreadable = hash.empty();
        model.sha256 = hash;
        return inFolder(lock, [&] { m_packs.remember(wanted, hash); });
    }
    // Nobody knows which bytes this worker took: the next one is hashed.
    model.started.reset();
    if (&model == &m_answer) {
        spdlog::warn("engine: the model's file has changed, the worker is replaced");
        if (m_worker)
            m_worker->kill();
        return;
    }
    // It has no part in what answers say.
    spdlog::warn("engine: the {} model's file has changed, its pack is not kept", model.role);
    model.newPack = Descriptor();
    inFolder(lock, [&] { m_packs.dropNewPack(model.newPackName()); });
}

/// The worker is ready and has told how many threads it found best.
void SupervisedClient::keepThreads(Lock& lock)
{
    const process::ThreadCounts found = *std::exchange(m_newThreads, std::nullopt);
    const ModelFile::Stamp stamp = *m_answer.started;
    inFolder(lock, [&] { m_packs.rememberThreads(stamp, found); });
}

/// The worker is ready and has told what it found of the keys.
void SupervisedClient::keepKeyCheck(Lock& lock)
{
    const std::string found = std::exchange(m_newKeyCheck, {});
    const std::string hash = m_answer.sha256;
    if (m_answer.file->stamp() != m_answer.started)
        return;
    inFolder(lock, [&] {
        if (found != m_packs.keyCheck(hash))
            m_packs.keepKeyCheck(hash, found);
    });
}

/// The worker is ready: it has written its pack, or none.
void SupervisedClient::keepPack(HeldModel& model, Lock& lock)
{
    const Descriptor pack = std::move(model.newPack);
    const std::string hash = model.sha256;
    const bool unchanged = model.file->stamp() == model.started;
    bool kept = false;
    inFolder(lock, [&] {
        kept = unchanged && m_packs.keep(pack, model.newPackName(), hash);
        if (!unchanged)
            m_packs.dropNewPack(model.newPackName());
    });
    if (!kept)
        return;
    m_othersStay = true;
    spdlog::info("engine: the packed {} model is kept for the next start", model.role);
}

/// The hashes of all models are known: packs of others are nobody's.
void SupervisedClient::dropOthers(Lock& lock)
{
    m_othersStay = false;
    std::vector<std::string> hashes;
    for (const HeldModel* model : models())
        hashes.push_back(model->sha256);
    inFolder(lock, [&] { m_packs.dropBut(hashes); });
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
    m_packs.dropNewPacks(); // the hasher waits for a worker
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
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return !m_inFolder; });
        m_newKeyCheck.clear();
        m_newThreads.reset();
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
        if (stop.stop_requested() || !m_answer.started)
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
