// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/api/sse.h"
#include "inference/service/answer.h"
#include "inference/service/storage_errors.h"

namespace service {

namespace {

/// Turns what happens to a question into events of its stream.
class StreamListener : public Listener {
public:
    explicit StreamListener(RunningQuestions::Entry& entry)
        : m_entry(entry)
    {
    }

    void accepted(const api::Accepted& event) override { send("accepted", event); }
    void evidence(const api::EvidenceFound& event) override { send("evidence", event); }
    void progress(const api::Progress& event) override { send("progress", event); }
    void token(const std::string& text) override { send("token", api::TokenText{text}); }
    void claim(const api::Claim& event) override { send("claim", event); }

    template <typename T>
    void last(std::string_view name, const T& event)
    {
        m_entry.last(api::encodeEvent(name, api::encode(event)));
    }

private:
    template <typename T>
    void send(std::string_view name, const T& event)
    {
        m_entry.send(api::encodeEvent(name, api::encode(event)));
    }

    RunningQuestions::Entry& m_entry;
};

api::Result<void> check(const api::QuestionRequest& request)
{
    const auto bad = [](const char* why) {
        return std::unexpected(api::makeError(api::Errc::BadRequest, why));
    };
    if (request.question.find_first_not_of(" \t\r\n") == std::string::npos)
        return bad("the question is empty");
    if (request.question.size() > api::kMaxQuestionBytes)
        return bad("the question is longer than 16 KiB");
    if (request.maxTokens == 0 || request.maxTokens > api::kMaxAnswerTokens)
        return bad("maxTokens is 1 to 4096");
    if (!(request.temperature >= 0 && request.temperature <= 2))
        return bad("temperature is 0 to 2");
    if (!(request.topP > 0 && request.topP <= 1))
        return bad("topP is above 0 and at most 1");
    return {};
}

} // namespace

void ask(Services& services, Request& request,
         const std::shared_ptr<RunningQuestions::Entry>& entry)
{
    api::Result<api::QuestionRequest> asked = api::decode<api::QuestionRequest>(request.body);
    const api::Result<void> sound =
        asked ? check(*asked) : api::Result<void>(std::unexpected(asked.error()));
    if (!sound)
        return entry->respond(errorResponse(sound.error()));

    const auto begin = services.clock.steady();
    StreamListener listener(*entry);
    const auto done = answer(services.desk,
                             {.caller = *request.caller,
                              .patient = request.parameters.front(),
                              .request = std::move(*asked),
                              .place = services.questions.count() - 1},
                             listener, entry->stopToken());
    if (done || !done.error().turn.empty())
        services.metrics.question(!done);
    if (done) {
        services.metrics.generated(
            done->answer.promptTokens, done->answer.generatedTokens,
            std::chrono::duration<double>(services.clock.steady() - begin).count());
        listener.last("done", *done);
    } else if (done.error().turn.empty()) {
        entry->respond(errorResponse(done.error().error)); // not accepted: an ordinary error
    } else {
        listener.last("error", done.error());
    }
}

} // namespace service
