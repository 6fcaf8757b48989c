// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the sources of the engine client share: its supervision of the worker (engine_client.cpp)
// and the calls that it takes (engine_client_calls.cpp). For nobody else.

#include "inference/service/engine_client.h"
#include "inference/service/engine_process.h"
#include "inference/service/pack_folder.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace service {

[[nodiscard]] wire::Failed failure(wire::Errc code, std::string detail);

/// A call that waits for its answer.
struct PendingCall {
    using Answer =
        std::variant<wire::Finished, wire::Counted, wire::Kept, wire::Restored, wire::Failed>;
    const EngineClient::Callbacks* callbacks = nullptr;
    std::uint32_t tokensLeft = 0; // that the worker may still send
    std::optional<Answer> answer;
};

/// What is known of a model's file.
struct HeldModel {
    HeldModel(std::string_view called, std::expected<ModelFile, std::string> opened)
        : role(called)
        , file(std::move(opened))
    {
    }
    /// Of the pack that a worker makes of it.
    [[nodiscard]] std::string newPackName() const { return std::string(role) + "-pack.new"; }
    /// Whether sha256 is that of the bytes that the last worker was started with.
    [[nodiscard]] bool isHashed() const { return started && hashed == started; }

    const std::string_view role; // as EngineProcess::Model
    const std::expected<ModelFile, std::string> file;
    Descriptor newPack; // that the worker writes to, until it is kept or dropped
    std::string sha256;
    bool unreadable = false; // when it was hashed
    /// Of the file when the last worker was started; nothing when nobody knows which bytes it took.
    std::optional<ModelFile::Stamp> started;
    std::optional<ModelFile::Stamp> hashed; // of the file when sha256 was computed
};

class SupervisedClient final : public EngineClient {
public:
    explicit SupervisedClient(Options options)
        : m_options(std::move(options))
        , m_answer("answer", ModelFile::open(m_options.modelFile))
        , m_packs(m_options.packFolder)
    {
        openDraft();
        m_supervisor = std::jthread([this](const std::stop_token& stop) { supervise(stop); });
        m_hasher = std::jthread([this](const std::stop_token& stop) { hash(stop); });
    }
    ~SupervisedClient() override;
    SupervisedClient(const SupervisedClient&) = delete;
    SupervisedClient& operator=(const SupervisedClient&) = delete;

    [[nodiscard]] Status status() const override
    {
        const std::lock_guard lock(m_mutex);
        Status status = m_status;
        status.modelSha256 = m_answer.sha256;
        // The audit names the hash of every answer's model: nobody is served before it is known.
        if (status.state == State::Ready && status.modelSha256.empty())
            status.state = m_answer.unreadable ? State::Unusable : State::Loading;
        return status;
    }
    std::expected<wire::Finished, wire::Failed>
    generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop) override;
    std::expected<std::uint32_t, wire::Failed> count(std::vector<wire::Turn> turns,
                                                     std::stop_token stop) override;
    void forget(std::uint64_t user) override;
    std::expected<std::string, wire::Failed> keep(std::uint64_t user, std::uint64_t patient,
                                                  std::uint32_t number,
                                                  std::stop_token stop) override;
    std::expected<std::uint32_t, wire::Failed> restore(std::uint64_t user, std::uint64_t patient,
                                                       std::string piece,
                                                       std::stop_token stop) override;

private:
    using Clock = std::chrono::steady_clock;
    using Messages = std::map<wire::RequestId, PendingCall>;

    using Lock = std::unique_lock<std::mutex>; // of m_mutex, held

    /// What the hasher does, one at a time.
    struct Chore {
        enum class Kind : std::uint8_t { KeepThreads, Hash, KeepKeyCheck, KeepPack, DropOthers };
        Kind kind = Kind::Hash;
        HeldModel* model = nullptr; // of Hash and KeepPack
    };

    void openDraft();
    void supervise(const std::stop_token& stop);
    void hash(const std::stop_token& stop);
    [[nodiscard]] std::optional<Chore> nextChore();
    void hashModel(HeldModel& model, Lock& lock, const std::stop_token& stop);
    void keepThreads(Lock& lock);
    void keepKeyCheck(Lock& lock);
    void keepPack(HeldModel& model, Lock& lock);
    void dropOthers(Lock& lock);
    void inFolder(Lock& lock, const std::function<void()>& work);
    [[nodiscard]] std::vector<HeldModel*> models();
    EngineProcess::Model forWorker(HeldModel& model);
    void giveUp(const std::string& why);
    /// Runs one worker to its end. Whether another one is worth a try.
    bool runWorker(const std::stop_token& stop);
    [[nodiscard]] std::chrono::milliseconds nextPause(std::chrono::milliseconds last);
    bool afterEnd(const std::string& how);
    /// Takes one message. False when it makes no sense.
    bool take(wire::FromEngine message);
    void takeReady(wire::Ready ready);
    void takeRefusal(wire::Failed refusal);
    bool takeToken(const wire::Token& token);
    [[nodiscard]] const Callbacks* callbacksOf(wire::RequestId id) const;
    void deliver(wire::RequestId id, const std::function<void()>& callback);
    void answer(wire::RequestId id, PendingCall::Answer answer);
    /// Registers a call and sends its request. The answer is set already when it can't be sent.
    Messages::iterator call(const wire::ToEngine& request, wire::RequestId id, PendingCall pending);
    PendingCall::Answer wait(Messages::iterator pending, const std::stop_token& stop);
    wire::RequestId nextId();
    /// A call whose answer is one message and may be had or left: whoever stops, or has waited
    /// for @p longest, goes on without.
    PendingCall::Answer ask(const wire::ToEngine& request, wire::RequestId id,
                            const std::stop_token& stop, std::chrono::milliseconds longest);

    Options m_options;
    mutable std::mutex m_mutex; // guards what follows, but HeldModel::file
    HeldModel m_answer;
    std::optional<HeldModel> m_draft; // if its file could be opened
    PackFolder m_packs;               // the hasher's while m_inFolder, else of who holds m_mutex
    bool m_inFolder = false;          // the hasher works there, m_mutex is not held
    bool m_othersStay = true;         // packs of other models, since the last look
    std::string m_newKeyCheck; // that the worker told of the answering model, until it is kept
    std::optional<process::ThreadCounts> m_newThreads; // likewise
    std::condition_variable_any m_changed;
    Status m_status;
    Messages m_pending;
    wire::RequestId m_lastId = 0;
    std::shared_ptr<EngineProcess> m_worker; // shared: a call sends while the worker is replaced
    unsigned m_failedLoads = 0;              // in a row
    bool m_refused = false;                  // the worker said that the model can't be used
    bool m_served = false;                   // the worker that ran last answered a request
    bool m_hadWorker = false;
    bool m_findsThreads = false; // the worker, for want of what PackFolder knows
    std::jthread m_supervisor;   // starts every worker and reads its messages
    std::jthread m_hasher;
};

} // namespace service
