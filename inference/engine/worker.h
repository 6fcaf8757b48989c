// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/generation.h"
#include "inference/model/chat_template.h"
#include "inference/wire/channel.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

namespace engine {

/// Serves the requests that come over one channel, each step of one after a step of the next, so
/// that none waits for another's whole answer. A thread of its own reads the channel: a Cancel ends
/// the step of its own request, and is answered at once when another's step runs.
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
        model::Model& network;
        const model::Tokenizer* tokenizer = nullptr; // null: no vocabulary
        const model::ChatTemplate* chat = nullptr;   // null: none fits
    };

    explicit Worker(const Parts& parts)
        : m_parts(parts)
    {
    }

    End run();

private:
    /// A request until it is answered. Guarded by m_mutex.
    struct Known {
        std::stop_source stop;
        wire::Finished soFar;  // what a Cancel is answered with
        bool inStep = false;   // the working thread is at it, and will answer
        bool answered = false; // its task or job is to be dropped
    };
    /// Read, not begun.
    struct Waiting {
        wire::Generate request;
        std::shared_ptr<Known> known;
    };
    /// In work.
    struct Job {
        wire::RequestId id;
        std::shared_ptr<Known> known;
        std::unique_ptr<Generation> generation;
    };
    using Jobs = std::list<Job>;
    using Task = std::variant<Waiting, wire::Count>;

    // ---- on the reading thread ----
    void receive();
    void accept(wire::ToEngine message);
    /// The answer to send now, if any; m_mutex is held.
    std::optional<wire::FromEngine> cancel(wire::RequestId id);
    std::optional<wire::FromEngine> enqueue(wire::Generate request);

    // ---- on the working thread ----
    void begin(const Waiting& task);
    void count(const wire::Count& request);
    /// Does one step. Whether the job goes on.
    bool advance(Job& job);
    bool work(Job& job);
    /// From here to leave() a Cancel is answered by this thread. False: it was answered already.
    bool enter(Known& known);
    /// False when the job was cancelled meanwhile; that is then answered.
    bool leave(const Job& job);
    void finish(const Job& job, wire::StopReason reason);
    void fail(wire::RequestId id, wire::Failed failure);
    void forget(wire::RequestId id);
    /// Waits for work unless some is there; nothing when it is time to end.
    bool takeTasks(std::deque<Task>& tasks);
    [[nodiscard]] std::optional<std::vector<std::int32_t>>
    promptOf(wire::RequestId id, const std::vector<wire::Turn>& turns);
    [[nodiscard]] Compiled<std::optional<Constraint>> constraintOf(const wire::Constraint& wanted);
    void send(const wire::FromEngine& message);

    Parts m_parts;
    std::unique_ptr<TokenTrie> m_trie; // made for the first request that wants a constraint
    Jobs m_jobs;

    std::mutex m_mutex; // guards what follows
    std::condition_variable m_changed;
    std::deque<Task> m_tasks;                                  // read, not begun
    std::map<wire::RequestId, std::shared_ptr<Known>> m_known; // begun or waiting
    bool m_closing = false;
    End m_end = End::Closed;
};

} // namespace engine
