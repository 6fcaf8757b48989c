// SPDX-License-Identifier: Apache-2.0
#include "inference/service/present.h"

#include "inference/api/json.h"

#include <algorithm>
#include <array>

namespace service {

namespace {

constexpr std::array<std::string_view, 4> kRoles{"clinician", "steward", "admin", "compliance"};

/// The document that a passage was cut from; -1 for a fact.
std::int64_t documentIndexOf(const evidence::EvidenceItem& item, const records::Chart& chart)
{
    if (item.kind != evidence::Kind::Passage)
        return -1;
    const auto found = std::ranges::find(chart.documents, item.source, &records::Document::source);
    return found == chart.documents.end() ? -1 : found - chart.documents.begin();
}

} // namespace

api::EvidenceItem present(const evidence::EvidenceItem& item, const records::Chart& chart)
{
    return {.number = item.number,
            .kind = item.kind == evidence::Kind::Passage ? "passage" : "fact",
            .label = item.label,
            .text = item.text,
            .date = item.date.text,
            .source = present(item.source),
            .documentIndex = documentIndexOf(item, chart),
            .begin = item.begin,
            .end = item.end};
}

api::Coverage present(const evidence::Coverage& coverage)
{
    return {.line = coverage.line(),
            .documents = coverage.documents,
            .searched = coverage.searched,
            .unreadable = coverage.unreadable,
            .from = coverage.from,
            .to = coverage.to,
            .dataAsOf = coverage.dataAsOf};
}

api::Claim present(const evidence::Sentence& sentence)
{
    api::Claim claim{.sentence = sentence.text,
                     .verdict = evidence::nameOf(sentence.verdict),
                     .cited = sentence.cited,
                     .attached = sentence.attached,
                     .corrected = sentence.corrected};
    for (const evidence::Finding& finding : sentence.findings)
        claim.reasons.push_back(evidence::explain(finding));
    return claim;
}

api::Conflict present(const evidence::Conflict& conflict)
{
    api::Conflict shown;
    for (const evidence::Sentence& sentence : conflict.sentences) {
        if (!shown.sentence.empty())
            shown.sentence += ' ';
        shown.sentence += sentence.text;
        shown.cited.insert(shown.cited.end(), sentence.cited.begin(), sentence.cited.end());
    }
    std::ranges::sort(shown.cited);
    const auto repeated = std::ranges::unique(shown.cited);
    shown.cited.erase(repeated.begin(), repeated.end());
    return shown;
}

std::string_view nameOf(storage::Role role)
{
    return kRoles.at(std::to_underlying(role));
}

std::optional<storage::Role> roleNamed(std::string_view name)
{
    const auto found = std::ranges::find(kRoles, name);
    if (found == kRoles.end())
        return std::nullopt;
    return static_cast<storage::Role>(found - kRoles.begin());
}

api::UserInfo present(const storage::User& user)
{
    return {.id = user.id,
            .name = user.name,
            .role = std::string(nameOf(user.role)),
            .enrolled = user.enrolled,
            .admitted = user.admitted};
}

std::string_view nameOf(storage::AnswerState state)
{
    switch (state) {
    case storage::AnswerState::Pending:
        return "pending";
    case storage::AnswerState::Complete:
        return "complete";
    case storage::AnswerState::Cancelled:
        return "cancelled";
    case storage::AnswerState::Failed:
        return "failed";
    case storage::AnswerState::Interrupted:
        return "interrupted";
    }
    return "failed";
}

api::Conversation present(const storage::Conversation& conversation)
{
    return {.id = conversation.id,
            .patient = conversation.patient,
            .title = conversation.title,
            .started = conversation.started,
            .changed = conversation.changed,
            .turns = conversation.turns};
}

api::Turn present(const storage::Turn& turn)
{
    api::Turn shown{.id = turn.id, .asked = turn.asked, .question = turn.question, .answer = {}};
    if (turn.state == storage::AnswerState::Pending)
        return shown;
    api::Result<api::Answer> answer = api::decode<api::Answer>(turn.detail);
    shown.answer = answer ? std::move(*answer) : api::Answer{.text = turn.answer};
    shown.answer->state = nameOf(turn.state);
    return shown;
}

} // namespace service
