// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/constraint.h"
#include "inference/engine/keeper.h"
#include "inference/engine/scheduler.h"
#include "inference/engine/token_trie.h"
#include "inference/model/chat_template.h"
#include "inference/wire/channel.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace engine {

/// Serves the requests that come over one channel, all of them together by one scheduler. A thread
/// of its own reads the channel: a Cancel is answered at once, whatever step runs, and what the
/// request held is free after that step.
///
/// Threads: run() once, on the thread that loaded the model.
class Worker {
public:
    /// Why run() ended.
    enum class End {
        Closed,   // the daemon is gone, or has no more to ask
        BadFrame, // the daemon does not speak the protocol
    };

    struct Parts {
        wire::Channel& channel;
        Scheduler& scheduler;
        std::uint32_t contextTokens = 0;
        const model::Tokenizer* tokenizer = nullptr; // null: no vocabulary
        const model::ChatTemplate* chat = nullptr;   // null: none fits
        std::string arithmetic = {};                 // as the Keeper's
    };

    explicit Worker(const Parts& parts)
        : m_parts(parts)
        , m_keeper(parts.scheduler, parts.arithmetic)
    {
    }

    End run();

private:
    /// A request that is not answered yet. Guarded by m_mutex.
    struct Known {
        std::stop_source stop;
        wire::Finished soFar; // what a Cancel is answered with
    };
    using Task = std::variant<wire::Generate, wire::Count, wire::Forget, wire::Keep, wire::Restore>;

    // ---- on the reading thread ----
    void receive();
    void accept(wire::ToEngine message);
    // m_mutex is held.
    void cancel(wire::RequestId id);
    void enqueue(wire::Generate request);

    // ---- on the working thread ----
    void begin(wire::Generate request);
    void count(const wire::Count& request);
    void keep(const wire::Keep& request);
    void forget(std::uint64_t user);
    void restore(wire::Restore request);
    void run(Task task);
    void take(Event event);
    void takeStep(RequestId id, Step step);
    void finish(RequestId id, wire::StopReason reason);
    void fail(wire::RequestId id, wire::Failed failure);
    void noteProgress();
    /// Waits for work unless some is there; nothing when it is time to end.
    bool takeTasks(std::deque<Task>& tasks);
    [[nodiscard]] std::optional<std::vector<std::int32_t>>
    encode(wire::RequestId id, std::span<const wire::Turn> turns);
    [[nodiscard]] std::uint32_t sharedTokens(const wire::Generate& request,
                                             std::span<const std::int32_t> prompt);
    [[nodiscard]] Compiled<std::optional<Constraint>> constraintOf(const wire::Constraint& wanted);
    [[nodiscard]] static wire::Finished finishedOf(wire::RequestId id, const Account& account);
    void sendOf(wire::RequestId id, const wire::FromEngine& message);
    void send(const wire::FromEngine& message);

    Parts m_parts;
    Keeper m_keeper;
    /// Of the request before: the program's own words are the same every time.
    struct {
        std::vector<wire::Turn> turns;
        std::vector<std::int32_t> tokens;
    } m_shared;
    std::unique_ptr<TokenTrie> m_trie; // made for the first request that wants a constraint

    std::mutex m_mutex; // guards what follows
    std::condition_variable m_changed;
    std::deque<Task> m_tasks;                 // read, not begun
    std::vector<wire::RequestId> m_cancelled; // answered, still in the scheduler
    std::map<wire::RequestId, Known> m_known; // begun or waiting
    bool m_closing = false;
    End m_end = End::Closed;
};

} // namespace engine
