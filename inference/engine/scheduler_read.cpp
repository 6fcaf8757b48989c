// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler_parts.h"

#include <algorithm>

namespace engine {

namespace {

using Clock = std::chrono::steady_clock;

// The most a chunk may have is a whole number of these: the prompt's kernels work on so many rows
// at a time. Equal shares of a prompt may have a few less.
constexpr std::uint32_t kRows = 64;
// Layers that a chunk should get through between two tokens of the others: the fewer, the coarser
// the pace is kept.
constexpr double kLayersAtATime = 2.5;

} // namespace

/// Goes on with one prompt for as long as the others' next tokens may wait. A chunk is left after
/// any layer and taken up again there: so it can have many rows, which costs least for each,
/// without keeping anybody waiting.
void Scheduler::read(const Emit& emit)
{
    const Clock::time_point until = Clock::now() + readingTime();
    std::chrono::duration<double, std::micro> layer; // that the next chunk begins with
    do {
        if (m_reading == nullptr && !beginChunk(emit))
            return;
        readLayers(until, emit);
        layer = std::chrono::duration<double, std::micro>(m_layerPerToken * m_chunk);
    } while (Clock::now() + layer / 2 <= until);
}

void Scheduler::readLayers(Clock::time_point until, const Emit& emit)
{
    const Clock::time_point begin = Clock::now();
    const auto read = m_network.continueRead(until, m_reading->stop);
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
    if (!read) {
        Running& request = *m_reading;
        m_reading = nullptr;
        // Whoever stopped it removes it as well, and needs no word about it.
        return read.error().code == model::Errc::Cancelled ? drop(request)
                                                           : fail(request, read.error(), emit);
    }
    m_reading->account.prefill += time;
    m_share.charge(m_reading->scope.user, static_cast<double>(time.count()));
    if (read->layers > 0) {
        const double now =
            static_cast<double>(time.count()) / static_cast<double>(read->layers * m_chunk);
        m_layerPerToken = m_layerPerToken == 0.0 ? now : 0.75 * m_layerPerToken + 0.25 * now;
    }
    if (read->done)
        finishChunk(emit);
}

/// Of those whose prompt is not read yet.
Scheduler::Running* Scheduler::nextToRead() const
{
    Running* next = nullptr;
    for (const auto& request : m_running) {
        if (!request->reads())
            continue;
        if (next == nullptr || goesBefore(*request, *next))
            next = request.get();
    }
    return next;
}

/// False when there is nothing to read.
bool Scheduler::beginChunk(const Emit& emit)
{
    while (Running* request = nextToRead()) {
        const std::uint32_t length = request->sequence->length();
        m_chunk = static_cast<std::uint32_t>(
            model::equalShare(request->promptTokens() - length, chunkTokens()));
        const bool last = length + m_chunk == request->promptTokens();
        // One that was put back knows its next tokens already.
        const bool wanted = last && request->generation.generatedTokens() == 0;
        if (wanted)
            m_firstLogits.resize(m_network.config().vocabularySize);
        const auto begun =
            m_network.beginRead({.sequence = &*request->sequence,
                                 .tokens = request->generation.tokens().subspan(length, m_chunk),
                                 .wanted = wanted ? model::Logits::Last : model::Logits::None,
                                 .logits = wanted ? std::span(m_firstLogits) : std::span<float>()});
        if (begun) {
            m_reading = request;
            return true;
        }
        if (begun.error().code == model::Errc::OutOfPages && freeSome())
            continue;
        fail(*request, begun.error(), emit);
    }
    return false;
}

void Scheduler::finishChunk(const Emit& emit)
{
    Running& request = *std::exchange(m_reading, nullptr);
    if (request.generation.generatedTokens() == 0)
        emit({request.id,
              Progress{.done = request.sequence->length(), .total = request.promptTokens()}});
    if (request.reads())
        return;
    keepPrefix(m_prefixes, *request.sequence, request);
    if (request.generation.generatedTokens() > 0)
        return;
    for (Step& step : request.generation.take(m_firstLogits, {}))
        emit({request.id, std::move(step)});
    if (request.generation.ended())
        drop(request);
}

/// The pages of the prompt, for the next question about the same record; nothing that was generated
/// is among them.
void Scheduler::keepPrefix(PrefixCache& prefixes, const model::KvSequence& sequence,
                           const Running& request) const
{
    if (!m_options.keepPrefixes)
        return;
    const std::span<const std::int32_t> prompt =
        request.generation.tokens().first(request.promptTokens());
    const auto keep = [&](Scope scope, std::size_t tokens) {
        const auto pages = static_cast<std::uint32_t>(tokens / kernels::kPageTokens);
        prefixes.insert(scope, prompt, sequence.blocks(0, pages));
    };
    keep(PrefixCache::kShared, std::min<std::size_t>(request.sharedTokens, prompt.size()));
    if (request.keep && request.scope != PrefixCache::kShared)
        keep(request.scope, prompt.size());
}

/// Until the others want their next token; alone, until it is time to look who has come.
std::chrono::microseconds Scheduler::readingTime() const
{
    const bool othersWrite =
        std::ranges::any_of(m_running, [](const auto& request) { return !request->reads(); });
    if (!othersWrite)
        return m_options.gap;
    // What was slow in this step is taken from the prompt, not added to the gap a second time.
    const auto least = std::chrono::duration_cast<std::chrono::microseconds>(
        kLeastReading * std::chrono::duration<double, std::micro>(m_usualWrite));
    return std::max(m_options.gap - m_lastWrite - m_lastDraft, least);
}

std::uint32_t Scheduler::chunkTokens() const
{
    if (m_layerPerToken == 0.0)
        return kRows;
    const auto time = static_cast<double>(readingTime().count());
    const double tokens = time / (kLayersAtATime * m_layerPerToken);
    constexpr std::uint32_t kMostBlocks = model::Model::kMostRows / kRows;
    const auto blocks =
        static_cast<std::uint32_t>(std::clamp(tokens / kRows, 1.0, double{kMostBlocks}));
    return blocks * kRows;
}

} // namespace engine
