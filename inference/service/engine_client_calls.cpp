// SPDX-License-Identifier: Apache-2.0
#include "inference/service/engine_client_parts.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <typeinfo>

namespace service {
namespace {

/// The caller stops it.
constexpr std::chrono::hours kNoLimit{24};

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

/// Of an answer that is not the one that was asked for.
wire::Failed failureIn(PendingCall::Answer answer)
{
    if (auto* failed = std::get_if<wire::Failed>(&answer))
        return std::move(*failed);
    return failure(wire::Errc::Internal, "the worker answered something else");
}

} // namespace

wire::Failed failure(wire::Errc code, std::string detail)
{
    wire::Failed failed;
    failed.code = code;
    failed.detail = std::move(detail);
    return failed;
}

/// Of a call that still waits; else null.
const EngineClient::Callbacks* SupervisedClient::callbacksOf(wire::RequestId id) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_pending.find(id);
    return found != m_pending.end() && !found->second.answer ? found->second.callbacks : nullptr;
}

bool SupervisedClient::take(wire::FromEngine message)
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
    else if (auto* kept = std::get_if<wire::Kept>(&message))
        answer(kept->id, std::move(*kept));
    else if (const auto* restored = std::get_if<wire::Restored>(&message))
        answer(restored->id, *restored);
    else if (auto* ready = std::get_if<wire::Ready>(&message)) {
        takeReady(std::move(*ready));
    } else if (auto* failed = std::get_if<wire::Failed>(&message)) {
        if (failed->id != 0) {
            answer(failed->id, std::move(*failed));
            return true;
        }
        takeRefusal(std::move(*failed));
    }
    return true;
}

void SupervisedClient::takeRefusal(wire::Failed refusal)
{
    const std::lock_guard lock(m_mutex);
    m_refused = true;
    m_status.state = State::Unusable;
    spdlog::error("engine: the model can't be used");
    if (refusal.neededBytes != 0)
        spdlog::error("engine: {} MB of memory are needed, {} MB are left of {} MB",
                      refusal.neededBytes / 1'000'000, refusal.memoryBytes / 1'000'000,
                      refusal.memoryLimit / 1'000'000);
    if (refusal.contextTokens != 0)
        spdlog::error("engine: a context of {} is asked for, the model's holds {}",
                      m_options.contextTokens, refusal.contextTokens);
    m_status.failure = std::move(refusal);
}

void SupervisedClient::takeReady(wire::Ready ready)
{
    const std::lock_guard lock(m_mutex);
    m_status.state = State::Ready;
    m_status.model = std::move(ready);
    m_status.failure.reset();
    m_failedLoads = 0;
    m_newKeyCheck = m_status.model->keyCheck;
    const wire::Ready& model = *m_status.model;
    if (std::exchange(m_findsThreads, false) && model.threadsMeasured)
        m_newThreads = {model.decodeThreads, model.prefillThreads};
    m_changed.notify_all(); // all that may be kept
    spdlog::info("engine: ready, {} parameters, context {}, {} threads to read, {} to generate",
                 model.parameters, model.contextTokens, model.prefillThreads, model.decodeThreads);
    if (m_options.keys == "int8" && model.keyCheck.empty())
        spdlog::warn("engine: whether the model bears keys as int8 could not be found out: they "
                     "are kept as float16, the next start tries again");
    else if (m_options.keys == "int8")
        spdlog::info("engine: keys as int8 in {} of {} layers", model.int8KeyLayers, model.layers);
    if (!m_draft)
        return;
    m_status.draft = model.draftModel;
    if (m_status.draft != wire::DraftModel::InUse)
        spdlog::error("engine: works without the draft model: {}", wire::nameOf(*m_status.draft));
}

/// False when the worker sends more than was asked for.
bool SupervisedClient::takeToken(const wire::Token& token)
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
void SupervisedClient::deliver(wire::RequestId id, const std::function<void()>& callback)
{
    try {
        callback();
    } catch (const std::exception& exception) {
        spdlog::error("engine: a request ended by an exception: {}", typeid(exception).name());
        answer(id, failure(wire::Errc::Internal, "the answer could not be taken"));
        tell(*m_worker, wire::Cancel{.id = id});
    }
}

void SupervisedClient::answer(wire::RequestId id, PendingCall::Answer answer)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_pending.find(id);
    if (found == m_pending.end() || found->second.answer)
        return;
    m_served = m_served || !std::holds_alternative<wire::Failed>(answer);
    found->second.answer = std::move(answer);
    m_changed.notify_all();
}

SupervisedClient::Messages::iterator SupervisedClient::call(const wire::ToEngine& request,
                                                            wire::RequestId id, PendingCall pending)
{
    std::shared_ptr<EngineProcess> worker;
    Messages::iterator entry;
    {
        const std::lock_guard lock(m_mutex);
        entry = m_pending.emplace(id, std::move(pending)).first;
        if (m_status.state == State::Ready && !m_answer.sha256.empty())
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

wire::RequestId SupervisedClient::nextId()
{
    const std::lock_guard lock(m_mutex);
    return ++m_lastId;
}

PendingCall::Answer SupervisedClient::ask(const wire::ToEngine& request, wire::RequestId id,
                                          const std::stop_token& stop,
                                          std::chrono::milliseconds longest)
{
    if (stop.stop_requested())
        return failure(wire::Errc::Cancelled, "stopped");
    const auto entry = call(request, id, {});
    std::unique_lock lock(m_mutex);
    const bool answered =
        m_changed.wait_for(lock, stop, longest, [&] { return entry->second.answer.has_value(); });
    // Else the answer to come is nobody's.
    PendingCall::Answer result = answered ? *std::move(entry->second.answer)
                                          : failure(wire::Errc::Cancelled, "not waited for");
    m_pending.erase(entry);
    return result;
}

PendingCall::Answer SupervisedClient::wait(Messages::iterator pending, const std::stop_token& stop)
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
    PendingCall::Answer result = *std::move(pending->second.answer);
    m_pending.erase(pending);
    return result;
}

std::expected<wire::Finished, wire::Failed>
SupervisedClient::generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop)
{
    const wire::RequestId id = request.id = nextId();
    // One more than wanted: the rest of an unfinished character comes as a token of its own.
    const std::uint32_t tokens = request.maxTokens + 1;
    const auto entry =
        call(std::move(request), id,
             {.callbacks = &callbacks, .tokensLeft = tokens, .answer = std::nullopt});
    auto result = wait(entry, stop);
    if (auto* finished = std::get_if<wire::Finished>(&result))
        return *finished;
    return std::unexpected(failureIn(std::move(result)));
}

std::expected<std::uint32_t, wire::Failed> SupervisedClient::count(std::vector<wire::Turn> turns,
                                                                   std::stop_token stop)
{
    wire::Count request;
    request.turns = std::move(turns);
    const wire::RequestId id = request.id = nextId();
    auto result = ask(std::move(request), id, stop, kNoLimit);
    if (const auto* counted = std::get_if<wire::Counted>(&result))
        return counted->tokens;
    return std::unexpected(failureIn(std::move(result)));
}

std::expected<std::string, wire::Failed> SupervisedClient::keep(std::uint64_t user,
                                                                std::uint64_t patient,
                                                                std::uint32_t number,
                                                                std::stop_token stop)
{
    const wire::RequestId id = nextId();
    auto result = ask(wire::Keep{.id = id, .user = user, .patient = patient, .piece = number}, id,
                      stop, m_options.patience);
    if (auto* kept = std::get_if<wire::Kept>(&result))
        return std::move(kept->piece);
    return std::unexpected(failureIn(std::move(result)));
}

std::expected<std::uint32_t, wire::Failed> SupervisedClient::restore(std::uint64_t user,
                                                                     std::uint64_t patient,
                                                                     std::string piece,
                                                                     std::stop_token stop)
{
    const wire::RequestId id = nextId();
    auto result =
        ask(wire::Restore{.id = id, .user = user, .patient = patient, .piece = std::move(piece)},
            id, stop, m_options.patience);
    if (const auto* restored = std::get_if<wire::Restored>(&result))
        return restored->tokens;
    return std::unexpected(failureIn(std::move(result)));
}

void SupervisedClient::forget(std::uint64_t user)
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

} // namespace service
