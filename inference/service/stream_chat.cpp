// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/api/openai.h"
#include "inference/service/chat_notes.h"
#include "inference/service/draft.h"
#include "inference/service/earlier.h"
#include "inference/service/random.h"
#include "inference/service/storage_errors.h"
#include "storage/digest.h"

#include <ranges>

namespace service {

namespace {

std::string dataLine(std::string_view json)
{
    return "data: " + std::string(json) + "\n\n";
}

/// One answer in the words of the OpenAI API, streamed or whole.
class ChatWriter {
public:
    ChatWriter(const api::ChatRequest& request, RunningQuestions::Entry& entry, std::string model,
               std::int64_t created)
        : m_request(request)
        , m_entry(entry)
        , m_frame{.id = "chatcmpl-" + randomHex(12), .model = std::move(model), .created = created}
    {
    }

    void text(const std::string& piece)
    {
        m_text += piece;
        if (m_request.stream && !piece.empty())
            m_entry.send(dataLine(api::encodeChatChunk(frame(piece, {}))));
    }

    /// A token is told with its odds, where these are wanted, even when it shows no text yet.
    void token(const wire::Token& token)
    {
        if (token.odds.empty())
            return text(token.text);
        m_text += token.text;
        m_tokens.push_back(told(token.odds));
        if (!m_request.stream)
            return;
        api::ChatAnswer chunk = frame(token.text, {});
        chunk.tokens = {m_tokens.back()};
        m_entry.send(dataLine(api::encodeChatChunk(chunk)));
    }

    [[nodiscard]] const std::string& written() const { return m_text; }

    void finish(std::string reason, api::ChatUsage usage)
    {
        if (!m_request.stream) {
            api::ChatAnswer whole = frame(m_text, std::move(reason));
            whole.usage = usage;
            if (m_request.logprobs)
                whole.tokens = m_tokens;
            return m_entry.respond(json(api::encodeChatCompletion(whole)));
        }
        api::ChatAnswer last = frame({}, std::move(reason));
        if (m_request.includeUsage)
            last.usage = usage;
        m_entry.last(dataLine(api::encodeChatChunk(last)) + dataLine("[DONE]"));
    }

    void fail(const api::Error& error)
    {
        const bool begun = !m_text.empty() || !m_tokens.empty();
        if (m_request.stream && begun)
            m_entry.last(dataLine(api::encodeError(error)));
        else
            m_entry.respond(errorResponse(error));
    }

private:
    /// The first of @p odds, with the others as those that might have stood there.
    [[nodiscard]] static api::ChatToken told(const std::vector<wire::TokenOdds>& odds)
    {
        api::ChatToken token{.bytes = odds.front().bytes, .logprob = odds.front().logprob};
        for (const wire::TokenOdds& other : odds | std::views::drop(1))
            token.top.push_back({.bytes = other.bytes, .logprob = other.logprob});
        return token;
    }

    [[nodiscard]] api::ChatAnswer frame(std::string text, std::string reason) const
    {
        api::ChatAnswer answer = m_frame;
        answer.text = std::move(text);
        answer.finishReason = std::move(reason);
        return answer;
    }

    const api::ChatRequest& m_request;
    RunningQuestions::Entry& m_entry;
    api::ChatAnswer m_frame;
    std::string m_text;
    std::vector<api::ChatToken> m_tokens;
};

class ChatListener : public Listener {
public:
    explicit ChatListener(ChatWriter& writer)
        : m_writer(writer)
    {
    }

    void accepted(const api::Accepted&) override {}
    void evidence(const api::EvidenceFound&) override {}
    void progress(const api::Progress&) override {}
    void token(const std::string& text) override { m_writer.text(text); }
    void claim(const api::Claim&) override {}

private:
    ChatWriter& m_writer;
};

std::string stopReason(std::uint32_t generated, std::uint32_t limit)
{
    return generated >= limit ? "length" : "stop";
}

/// The full flow on one patient's record: the last message is the question, those before say what
/// it refers to.
void chatOnRecord(Services& services, const Request& request, const api::ChatRequest& asked,
                  ChatWriter& writer, const std::stop_token& stop)
{
    if (!mayReadRecords(services, *request.caller))
        return writer.fail(
            api::makeError(api::Errc::NotAdmitted, "a steward must admit this user first"));
    ChatListener listener(writer);
    const auto done = answer(services.desk,
                             {.caller = *request.caller,
                              .patient = asked.patient,
                              .request = {.question = asked.messages.back().content,
                                          .conversation = {},
                                          .maxTokens = asked.maxTokens,
                                          .temperature = asked.temperature,
                                          .topP = asked.topP,
                                          .seed = asked.seed},
                              .place = services.questions.count() - 1,
                              .earlier = earlierOf(asked.messages)},
                             listener, stop);
    if (done || !done.error().turn.empty())
        services.metrics.question(!done);
    if (!done)
        return writer.fail(done.error().error);
    if (writer.written().empty())
        writer.text(done->answer.text); // a look-up or an abstention has no tokens
    writer.text(chatNotes(done->answer));
    writer.finish(stopReason(done->answer.generatedTokens, asked.maxTokens),
                  {done->answer.promptTokens, done->answer.generatedTokens});
}

wire::Role roleOf(const std::string& name)
{
    if (name == "system")
        return wire::Role::System;
    return name == "assistant" ? wire::Role::Assistant : wire::Role::User;
}

wire::Constraint constraintOf(const api::ChatRequest& asked)
{
    switch (asked.format) {
    case api::ChatFormat::JsonObject:
        return {.kind = wire::Constraint::Kind::AnyJson};
    case api::ChatFormat::JsonSchema:
        return {.kind = wire::Constraint::Kind::JsonSchema, .text = asked.schema};
    case api::ChatFormat::Text:
        break;
    }
    return {};
}

wire::Generate requestOf(const api::ChatRequest& asked)
{
    wire::Generate generate{
        .sampling = {.temperature = static_cast<float>(asked.temperature),
                     .topK = asked.topK,
                     .topP = static_cast<float>(asked.topP),
                     .seed = asked.seed,
                     .minP = static_cast<float>(asked.minP),
                     .repetitionPenalty = static_cast<float>(asked.repetitionPenalty),
                     .frequencyPenalty = static_cast<float>(asked.frequencyPenalty),
                     .presencePenalty = static_cast<float>(asked.presencePenalty),
                     .logprobs = asked.logprobs,
                     .topLogprobs = asked.topLogprobs},
        .maxTokens = asked.maxTokens,
        .stops = asked.stops,
        .constraint = constraintOf(asked)};
    for (const auto& [token, bias] : asked.bias)
        generate.sampling.bias.push_back({token, bias});
    for (const api::ChatMessage& message : asked.messages)
        generate.turns.push_back({roleOf(message.role), message.content});
    return generate;
}

api::Result<audit::Receipt> recordChat(Services& services, const Request& request,
                                       const api::ChatRequest& asked, const std::string& model)
{
    audit::Event event = eventOf(request, audit::Kind::ChatIntent);
    event.outcome = audit::Outcome::Pending;
    event.committed = {
        {"question_digest", storage::hexOf(storage::sha256(asked.messages.back().content))}};
    event.plain = {{"patient", "none"}, {"model_sha_prefix", model.substr(0, 64)}};
    const audit::Result<audit::Receipt> receipt = services.log.append(event);
    if (!receipt)
        return std::unexpected(toApi(receipt.error()));
    return *receipt;
}

/// No record is touched: only the model, and the log says so.
void chatAlone(Services& services, const Request& request, const api::ChatRequest& asked,
               ChatWriter& writer, const std::stop_token& stop)
{
    const auto intent = recordChat(services, request, asked, modelStatus(services.engine).sha256);
    if (!intent)
        return writer.fail(intent.error());
    audit::Event outcome = eventOf(request, audit::Kind::ChatOutcome);
    outcome.closes = intent->index();
    const auto close = [&](audit::Outcome how, std::string reason) -> api::Result<void> {
        outcome.outcome = how;
        outcome.reason = std::move(reason);
        if (const auto recorded = services.log.append(outcome); !recorded)
            return std::unexpected(toApi(recorded.error()));
        return {};
    };
    const auto refuse = [&](const api::Error& error) {
        const api::Result<void> closed = close(audit::Outcome::Failed, error.name);
        writer.fail(closed ? error : closed.error());
    };
    if (const auto ready = awaitEngine(services.engine, stop); !ready)
        return refuse(ready.error());
    const EngineClient::Callbacks callbacks{
        .progress = {},
        .token = [&writer](const wire::Token& token) { writer.token(token); },
        .queued = {}};
    wire::Generate wanted = requestOf(asked);
    wanted.user = request.caller->keys->engineUser();
    const auto finished = services.engine->generate(std::move(wanted), callbacks, stop);
    if (!finished)
        return refuse(toApi(finished.error()));
    outcome.plain = {{"prompt_tokens", std::to_string(finished->promptTokens)},
                     {"generated_tokens", std::to_string(finished->generatedTokens)}};
    const bool cancelled = finished->reason == wire::StopReason::Cancelled;
    if (const auto closed =
            close(cancelled ? audit::Outcome::Cancelled : audit::Outcome::Success, {});
        !closed)
        return writer.fail(closed.error());
    writer.finish(finished->reason == wire::StopReason::MaxTokens ? "length" : "stop",
                  {finished->promptTokens, finished->generatedTokens});
}

} // namespace

void chat(Services& services, Request& request,
          const std::shared_ptr<RunningQuestions::Entry>& entry)
{
    const api::Result<api::ChatRequest> asked = api::decodeChatRequest(request.body);
    if (!asked)
        return entry->respond(errorResponse(asked.error()));
    if (asked->patient.size() > api::kMaxQueryBytes)
        return entry->respond(
            errorResponse(api::makeError(api::Errc::NotFound, "there is no such patient")));
    ChatWriter writer(*asked, *entry, modelStatus(services.engine).name,
                      std::chrono::system_clock::to_time_t(services.clock.wall()));
    if (asked->patient.empty())
        chatAlone(services, request, *asked, writer, entry->stopToken());
    else
        chatOnRecord(services, request, *asked, writer, entry->stopToken());
}

} // namespace service
