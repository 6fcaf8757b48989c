// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler.h"

#include "inference/engine/scheduler_parts.h"

#include <algorithm>
#include <format>

namespace engine {

using kernels::kPageTokens;

namespace {

// Pages given back at once: each look for the oldest goes over all of them.
constexpr std::size_t kEvictedAtOnce = 8;

} // namespace

model::Result<std::unique_ptr<Scheduler>>
Scheduler::create(model::Model& network, const model::Tokenizer* tokenizer, const Options& options)
{
    auto pool = network.makePool(options.pages);
    if (!pool)
        return std::unexpected(pool.error());
    std::unique_ptr<Scheduler> scheduler(
        new Scheduler(network, tokenizer, options, *std::move(pool)));
    if (options.draft != nullptr && options.speculate) {
        auto drafter =
            Drafter::create(*options.draft, options.draftPages, network.config().vocabularySize);
        if (!drafter)
            return std::unexpected(drafter.error());
        scheduler->m_drafter = *std::move(drafter);
    }
    return scheduler;
}

Scheduler::Scheduler(model::Model& network, const model::Tokenizer* tokenizer,
                     const Options& options, std::unique_ptr<model::KvPool> pool)
    : m_network(network)
    , m_tokenizer(tokenizer)
    , m_options(options)
    , m_pool(std::move(pool))
{
}

Scheduler::~Scheduler()
{
    m_network.dropRead();
}

model::Result<void> Scheduler::add(Work work)
{
    const std::uint64_t context = m_network.config().contextLength;
    const std::uint64_t wanted = work.request.prompt.size() + std::uint64_t{work.request.maxTokens};
    if (wanted > context)
        return std::unexpected(model::Error{
            model::Errc::ContextTooLong,
            std::format("{} prompt tokens and up to {} of the answer are {}, the context holds {}",
                        work.request.prompt.size(), work.request.maxTokens, wanted, context)});
    if (model::pagesFor(wanted) > m_pool->pages())
        return std::unexpected(model::Error{
            model::Errc::OutOfPages,
            std::format(
                "{} prompt tokens and up to {} of the answer are {}, there is memory for {}",
                work.request.prompt.size(), work.request.maxTokens, wanted,
                m_pool->pages() * kPageTokens)});
    if (!inVocabulary(work.request.prompt))
        return std::unexpected(
            model::Error{model::Errc::BadToken, "a token of the prompt is not in the vocabulary"});
    m_share.enter(work.scope.user);
    m_waiting.push_back(std::make_unique<Running>(m_tokenizer, std::move(work), ++m_arrivals));
    return {};
}

bool Scheduler::inVocabulary(std::span<const std::int32_t> tokens) const
{
    const auto vocabulary = static_cast<std::int64_t>(m_network.config().vocabularySize);
    return std::ranges::all_of(
        tokens, [vocabulary](std::int32_t token) { return token >= 0 && token < vocabulary; });
}

void Scheduler::remove(RequestId id)
{
    for (List* list : {&m_waiting, &m_running})
        for (const auto& request : *list)
            if (request->id == id)
                return drop(*request);
}

void Scheduler::forget(std::uint64_t user)
{
    m_prefixes.forget(user);
    if (m_drafter)
        m_drafter->prefixes().forget(user);
    for (List* list : {&m_waiting, &m_running})
        for (const auto& request : *list)
            request->keep = request->keep && request->scope.user != user;
}

std::optional<Account> Scheduler::account(RequestId id) const
{
    for (const List* list : {&m_waiting, &m_running})
        for (const auto& request : *list)
            if (request->id == id) {
                Account account = request->account;
                account.generatedTokens = request->generation.generatedTokens();
                return account;
            }
    return std::nullopt;
}

void Scheduler::step(const Emit& emit)
{
    admit(emit);
    readDraft();
    write(emit);
    read(emit);
}

/// The user's who has had the least; then who came first.
bool Scheduler::goesBefore(const Running& a, const Running& b) const
{
    const double servedA = m_share.served(a.scope.user);
    const double servedB = m_share.served(b.scope.user);
    return servedA != servedB ? servedA < servedB : a.arrival < b.arrival;
}

/// Lets in who waits, the user first who has had the least, while there is memory.
void Scheduler::admit(const Emit& emit)
{
    m_waiting.sort([this](const auto& a, const auto& b) { return goesBefore(*a, *b); });
    while (!m_waiting.empty() && m_running.size() < m_options.mostRunning &&
           hasRoom(*m_waiting.front())) {
        m_running.splice(m_running.end(), m_waiting, m_waiting.begin());
        start(*m_running.back());
    }
    std::uint32_t place = 0;
    for (const auto& request : m_waiting) {
        ++place;
        if (std::exchange(request->place, place) != place)
            emit({request->id, InQueue{.place = place}});
    }
}

/// For what it has so far, and for those that run to write a page more each: who is let in too
/// early is soon put back.
bool Scheduler::hasRoom(const Running& request)
{
    const std::size_t wanted = std::min<std::size_t>(
        model::pagesFor(request.generation.tokens().size() + 1) + m_running.size(),
        m_pool->pages());
    while (m_pool->freePages() < wanted)
        if (m_prefixes.evict(kEvictedAtOnce) == 0)
            break;
    // Alone it fits, whatever is still kept: makes room as it goes.
    return m_pool->freePages() >= wanted || m_running.empty();
}

void Scheduler::start(Running& request)
{
    request.place = 0;
    request.sequence.emplace(*m_pool);
    const std::span<const std::int32_t> tokens = request.generation.tokens();
    // The last token of the prompt is always computed: its logits are wanted.
    const std::vector<model::KvBlock> known =
        m_prefixes.find(request.scope, tokens.first(request.promptTokens() - 1));
    if (!known.empty() && request.sequence->append(known) && request.account.promptTokens == 0)
        request.account.cachedTokens = request.sequence->length();
    request.account.promptTokens = request.promptTokens();
}

/// Gives back what is kept for later; if that is nothing, the memory of the request that was let in
/// last. False when there is nothing left to give back.
bool Scheduler::freeSome()
{
    if (m_prefixes.evict(kEvictedAtOnce) > 0)
        return true;
    if (m_running.size() > 1) {
        putBack(*m_running.back());
        return true;
    }
    return m_prefixes.clear() > 0;
}

void Scheduler::putBack(Running& request)
{
    if (m_reading == &request) {
        m_network.dropRead();
        m_reading = nullptr;
    }
    request.sequence.reset();
    request.draft.reset();
    const auto place = std::ranges::find(m_running, &request, &std::unique_ptr<Running>::get);
    m_waiting.splice(m_waiting.end(), m_running, place);
}

void Scheduler::drop(Running& request)
{
    if (m_reading == &request) {
        m_network.dropRead();
        m_reading = nullptr;
    }
    m_share.leave(request.scope.user);
    for (List* list : {&m_waiting, &m_running})
        list->remove_if([&request](const auto& other) { return other.get() == &request; });
}

void Scheduler::fail(Running& request, const model::Error& error, const Emit& emit)
{
    emit({request.id, error});
    drop(request);
}

} // namespace engine
