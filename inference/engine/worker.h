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
/// that none waits for another's whole answer. A thread of its own reads the channel: a Cancel
/// takes effect inside the step that runs.
///
/// Threads: run() once, on the thread that loaded the model.
class Worker {
public:
    /// Why run() ended.
    enum class End {
        Shutdown, // asked to, or the daemon is gone
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
    /// A request in work.
    struct Job {
        wire::RequestId id;
        std::stop_token stop;
        std::unique_ptr<Generation> generation;
    };
    using Jobs = std::list<Job>;
    using Task = std::variant<wire::Generate, wire::Count>;

    // ---- on the reading thread ----
    void receive();
    void accept(wire::ToEngine message);

    // ---- on the working thread ----
    void begin(const wire::Generate& request);
    void count(const wire::Count& request);
    /// Does one step. Whether the job goes on.
    bool advance(Job& job);
    void finish(const Job& job, wire::StopReason reason);
    void fail(wire::RequestId id, wire::Failed failure);
    void forget(wire::RequestId id);
    /// Waits for work unless some is there; nothing when it is time to end.
    bool takeTasks(std::deque<Task>& tasks);
    [[nodiscard]] std::optional<std::vector<std::int32_t>>
    promptOf(wire::RequestId id, const std::vector<wire::Turn>& turns);
    void send(const wire::FromEngine& message);

    Parts m_parts;
    Jobs m_jobs;

    std::mutex m_mutex; // guards what follows
    std::condition_variable m_changed;
    std::deque<Task> m_tasks;                            // read, not begun
    std::map<wire::RequestId, std::stop_source> m_known; // begun or waiting
    bool m_closing = false;
    End m_end = End::Shutdown;
};

} // namespace engine
