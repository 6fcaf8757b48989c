// SPDX-License-Identifier: Apache-2.0
#include "inference/service/draft.h"

#include "inference/evidence/check.h"
#include "inference/evidence/prompt.h"
#include "inference/evidence/sentences.h"
#include "inference/evidence/words.h"
#include "inference/service/logging.h"
#include "inference/service/present.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <ranges>
#include <utility>

namespace service {

namespace {

using storage::AnswerState;

constexpr std::string_view kNoWords = "The model gave no answer in words; the evidence is listed.";

constexpr std::chrono::seconds kLongestLoad{120};
constexpr std::chrono::milliseconds kLoadPoll{100};

api::Error unavailable(std::string why)
{
    return api::makeError(api::Errc::EngineUnavailable, std::move(why));
}

/// What earlier turns may take of a prompt: reading costs time, and the evidence is what counts.
constexpr std::uint32_t kEarlierTokens = 512;

using Earlier = std::span<const evidence::EarlierTurn>;

std::vector<wire::Turn> turnsOf(std::string_view question, const evidence::Evidence& evidence,
                                Earlier earlier)
{
    evidence::Prompt prompt = evidence::composePrompt(question, evidence, earlier);
    std::vector<wire::Turn> turns{{wire::Role::System, std::move(prompt.system)}};
    for (evidence::Exchange& exchange : prompt.earlier) {
        turns.emplace_back(wire::Role::User, std::move(exchange.question));
        if (!exchange.answer.empty())
            turns.emplace_back(wire::Role::Assistant, std::move(exchange.answer));
    }
    turns.emplace_back(wire::Role::User, std::move(prompt.user));
    return turns;
}

/// A prompt that fits, and the evidence that is left in it.
struct Composed {
    evidence::Evidence evidence;
    std::vector<wire::Turn> turns;
    std::size_t leftOut = 0;
};

/// Items rank best first, so the last goes first. Reader and answer keep all of them; only the
/// model is not told, nor of conflicts that cite them.
void dropLast(evidence::Evidence& evidence)
{
    const int dropped = evidence.items.back().number;
    evidence.items.pop_back();
    std::erase_if(evidence.conflicts, [dropped](const evidence::Conflict& conflict) {
        return std::ranges::any_of(conflict.sentences,
                                   [dropped](const evidence::Sentence& sentence) {
                                       return std::ranges::contains(sentence.cited, dropped);
                                   });
    });
}

/// Tokens of a prompt, by the engine; Cancelled once the answer is to stop, so that fitting ends.
using Count =
    std::function<std::expected<std::uint32_t, wire::Failed>(const std::vector<wire::Turn>&)>;

Count countBy(EngineClient& engine, const std::stop_token& stop)
{
    return [&engine, stop](
               const std::vector<wire::Turn>& turns) -> std::expected<std::uint32_t, wire::Failed> {
        if (stop.stop_requested())
            return std::unexpected(wire::Failed{.code = wire::Errc::Cancelled});
        return engine.count(turns, stop);
    };
}

/// Whether the prompt fits into @p room tokens with @p told in front; then it is taken.
std::expected<bool, wire::Failed> takeEarlier(const Count& count, const std::string& question,
                                              Earlier told, std::uint32_t room, Composed& composed)
{
    std::vector<wire::Turn> turns = turnsOf(question, composed.evidence, told);
    const std::expected<std::uint32_t, wire::Failed> tokens = count(turns);
    if (!tokens)
        return std::unexpected(tokens.error());
    if (*tokens > room)
        return false;
    composed.turns = std::move(turns);
    return true;
}

/// Puts earlier turns in front, newest first, while they fit; the question alone where its answer
/// is too long.
std::expected<void, wire::Failed> addEarlier(const Count& count, const std::string& question,
                                             Earlier earlier, std::uint32_t room,
                                             Composed& composed)
{
    std::vector<evidence::EarlierTurn> told;
    for (const evidence::EarlierTurn& turn : earlier | std::views::reverse) {
        told.insert(told.begin(), turn);
        std::expected<bool, wire::Failed> fits = takeEarlier(count, question, told, room, composed);
        if (fits && !*fits && !turn.sentences.empty()) {
            told.front().sentences.clear();
            fits = takeEarlier(count, question, told, room, composed);
        }
        if (!fits)
            return std::unexpected(fits.error());
        if (!*fits)
            break;
    }
    return {};
}

/// The evidence comes first: what does not fit is left out, and earlier turns get the rest.
std::expected<Composed, wire::Failed> compose(const Count& count,
                                              const api::QuestionRequest& request,
                                              const evidence::Evidence& evidence, Earlier earlier,
                                              std::uint32_t context)
{
    Composed composed{.evidence = evidence};
    while (true) {
        composed.turns = turnsOf(request.question, composed.evidence, {});
        const std::expected<std::uint32_t, wire::Failed> tokens = count(composed.turns);
        if (!tokens)
            return std::unexpected(tokens.error());
        if (std::uint64_t{*tokens} + request.maxTokens <= context) {
            const std::uint32_t room =
                std::min(context - request.maxTokens, *tokens + kEarlierTokens);
            if (const auto added = addEarlier(count, request.question, earlier, room, composed);
                !added)
                return std::unexpected(added.error());
            return composed;
        }
        if (composed.evidence.items.size() <= 1)
            return std::unexpected(wire::Failed{.code = wire::Errc::ContextTooLong,
                                                .promptTokens = *tokens,
                                                .maxTokens = request.maxTokens,
                                                .contextTokens = context});
        dropLast(composed.evidence);
        ++composed.leftOut;
    }
}

/// What the model is to write: an answer that can cite none but the records it was shown.
wire::Generate generateOf(const DraftRequest& request, Composed& composed)
{
    int largest = 0;
    for (const evidence::EvidenceItem& item : composed.evidence.items)
        largest = std::max(largest, item.number);
    return {.id = 0,
            .user = request.user,
            .patient = request.patient,
            .turns = std::move(composed.turns),
            .sharedTurns = 1, // the system's: the program's own words
            .sampling = {.temperature = static_cast<float>(request.request.temperature),
                         .topK = 0,
                         .topP = static_cast<float>(request.request.topP),
                         .seed = request.request.seed},
            .maxTokens = request.request.maxTokens,
            .constraint = {.kind = wire::Constraint::Kind::Citations,
                           .citations = static_cast<std::uint32_t>(largest)}};
}

/// Takes the tokens of one answer apart into checked sentences. Called from the engine's reader
/// thread, then from the asking one when the generation has ended.
class Writer {
public:
    Writer(const evidence::Evidence& evidence, const std::string& question, api::Answer& answer,
           Listener& listener, const Clock& clock)
        : m_checker(evidence)
        , m_question(question)
        , m_answer(answer)
        , m_listener(listener)
        , m_clock(clock)
        , m_begin(clock.steady())
    {
    }

    void token(const std::string& text)
    {
        if (m_answer.generatedTokens++ == 0)
            m_answer.secondsToFirstToken =
                std::chrono::duration<double>(m_clock.steady() - m_begin).count();
        if (text.empty())
            return;
        m_answer.text += text;
        m_listener.token(text);
        take(m_splitter.push(text));
    }

    void finish() { take(m_splitter.finish()); }

    /// A whole answer of marks alone says nothing: the program says so in its place.
    void replaceWordless()
    {
        if (!m_answer.claims.empty())
            return;
        evidence::Sentence sentence{.text = std::string(kNoWords),
                                    .cited = {},
                                    .verdict = evidence::Verdict::NoClaim,
                                    .findings = {}};
        m_answer.text = sentence.text;
        m_answer.claims.push_back(present(sentence));
        m_listener.claim(m_answer.claims.back());
    }

private:
    void take(const std::vector<evidence::SentenceSpan>& sentences)
    {
        for (const evidence::SentenceSpan& sentence : sentences) {
            if (evidence::wordsOf(evidence::withoutCitations(sentence.text)).empty())
                continue;
            m_answer.claims.push_back(present(m_checker.check(
                sentence.text, {.question = m_question, .saidBefore = m_saidBefore})));
            m_listener.claim(m_answer.claims.back());
            m_saidBefore = sentence.text;
        }
    }

    evidence::Checker m_checker;
    const std::string& m_question;
    std::string m_saidBefore; // the sentence before
    evidence::SentenceSplitter m_splitter;
    api::Answer& m_answer;
    Listener& m_listener;
    const Clock& m_clock;
    std::chrono::steady_clock::time_point m_begin;
};

void leaveOut(api::Answer& answer, std::size_t count)
{
    if (count == 0)
        return;
    answer.coverage.line += " " + std::to_string(count) +
                            (count == 1 ? " piece of evidence was" : " pieces of evidence were") +
                            " not given to the model: its context is too small.";
}

Draft withoutAnswer(api::Error error)
{
    if (error.code == api::Errc::Cancelled)
        return {.state = AnswerState::Cancelled, .failure = std::nullopt};
    return {.state = AnswerState::Failed, .failure = std::move(error)};
}

} // namespace

api::Error toApi(const wire::Failed& failure)
{
    using wire::Errc;
    if (failure.code == Errc::ContextTooLong) {
        api::Error error =
            api::makeError(api::Errc::ContextTooLong, "question and evidence exceed the context");
        error.counts = api::Counts{.prompt = failure.promptTokens,
                                   .answer = failure.maxTokens,
                                   .context = failure.contextTokens};
        return error;
    }
    if (failure.code == Errc::BadConstraint)
        return api::makeError(api::Errc::UnsupportedParameter,
                              "not supported: what response_format asks for, by this model");
    if (failure.code == Errc::Cancelled)
        return api::makeError(api::Errc::Cancelled, "stopped");
    logWarning("engine request failed", wire::nameOf(failure.code));
    if (failure.code == Errc::Busy)
        return api::makeError(api::Errc::Busy, "the engine is busy");
    if (failure.code == Errc::ModelUnusable || failure.code == Errc::NoVocabulary)
        return unavailable("the model cannot be used");
    return api::makeError(api::Errc::EngineFailed, "the engine failed while it answered");
}

api::Result<EngineClient::Status> awaitEngine(const EngineClient* engine,
                                              const std::stop_token& stop)
{
    if (engine == nullptr)
        return std::unexpected(unavailable("no model is installed"));
    std::mutex mutex;
    std::condition_variable_any wake; // only ever woken by the stop token
    std::unique_lock lock(mutex);
    for (auto waited = std::chrono::milliseconds(0); waited < kLongestLoad; waited += kLoadPoll) {
        EngineClient::Status status = engine->status();
        if (status.state == EngineClient::State::Ready && status.model)
            return status;
        if (status.state == EngineClient::State::Unusable)
            return std::unexpected(unavailable("the model cannot be used"));
        wake.wait_for(lock, stop, kLoadPoll, [] { return false; });
        if (stop.stop_requested())
            return std::unexpected(api::makeError(api::Errc::Cancelled, "stopped while loading"));
    }
    return std::unexpected(unavailable("the model did not load in time"));
}

Draft writeDraft(const DraftRequest& request, const evidence::Evidence& evidence,
                 api::Answer& answer, Listener& listener, const std::stop_token& stop)
{
    listener.progress({.phase = "queued", .done = 0, .total = request.place});
    const api::Result<EngineClient::Status> engine = awaitEngine(request.engine, stop);
    if (!engine) {
        // The evidence is worth reading without a word of the model.
        listener.evidence({answer.evidence, answer.coverage});
        return withoutAnswer(engine.error());
    }
    if (request.engineReady)
        request.engineReady(*engine);
    answer.model = api::ModelName{.name = engine->model->name, .sha256 = engine->modelSha256};
    answer.draft = true;
    answer.seed = request.request.seed;
    std::expected<Composed, wire::Failed> composed =
        compose(countBy(*request.engine, stop), request.request, evidence, request.earlier,
                engine->model->contextTokens);
    if (composed)
        leaveOut(answer, composed->leftOut);
    listener.evidence({answer.evidence, answer.coverage});
    if (!composed)
        return withoutAnswer(toApi(composed.error()));

    Writer writer(composed->evidence, request.request.question, answer, listener, request.clock);
    const EngineClient::Callbacks callbacks{
        .progress =
            [&listener](const wire::Progress& progress) {
                listener.progress(
                    {.phase = "reading", .done = progress.done, .total = progress.total});
            },
        .token = [&writer](const wire::Token& token) { writer.token(token.text); },
        .queued =
            [&listener](const wire::Queued& queued) {
                listener.progress({.phase = "queued", .done = 0, .total = queued.place});
            },
    };
    const auto finished = request.engine->generate(generateOf(request, *composed), callbacks, stop);
    writer.finish();
    if (!finished)
        return withoutAnswer(toApi(finished.error()));
    if (finished->reason != wire::StopReason::Cancelled)
        writer.replaceWordless();
    answer.promptTokens = finished->promptTokens;
    answer.generatedTokens = finished->generatedTokens;
    return {.state = finished->reason == wire::StopReason::Cancelled ? AnswerState::Cancelled
                                                                     : AnswerState::Complete,
            .failure = std::nullopt};
}

} // namespace service
