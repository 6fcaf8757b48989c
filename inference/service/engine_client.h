// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/wire/messages.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

namespace service {

/// The daemon's side of the worker process: starts cloister-engine with one end of a socketpair and
/// read-only descriptors of the model, restarts it when it dies, and turns its messages into calls.
/// The daemon never reads the model's bytes.
///
/// Threads: every function may be called from any thread; callbacks run on the client's own reader
/// thread and must not block.
class EngineClient {
public:
    struct Options {
        std::filesystem::path program;   // cloister-engine
        std::filesystem::path modelFile; // opened once, read-only; workers inherit the descriptor
        unsigned threads = 0;            // 0: one for each physical core that is allowed
        std::filesystem::path packFolder = {}; // PackFolder; empty: no packs
        std::filesystem::path draftFile = {}; // a smaller model of the same vocabulary; empty: none
        /// How keys and values are kept: f16, bf16 or int8; empty: as the worker does by itself.
        /// int8 keys are kept in the layers alone where a check allows it, which the worker makes
        /// once and the PackFolder keeps.
        std::string keys = {};
        std::string values = {};
        /// That must find room, or the model is unusable; what Status::model then tells. 0: as many
        /// as there is room for.
        unsigned contextTokens = 0;
        /// A worker reads a request at once and answers a cancellation within one matrix; one that
        /// takes this long for either hangs, and is killed and replaced.
        std::chrono::milliseconds patience{10'000};
    };

    struct Callbacks {
        std::function<void(const wire::Progress&)> progress; // may be empty
        std::function<void(const wire::Token&)> token;
        std::function<void(const wire::Queued&)> queued; // may be empty
    };

    /// Returns at once; the worker loads in the background. Never fails: a model that cannot be
    /// loaded leaves state() == Unusable with the reason.
    static std::unique_ptr<EngineClient> start(Options options);
    virtual ~EngineClient() = default;

    enum class State { Loading, Ready, Restarting, Unusable };
    struct Status {
        State state = State::Loading;
        std::optional<wire::Ready> model;
        std::optional<wire::Failed> failure;
        unsigned restarts = 0;
        int pid = 0;             // of the running worker, 0 when there is none
        std::string modelSha256; // hex; computed in the background: Loading lasts until it is
                                 // there. Of the bytes that the worker was started with
        /// Of Options::draftFile; nothing before a worker has said it. Where it can't be used,
        /// answers are the same and come later.
        std::optional<wire::DraftModel> draft;
    };
    [[nodiscard]] virtual Status status() const = 0;

    /// Runs one request and blocks until it ends. @p stop cancels it: the worker is told at once
    /// and the call returns Finished{Cancelled}. Errors: what the worker reported, or WorkerGone
    /// when it died or is not ready; it is restarted in the background.
    virtual std::expected<wire::Finished, wire::Failed>
    generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop) = 0;

    /// Tokens that the turns take, template included. Errors: as generate; Cancelled as soon as
    /// @p stop is requested.
    virtual std::expected<std::uint32_t, wire::Failed> count(std::vector<wire::Turn> turns,
                                                             std::stop_token stop) = 0;

    /// Has the worker drop what it keeps of the prompts of wire::Generate::user. Returns at once;
    /// no worker keeps nothing.
    virtual void forget(std::uint64_t user) = 0;

    /// Piece @p number of what the worker keeps of a user's prompts about one patient, from 0 on;
    /// empty: there is no more. As secret as the prompts were. One user and patient at a time.
    /// Errors: WorkerGone; Cancelled as soon as @p stop is requested, or when the worker's patience
    /// (Options) is over.
    virtual std::expected<std::string, wire::Failed>
    keep(std::uint64_t user, std::uint64_t patient, std::uint32_t number, std::stop_token stop) = 0;
    /// Gives a piece back. How many tokens of a prompt are known from it on; 0: it is of no use to
    /// this worker. Errors: as keep; BadRequest when it is too large.
    virtual std::expected<std::uint32_t, wire::Failed>
    restore(std::uint64_t user, std::uint64_t patient, std::string piece, std::stop_token stop) = 0;
};

} // namespace service
