// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/worker.h"

#include "inference/engine/wishes.h"

#include <thread>

namespace engine {
namespace {

/// Requests that run at once. More wait: each holds memory for its keys and values.
constexpr std::size_t kMaxJobs = 4;
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

wire::Failed failureOf(const model::Error& error)
{
    wire::Failed failure;
    failure.detail = error.detail;
    if (error.code == model::Errc::OutOfMemory)
        failure.code = wire::Errc::OutOfMemory;
    else if (error.code == model::Errc::ContextTooLong)
        failure.code = wire::Errc::ContextTooLong;
    return failure;
}

wire::Failed failureOf(wire::Errc code, std::string detail)
{
    wire::Failed failure;
    failure.code = code;
    failure.detail = std::move(detail);
    return failure;
}

wire::Finished finishedOf(wire::RequestId id, const Generation& generation)
{
    return {.id = id,
            .reason = wire::StopReason::Cancelled,
            .promptTokens = generation.promptTokens(),
            .generatedTokens = generation.generatedTokens(),
            .prefillMicroseconds = static_cast<std::uint64_t>(generation.prefillTime().count()),
            .decodeMicroseconds = static_cast<std::uint64_t>(generation.decodeTime().count())};
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
        for (const Task& task : tasks) {
            if (const auto* waiting = std::get_if<Waiting>(&task))
                begin(*waiting);
            else
                count(std::get<wire::Count>(task));
        }
        tasks.clear();
        for (auto job = m_jobs.begin(); job != m_jobs.end();)
            job = advance(*job) ? std::next(job) : m_jobs.erase(job);
    }
    const std::lock_guard lock(m_mutex);
    return m_end;
}

/// Ends with the channel, or with the first frame that makes no sense.
void Worker::receive()
{
    while (true) {
        auto message = m_parts.channel.receiveToEngine();
        if (!message) {
            const std::lock_guard lock(m_mutex);
            m_end =
                message.error().code == wire::ChannelErrc::BadFrame ? End::BadFrame : End::Closed;
            m_closing = true;
            // Nobody is left to read the answers.
            for (auto& [id, known] : m_known)
                known->stop.request_stop();
            m_changed.notify_one();
            return;
        }
        accept(*std::move(message));
    }
}

void Worker::accept(wire::ToEngine message)
{
    std::optional<wire::FromEngine> reply;
    {
        const std::lock_guard lock(m_mutex);
        if (const auto* unwanted = std::get_if<wire::Cancel>(&message))
            reply = cancel(unwanted->id);
        else if (auto* count = std::get_if<wire::Count>(&message))
            m_tasks.emplace_back(std::move(*count));
        else if (auto* request = std::get_if<wire::Generate>(&message))
            reply = enqueue(std::move(*request));
        m_changed.notify_one();
    }
    if (reply)
        send(*reply);
}

/// A request that waits for its turn is answered here: another's step may take longer than the
/// one who cancels is willing to wait.
std::optional<wire::FromEngine> Worker::cancel(wire::RequestId id)
{
    const auto found = m_known.find(id);
    if (found == m_known.end())
        return std::nullopt;
    const std::shared_ptr<Known> known = found->second;
    known->stop.request_stop();
    if (known->inStep)
        return std::nullopt;
    known->answered = true;
    m_known.erase(found);
    std::erase_if(m_tasks, [&known](const Task& task) {
        const auto* waiting = std::get_if<Waiting>(&task);
        return waiting != nullptr && waiting->known == known;
    });
    return known->soFar;
}

std::optional<wire::FromEngine> Worker::enqueue(wire::Generate request)
{
    const auto refuse = [&request](wire::Errc code, std::string detail) {
        wire::Failed failure = failureOf(code, std::move(detail));
        failure.id = request.id;
        return failure;
    };
    if (m_known.size() >= kMaxKnown)
        return refuse(wire::Errc::Busy, "too many requests");
    auto known = std::make_shared<Known>();
    known->soFar = {.id = request.id, .reason = wire::StopReason::Cancelled};
    if (!m_known.emplace(request.id, known).second)
        return refuse(wire::Errc::BadRequest, "the id is in use");
    m_tasks.emplace_back(Waiting{std::move(request), std::move(known)});
    return std::nullopt;
}

bool Worker::takeTasks(std::deque<Task>& tasks)
{
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !m_jobs.empty() || !m_tasks.empty() || m_closing; });
    // A request begins when there is room for it; what only counts never waits.
    std::size_t room = kMaxJobs - m_jobs.size();
    for (auto task = m_tasks.begin(); task != m_tasks.end();) {
        const bool generates = std::holds_alternative<Waiting>(*task);
        if (generates && room == 0) {
            ++task;
            continue;
        }
        room -= generates ? 1 : 0;
        tasks.push_back(std::move(*task));
        task = m_tasks.erase(task);
    }
    return !tasks.empty() || !m_jobs.empty();
}

std::optional<std::vector<std::int32_t>> Worker::promptOf(wire::RequestId id,
                                                          const std::vector<wire::Turn>& turns)
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
    if (const auto prompt = promptOf(request.id, request.turns))
        send(wire::Counted{.id = request.id, .tokens = static_cast<std::uint32_t>(prompt->size())});
}

void Worker::begin(const Waiting& task)
{
    if (!enter(*task.known))
        return;
    const wire::Generate& request = task.request;
    if (!makesSense(request)) {
        fail(request.id, failureOf(wire::Errc::BadRequest,
                                   "no turns, no tokens wanted, or sampling out of bounds"));
        return forget(request.id);
    }
    auto prompt = promptOf(request.id, request.turns);
    if (!prompt)
        return forget(request.id);
    auto constraint = constraintOf(request.constraint);
    if (!constraint) {
        fail(request.id, failureOf(wire::Errc::BadConstraint, constraint.error().detail));
        return forget(request.id);
    }
    const auto promptTokens = static_cast<std::uint32_t>(prompt->size());
    auto generation = Generation::start(m_parts.network, m_parts.tokenizer,
                                        {.prompt = *std::move(prompt),
                                         .sampling = settingsOf(request.sampling),
                                         .maxTokens = request.maxTokens,
                                         .stops = request.stops,
                                         .constraint = *std::move(constraint)});
    if (!generation) {
        wire::Failed failure = failureOf(generation.error());
        failure.promptTokens = promptTokens;
        failure.maxTokens = request.maxTokens;
        failure.contextTokens = m_parts.network.config().contextLength;
        fail(request.id, std::move(failure));
        return forget(request.id);
    }
    m_jobs.push_back({request.id, task.known, *std::move(generation)});
    if (!leave(m_jobs.back()))
        m_jobs.pop_back();
}

bool Worker::advance(Job& job)
{
    return enter(*job.known) && work(job) && leave(job);
}

bool Worker::enter(Known& known)
{
    const std::lock_guard lock(m_mutex);
    known.inStep = !known.answered;
    return known.inStep;
}

bool Worker::leave(const Job& job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (!job.known->stop.stop_requested()) {
            job.known->soFar = finishedOf(job.id, *job.generation);
            job.known->inStep = false;
            return true;
        }
    }
    finish(job, wire::StopReason::Cancelled);
    return false;
}

bool Worker::work(Job& job)
{
    Generation& generation = *job.generation;
    auto step = generation.step(job.known->stop.get_token());
    if (!step) {
        if (step.error().code == model::Errc::Cancelled)
            finish(job, wire::StopReason::Cancelled);
        else {
            fail(job.id, failureOf(step.error()));
            forget(job.id);
        }
        return false;
    }
    switch (step->kind) {
    case Step::Kind::Reading:
        send(wire::Progress{
            .id = job.id, .done = generation.promptRead(), .total = generation.promptTokens()});
        return true;
    case Step::Kind::Token:
        send(wire::Token{.id = job.id,
                         .token = step->token,
                         .text = std::move(step->text),
                         .odds = oddsOf(step->odds, m_parts.tokenizer)});
        return true;
    case Step::Kind::EndOfTurn:
    case Step::Kind::MaxTokens:
    case Step::Kind::StopText:
        break;
    }
    // What was left of an unfinished character or stop text belongs to the last token.
    if (!step->text.empty())
        send(wire::Token{.id = job.id, .token = step->token, .text = std::move(step->text)});
    finish(job, reasonOf(step->kind));
    return false;
}

void Worker::finish(const Job& job, wire::StopReason reason)
{
    wire::Finished finished = finishedOf(job.id, *job.generation);
    finished.reason = reason;
    // Forgotten first: the daemon may use the id again as soon as it has read the answer.
    forget(job.id);
    send(finished);
}

void Worker::fail(wire::RequestId id, wire::Failed failure)
{
    failure.id = id;
    send(failure);
}

void Worker::forget(wire::RequestId id)
{
    const std::lock_guard lock(m_mutex);
    m_known.erase(id);
}

/// A channel that takes nothing more is noticed by the reading thread, which ends the worker.
void Worker::send(const wire::FromEngine& message)
{
    [[maybe_unused]] const auto sent = m_parts.channel.send(message);
}

} // namespace engine
