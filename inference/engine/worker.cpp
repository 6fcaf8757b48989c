// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/worker.h"

#include "inference/engine/wishes.h"

#include <algorithm>
#include <thread>

namespace engine {
namespace {

/// Requests that run or wait. The daemon has its own, smaller limit; this one is against a broken
/// one.
constexpr std::size_t kMaxKnown = 64;

model::ChatRole roleOf(wire::Role role)
{
    switch (role) {
    case wire::Role::System:
        return model::ChatRole::System;
    case wire::Role::User:
        return model::ChatRole::User;
    case wire::Role::Assistant:
        break;
    }
    return model::ChatRole::Assistant;
}

wire::Failed failureOf(wire::Errc code, std::string detail)
{
    wire::Failed failure;
    failure.code = code;
    failure.detail = std::move(detail);
    return failure;
}

wire::Failed failureOf(const model::Error& error)
{
    using model::Errc;
    const bool memory = error.code == Errc::OutOfMemory || error.code == Errc::OutOfPages;
    return failureOf(memory                               ? wire::Errc::OutOfMemory
                     : error.code == Errc::ContextTooLong ? wire::Errc::ContextTooLong
                                                          : wire::Errc::Internal,
                     error.detail);
}

void wipe(std::string& bytes)
{
    kernels::wipe(reinterpret_cast<std::byte*>(bytes.data()), bytes.size());
}

/// Why an answer ended with a step of this kind.
wire::StopReason reasonOf(Step::Kind kind)
{
    if (kind == Step::Kind::StopText)
        return wire::StopReason::StopText;
    return kind == Step::Kind::EndOfTurn ? wire::StopReason::EndOfTurn
                                         : wire::StopReason::MaxTokens;
}

} // namespace

Worker::End Worker::run()
{
    std::jthread reader([this] { receive(); });
    std::deque<Task> tasks;
    while (takeTasks(tasks)) {
        for (Task& task : tasks)
            run(std::move(task));
        tasks.clear();
        m_parts.scheduler.step([this](Event event) { take(std::move(event)); });
        noteProgress();
    }
    const std::lock_guard lock(m_mutex);
    return m_end;
}

void Worker::run(Task task)
{
    if (auto* request = std::get_if<wire::Generate>(&task))
        begin(std::move(*request));
    else if (const auto* asked = std::get_if<wire::Count>(&task))
        count(*asked);
    else if (const auto* wanted = std::get_if<wire::Keep>(&task))
        keep(*wanted);
    else if (auto* kept = std::get_if<wire::Restore>(&task))
        restore(std::move(*kept));
    else
        forget(std::get<wire::Forget>(task).user);
}

/// Ends with the channel, or with the first frame that makes no sense.
void Worker::receive()
{
    while (true) {
        auto message = m_parts.channel.receiveToEngine();
        const std::lock_guard lock(m_mutex);
        if (!message) {
            m_end =
                message.error().code == wire::ChannelErrc::BadFrame ? End::BadFrame : End::Closed;
            m_closing = true;
            // Nobody is left to read the answers.
            for (auto& [id, known] : m_known)
                known.stop.request_stop();
            m_changed.notify_one();
            return;
        }
        accept(*std::move(message));
        m_changed.notify_one();
    }
}

/// m_mutex is held.
void Worker::accept(wire::ToEngine message)
{
    if (const auto* unwanted = std::get_if<wire::Cancel>(&message))
        cancel(unwanted->id);
    else if (auto* request = std::get_if<wire::Generate>(&message))
        enqueue(std::move(*request));
    else if (auto* count = std::get_if<wire::Count>(&message))
        m_tasks.emplace_back(std::move(*count));
    else if (const auto* keep = std::get_if<wire::Keep>(&message))
        m_tasks.emplace_back(*keep);
    else if (auto* restore = std::get_if<wire::Restore>(&message))
        m_tasks.emplace_back(std::move(*restore));
    else
        m_tasks.emplace_back(std::get<wire::Forget>(message));
}

/// Answered here: a step may take longer than the one who cancels is willing to wait.
void Worker::cancel(wire::RequestId id)
{
    const auto found = m_known.find(id);
    if (found == m_known.end())
        return;
    found->second.stop.request_stop();
    const std::size_t dropped = std::erase_if(m_tasks, [id](const Task& task) {
        const auto* waiting = std::get_if<wire::Generate>(&task);
        return waiting != nullptr && waiting->id == id;
    });
    if (dropped == 0)
        m_cancelled.push_back(id);
    const wire::Finished soFar = found->second.soFar;
    m_known.erase(found);
    send(soFar);
}

void Worker::enqueue(wire::Generate request)
{
    const auto refuse = [this, &request](wire::Errc code, std::string detail) {
        wire::Failed failure = failureOf(code, std::move(detail));
        failure.id = request.id;
        send(failure);
    };
    if (m_known.size() >= kMaxKnown)
        return refuse(wire::Errc::Busy, "too many requests");
    // One that was cancelled in this step is still being taken apart under its id.
    if (m_known.contains(request.id) || std::ranges::contains(m_cancelled, request.id))
        return refuse(wire::Errc::BadRequest, "the id is in use");
    Known known;
    known.soFar = {.id = request.id, .reason = wire::StopReason::Cancelled};
    m_known.emplace(request.id, std::move(known));
    m_tasks.emplace_back(std::move(request));
}

bool Worker::takeTasks(std::deque<Task>& tasks)
{
    std::vector<wire::RequestId> cancelled;
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(
            lock, [this] { return !m_parts.scheduler.idle() || !m_tasks.empty() || m_closing; });
        if (m_closing)
            return false;
        tasks.swap(m_tasks);
        cancelled.swap(m_cancelled);
    }
    for (const wire::RequestId id : cancelled)
        m_parts.scheduler.remove(id);
    return true;
}

std::optional<std::vector<std::int32_t>> Worker::encode(wire::RequestId id,
                                                        std::span<const wire::Turn> turns)
{
    if (m_parts.tokenizer == nullptr || m_parts.chat == nullptr) {
        fail(id, failureOf(wire::Errc::NoVocabulary,
                           "the model has no vocabulary or no chat template"));
        return std::nullopt;
    }
    std::vector<model::ChatTurn> chat;
    chat.reserve(turns.size());
    for (const wire::Turn& turn : turns)
        chat.push_back({roleOf(turn.role), turn.text});
    return m_parts.chat->encode(chat, *m_parts.tokenizer);
}

/// Nothing where nothing is asked for. There is a tokenizer: the prompt was made with it.
Compiled<std::optional<Constraint>> Worker::constraintOf(const wire::Constraint& wanted)
{
    if (wanted.kind == wire::Constraint::Kind::None)
        return std::nullopt;
    if (!m_trie)
        m_trie = std::make_unique<TokenTrie>(m_parts.tokenizer->vocabulary());
    return Constraint::compile(wanted, *m_trie).transform([](Constraint&& constraint) {
        return std::optional(std::move(constraint));
    });
}

void Worker::count(const wire::Count& request)
{
    if (request.turns.empty())
        return fail(request.id, failureOf(wire::Errc::BadRequest, "no turns"));
    if (const auto prompt = encode(request.id, request.turns))
        send(wire::Counted{.id = request.id, .tokens = static_cast<std::uint32_t>(prompt->size())});
}

void Worker::forget(std::uint64_t user)
{
    m_keeper.forget(user);
    m_parts.scheduler.forget(user);
}

void Worker::keep(const wire::Keep& request)
{
    wire::FromEngine answer = wire::Kept{
        .id = request.id,
        .piece = m_keeper.piece({.user = request.user, .patient = request.patient}, request.piece)};
    send(answer);
    wipe(std::get<wire::Kept>(answer).piece);
}

void Worker::restore(wire::Restore request)
{
    const std::uint32_t tokens =
        m_keeper.restore({.user = request.user, .patient = request.patient}, request.piece);
    wipe(request.piece);
    send(wire::Restored{.id = request.id, .tokens = tokens});
}

/// Of the prompt's beginning, those that the turns which hold nothing about a patient make alone.
std::uint32_t Worker::sharedTokens(const wire::Generate& request,
                                   std::span<const std::int32_t> prompt)
{
    if (request.sharedTurns == 0)
        return 0;
    const auto turns = std::span(request.turns).first(request.sharedTurns);
    const auto same = [](const wire::Turn& a, const wire::Turn& b) {
        return a.role == b.role && a.text == b.text;
    };
    if (!std::ranges::equal(turns, m_shared.turns, same)) {
        m_shared.turns.assign(turns.begin(), turns.end());
        m_shared.tokens = encode(request.id, turns).value_or(std::vector<std::int32_t>());
    }
    const auto shared = std::ranges::mismatch(prompt, m_shared.tokens).in1 - prompt.begin();
    return static_cast<std::uint32_t>(shared);
}

void Worker::begin(wire::Generate request)
{
    std::stop_token stop;
    {
        const std::lock_guard lock(m_mutex);
        const auto known = m_known.find(request.id);
        if (known == m_known.end()) // cancelled since it was taken
            return;
        stop = known->second.stop.get_token();
    }
    if (!makesSense(request))
        return fail(request.id, failureOf(wire::Errc::BadRequest,
                                          "no turns, no tokens wanted, or sampling out of bounds"));
    auto prompt = encode(request.id, request.turns);
    if (!prompt)
        return;
    auto constraint = constraintOf(request.constraint);
    if (!constraint)
        return fail(request.id, failureOf(wire::Errc::BadConstraint, constraint.error().detail));
    const auto promptTokens = static_cast<std::uint32_t>(prompt->size());
    const std::uint32_t shared = sharedTokens(request, *prompt);
    const auto added =
        m_parts.scheduler.add({.id = request.id,
                               .request = {.prompt = *std::move(prompt),
                                           .sampling = settingsOf(request.sampling),
                                           .maxTokens = request.maxTokens,
                                           .stops = std::move(request.stops),
                                           .constraint = *std::move(constraint)},
                               .scope = {.user = request.user, .patient = request.patient},
                               .sharedTokens = shared,
                               .stop = std::move(stop)});
    if (added)
        return;
    wire::Failed failure = failureOf(added.error());
    failure.promptTokens = promptTokens;
    failure.maxTokens = request.maxTokens;
    failure.contextTokens = m_parts.contextTokens;
    fail(request.id, std::move(failure));
}

void Worker::take(Event event)
{
    const RequestId id = event.id;
    if (auto* step = std::get_if<Step>(&event.what))
        takeStep(id, std::move(*step));
    else if (const auto* progress = std::get_if<Progress>(&event.what))
        sendOf(id, wire::Progress{.id = id, .done = progress->done, .total = progress->total});
    else if (const auto* queued = std::get_if<InQueue>(&event.what))
        sendOf(id, wire::Queued{.id = id, .place = queued->place});
    else
        fail(id, failureOf(std::get<model::Error>(event.what)));
}

void Worker::takeStep(RequestId id, Step step)
{
    const bool isToken = step.kind == Step::Kind::Token;
    // What was left of an unfinished character or stop text belongs to the last token.
    if (isToken || !step.text.empty())
        sendOf(id, wire::Token{.id = id,
                               .token = step.token,
                               .text = std::move(step.text),
                               .odds = oddsOf(step.odds, m_parts.tokenizer)});
    if (!isToken)
        finish(id, reasonOf(step.kind));
}

wire::Finished Worker::finishedOf(wire::RequestId id, const Account& account)
{
    return {.id = id,
            .reason = wire::StopReason::Cancelled,
            .promptTokens = account.promptTokens,
            .cachedTokens = account.cachedTokens,
            .generatedTokens = account.generatedTokens,
            .prefillMicroseconds = static_cast<std::uint64_t>(account.prefill.count()),
            .decodeMicroseconds = static_cast<std::uint64_t>(account.decode.count())};
}

/// For who cancels while the next step runs.
void Worker::noteProgress()
{
    const std::lock_guard lock(m_mutex);
    for (auto& [id, known] : m_known)
        if (const auto account = m_parts.scheduler.account(id))
            known.soFar = finishedOf(id, *account);
}

void Worker::finish(RequestId id, wire::StopReason reason)
{
    wire::Finished finished = finishedOf(id, m_parts.scheduler.account(id).value_or(Account{}));
    finished.reason = reason;
    const std::lock_guard lock(m_mutex);
    // Forgotten first: the daemon may use the id again as soon as it has read the answer.
    if (m_known.erase(id) > 0)
        send(finished);
}

void Worker::fail(wire::RequestId id, wire::Failed failure)
{
    failure.id = id;
    const std::lock_guard lock(m_mutex);
    m_known.erase(id);
    send(failure);
}

/// Nothing more for a request that was cancelled and answered.
void Worker::sendOf(wire::RequestId id, const wire::FromEngine& message)
{
    const std::lock_guard lock(m_mutex);
    if (m_known.contains(id))
        send(message);
}

/// A channel that takes nothing more is noticed by the reading thread, which ends the worker.
void Worker::send(const wire::FromEngine& message)
{
    [[maybe_unused]] const auto sent = m_parts.channel.send(message);
}

} // namespace engine
