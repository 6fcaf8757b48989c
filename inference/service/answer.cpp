// SPDX-License-Identifier: Apache-2.0
#include "inference/service/answer.h"

#include "inference/api/json.h"
#include "inference/evidence/gather.h"
#include "inference/evidence/look_up.h"
#include "inference/service/draft.h"
#include "inference/service/earlier.h"
#include "inference/service/present.h"
#include "inference/service/record_search.h"
#include "inference/service/storage_errors.h"
#include "storage/digest.h"

#include <utility>

namespace service {

namespace {

using storage::AnswerState;

/// What is known once the question cannot be lost any more.
struct Asked {
    storage::Turn turn;
    std::unique_ptr<storage::AnswerSlot> slot;  // outlives the session's keys
    std::vector<evidence::EarlierTurn> earlier; // of the same conversation, oldest first
    records::Chart chart;
};

/// An answer and how it came to its end. failure: why there is none, or only a part.
struct Written {
    api::Answer answer;
    AnswerState state = AnswerState::Complete;
    std::optional<api::Error> failure;
};

api::Failed failed(api::Error error, std::string turn = {})
{
    return {.error = std::move(error), .turn = std::move(turn)};
}

audit::Event eventOf(const Question& question, audit::Kind kind)
{
    return {.kind = kind,
            .actor = question.caller.user.name,
            .session = question.caller.session,
            .peerUid = question.caller.peer.uid,
            .peerPid = question.caller.peer.pid,
            .closes = std::nullopt,
            .plain = {},
            .committed = {{"patient", question.patient}}};
}

audit::Result<audit::Receipt> recordIntent(Desk& desk, const Question& question)
{
    audit::Event event = eventOf(question, audit::Kind::QuestionIntent);
    event.outcome = audit::Outcome::Pending;
    event.committed["question_digest"] = storage::hexOf(storage::sha256(question.request.question));
    return desk.log.append(event);
}

audit::Outcome outcomeOf(AnswerState state)
{
    switch (state) {
    case AnswerState::Complete:
        return audit::Outcome::Success;
    case AnswerState::Cancelled:
        return audit::Outcome::Cancelled;
    default:
        return audit::Outcome::Failed;
    }
}

audit::Result<audit::Receipt> recordOutcome(Desk& desk, const Question& question,
                                            const audit::Receipt& intent, const Written& written)
{
    audit::Event event = eventOf(question, audit::Kind::QuestionOutcome);
    event.outcome = outcomeOf(written.state);
    event.reason = written.failure ? written.failure->name : written.answer.abstention;
    event.closes = intent.index();
    event.plain = {{"kind", written.answer.kind},
                   {"evidence", std::to_string(written.answer.evidence.size())},
                   {"claims", std::to_string(written.answer.claims.size())}};
    if (written.answer.model) {
        event.plain["model_sha_prefix"] = written.answer.model->sha256.substr(0, 64);
        event.plain["seed"] = std::to_string(written.answer.seed);
        event.plain["prompt_tokens"] = std::to_string(written.answer.promptTokens);
        event.plain["generated_tokens"] = std::to_string(written.answer.generatedTokens);
    }
    event.committed["answer_digest"] = storage::hexOf(storage::sha256(written.answer.text));
    return desk.log.append(event);
}

/// Closes the intent of a question that was not accepted. The refusal is told either way.
api::Failed refuse(Desk& desk, const Question& question, const audit::Receipt& intent,
                   api::Error error)
{
    audit::Event event = eventOf(question, audit::Kind::QuestionOutcome);
    event.outcome = audit::Outcome::Refused;
    event.reason = error.name;
    event.closes = intent.index();
    if (const auto recorded = desk.log.append(event); !recorded)
        return failed(toApi(recorded.error()));
    return failed(std::move(error));
}

api::Result<records::Chart> openRecord(Desk& desk, const Question& question,
                                       const audit::Receipt& intent)
{
    auto chart = desk.records.with(
        [&](records::RecordStore& store) { return store.chart(intent, question.patient); });
    if (!chart)
        return std::unexpected(toApi(chart.error()));
    return std::move(*chart);
}

/// The caller's own turns; asking in a conversation about another patient fails in the vault.
storage::Result<std::vector<storage::Turn>>
turnsBefore(storage::Vault& vault, const Question& question, const audit::Receipt& intent)
{
    if (question.request.conversation.empty())
        return {};
    return vault.turns(intent, question.request.conversation);
}

api::Result<Asked> storeQuestion(Desk& desk, const Question& question, const audit::Receipt& intent)
{
    Asked asked;
    const storage::Result<void> stored =
        question.caller.keys->withVault([&](storage::Vault& vault) -> storage::Result<void> {
            const storage::Result<std::vector<storage::Turn>> before =
                turnsBefore(vault, question, intent);
            if (!before)
                return std::unexpected(before.error());
            storage::Result<storage::Turn> turn = vault.ask(
                intent, question.request.conversation, question.patient, question.request.question);
            if (!turn)
                return std::unexpected(turn.error());
            storage::Result<std::unique_ptr<storage::AnswerSlot>> slot = vault.slot(*turn);
            if (!slot)
                return std::unexpected(slot.error());
            // Still inside the vault's turn: a sign-in that reconciles must not come between.
            desk.turnBegins(turn->id);
            asked = {.turn = std::move(*turn),
                     .slot = std::move(*slot),
                     .earlier = question.earlier.empty() ? earlierOf(*before) : question.earlier,
                     .chart = {}};
            return {};
        });
    if (stored)
        return asked;
    if (question.caller.keys->isWiped())
        return std::unexpected(api::makeError(api::Errc::Locked, "the session has ended"));
    return std::unexpected(toApi(stored.error()));
}

/// From storeQuestion() on: says that the turn is no longer being written, however that ends.
class TurnUnderWay {
public:
    TurnUnderWay(Desk& desk, std::string turn)
        : m_desk(desk)
        , m_turn(std::move(turn))
    {
    }
    ~TurnUnderWay() { m_desk.turnEnds(m_turn); }
    TurnUnderWay(const TurnUnderWay&) = delete;
    TurnUnderWay& operator=(const TurnUnderWay&) = delete;

private:
    Desk& m_desk;
    std::string m_turn;
};

api::Answer answerOf(const evidence::DirectAnswer& direct, const records::Chart& chart)
{
    api::Answer answer{.kind = "lookup", .coverage = present(direct.coverage)};
    for (const evidence::EvidenceItem& item : direct.items)
        answer.evidence.push_back(present(item, chart));
    for (const evidence::Sentence& sentence : direct.sentences) {
        answer.claims.push_back(present(sentence));
        answer.text += (answer.text.empty() ? "" : "\n") + sentence.text;
    }
    for (const evidence::Conflict& conflict : direct.conflicts)
        answer.conflicts.push_back(present(conflict));
    if (direct.abstention) {
        answer.kind = "abstention";
        answer.abstention = evidence::nameOf(direct.abstention->reason);
        if (answer.text.empty())
            answer.text = direct.abstention->text;
    }
    return answer;
}

api::Answer frameOf(const evidence::Evidence& evidence, const records::Chart& chart)
{
    api::Answer answer{.kind = "model", .coverage = present(evidence.coverage)};
    for (const evidence::EvidenceItem& item : evidence.items)
        answer.evidence.push_back(present(item, chart));
    for (const evidence::Conflict& conflict : evidence.conflicts)
        answer.conflicts.push_back(present(conflict));
    if (evidence.abstention) {
        answer.kind = "abstention";
        answer.abstention = evidence::nameOf(evidence.abstention->reason);
        answer.text = evidence.abstention->text;
    }
    return answer;
}

/// Everything between accepted and stored.
Written write(Desk& desk, const Question& question, const audit::Receipt& intent,
              const Asked& asked, Listener& listener, const std::stop_token& stop)
{
    const records::Chart& chart = asked.chart;
    const evidence::Day today = localDay(desk.clock.wall());
    if (const auto direct = evidence::lookUp(question.request.question, chart, today)) {
        Written written{.answer = answerOf(*direct, chart)};
        listener.evidence({written.answer.evidence, written.answer.coverage});
        for (const api::Claim& claim : written.answer.claims)
            listener.claim(claim);
        return written;
    }
    const evidence::Evidence evidence = evidence::gather(
        question.request.question, chart, searchOf(desk.records, question.patient, intent, chart),
        evidence::Budget{}, today, questionsOf(asked.earlier));
    Written written{.answer = frameOf(evidence, chart)};
    if (evidence.abstention) {
        listener.evidence({written.answer.evidence, written.answer.coverage});
        return written;
    }
    UserKeys& keys = *question.caller.keys;
    const auto engineReady = [&](const EngineClient::Status& worker) {
        if (desk.kept != nullptr)
            desk.kept->opened(keys, question.patient, worker, intent, stop);
    };
    Draft draft = writeDraft({.engine = desk.engine,
                              .clock = desk.clock,
                              .request = question.request,
                              .earlier = asked.earlier,
                              .place = question.place,
                              .user = keys.engineUser(),
                              .patient = keys.enginePatient(question.patient),
                              .engineReady = engineReady},
                             evidence, written.answer, listener, stop);
    written.state = draft.state;
    written.failure = std::move(draft.failure);
    return written;
}

} // namespace

std::expected<api::Done, api::Failed> answer(Desk& desk, const Question& question,
                                             Listener& listener, const std::stop_token& stop)
{
    const audit::Result<audit::Receipt> intent = recordIntent(desk, question);
    if (!intent)
        return std::unexpected(failed(toApi(intent.error())));

    if (!desk.mayOpen(question.caller.user, question.patient))
        return std::unexpected(refuse(desk, question, *intent,
                                      api::makeError(api::Errc::Forbidden, "not this patient")));
    api::Result<Asked> asked = storeQuestion(desk, question, *intent);
    if (!asked)
        return std::unexpected(refuse(desk, question, *intent, asked.error()));
    storage::Turn& turn = asked->turn;
    const TurnUnderWay underWay(desk, turn.id);
    listener.accepted({.conversation = turn.conversation,
                       .turn = turn.id,
                       .asked = turn.asked,
                       .place = question.place});

    // Only now: whatever reading meets, the question is kept.
    Written written{.answer = {.kind = "lookup"}, .state = AnswerState::Failed, .failure = {}};
    if (api::Result<records::Chart> chart = openRecord(desk, question, *intent)) {
        asked->chart = std::move(*chart);
        written = write(desk, question, *intent, *asked, listener, stop);
    } else {
        written.failure = std::move(chart.error());
    }

    written.answer.state = nameOf(written.state);
    turn.state = written.state;
    turn.answer = written.answer.text;
    turn.detail = api::encode(written.answer);
    const storage::Result<void> stored = asked->slot->answer(*intent, turn);
    if (!stored)
        return std::unexpected(failed(toApi(stored.error()), turn.id));
    if (const auto outcome = recordOutcome(desk, question, *intent, written); !outcome)
        return std::unexpected(failed(toApi(outcome.error()), turn.id));
    if (written.failure)
        return std::unexpected(failed(std::move(*written.failure), turn.id));
    return api::Done{.turn = turn.id, .answer = std::move(written.answer)};
}

} // namespace service
