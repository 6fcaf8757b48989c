// SPDX-License-Identifier: Apache-2.0
#include "inference/api/json.h"
#include "inference/api/json_fields.h"
#include "inference/api/json_source.h"
#include "inference/api/types.h"

namespace api {

void fields(auto& f, Of<QuestionRequest> auto& v)
{
    f("question", v.question);
    f("conversation", v.conversation);
    f("maxTokens", v.maxTokens);
    f("temperature", v.temperature);
    f("topP", v.topP);
    f("seed", v.seed);
}

void fields(auto& f, Of<EvidenceItem> auto& v)
{
    f("number", v.number);
    f("kind", v.kind);
    f("label", v.label);
    f("text", v.text);
    f("date", v.date);
    f("source", v.source);
    f("documentIndex", v.documentIndex);
    f("begin", v.begin);
    f("end", v.end);
}

void fields(auto& f, Of<Coverage> auto& v)
{
    f("line", v.line);
    f("documents", v.documents);
    f("searched", v.searched);
    f("unreadable", v.unreadable);
    f("from", v.from);
    f("to", v.to);
    f("dataAsOf", v.dataAsOf);
}

void fields(auto& f, Of<Claim> auto& v)
{
    f("sentence", v.sentence);
    f("verdict", v.verdict);
    f("cited", v.cited);
    f("attached", v.attached);
    f("reasons", v.reasons);
    f("corrected", v.corrected);
}

void fields(auto& f, Of<Conflict> auto& v)
{
    f("sentence", v.sentence);
    f("cited", v.cited);
}

void fields(auto& f, Of<ModelName> auto& v)
{
    f("name", v.name);
    f("sha256", v.sha256);
}

void fields(auto& f, Of<Answer> auto& v)
{
    f("kind", v.kind);
    f("text", v.text);
    f("claims", v.claims);
    f("evidence", v.evidence);
    f("coverage", v.coverage);
    f("conflicts", v.conflicts);
    f("state", v.state);
    f("abstention", v.abstention);
    f("model", v.model);
    f("seed", v.seed);
    f("promptTokens", v.promptTokens);
    f("generatedTokens", v.generatedTokens);
    f("secondsToFirstToken", v.secondsToFirstToken);
    f("draft", v.draft);
}

void fields(auto& f, Of<Accepted> auto& v)
{
    f("conversation", v.conversation);
    f("turn", v.turn);
    f("asked", v.asked);
    f("place", v.place);
}

void fields(auto& f, Of<EvidenceFound> auto& v)
{
    f("items", v.items);
    f("coverage", v.coverage);
}

void fields(auto& f, Of<Progress> auto& v)
{
    f("phase", v.phase);
    f("done", v.done);
    f("total", v.total);
}

void fields(auto& f, Of<TokenText> auto& v)
{
    f("text", v.text);
}

void fields(auto& f, Of<Done> auto& v)
{
    f("turn", v.turn);
    f("answer", v.answer);
}

void fields(auto& f, Of<Conversation> auto& v)
{
    f("id", v.id);
    f("patient", v.patient);
    f("title", v.title);
    f("started", v.started);
    f("changed", v.changed);
    f("turns", v.turns);
}

void fields(auto& f, Of<Turn> auto& v)
{
    f("id", v.id);
    f("asked", v.asked);
    f("question", v.question);
    f("answer", v.answer);
}

void fields(auto& f, Of<ConversationTurns> auto& v)
{
    f("conversation", v.conversation);
    f("turns", v.turns);
}

void fields(auto& f, Of<ConversationList> auto& v)
{
    f("conversations", v.conversations);
}

void fields(auto& f, Of<ConversationHit> auto& v)
{
    f("conversation", v.conversation);
    f("turn", v.turn);
    f("excerpt", v.excerpt);
}

void fields(auto& f, Of<ConversationHits> auto& v)
{
    f("hits", v.hits);
}

void fields(auto& f, Of<ConversationQuery> auto& v)
{
    f("query", v.query);
    f("limit", v.limit);
}

template std::string encode(const QuestionRequest&);
template std::string encode(const Accepted&);
template std::string encode(const EvidenceFound&);
template std::string encode(const Progress&);
template std::string encode(const TokenText&);
template std::string encode(const Claim&);
template std::string encode(const Answer&);
template std::string encode(const Done&);
template std::string encode(const ConversationList&);
template std::string encode(const ConversationTurns&);
template std::string encode(const ConversationHits&);
template std::string encode(const ConversationQuery&);

template Result<QuestionRequest> decode(std::string_view);
template Result<Accepted> decode(std::string_view);
template Result<EvidenceFound> decode(std::string_view);
template Result<Progress> decode(std::string_view);
template Result<TokenText> decode(std::string_view);
template Result<Claim> decode(std::string_view);
template Result<Answer> decode(std::string_view);
template Result<Done> decode(std::string_view);
template Result<ConversationList> decode(std::string_view);
template Result<ConversationTurns> decode(std::string_view);
template Result<ConversationHits> decode(std::string_view);
template Result<ConversationQuery> decode(std::string_view);

} // namespace api
