// SPDX-License-Identifier: Apache-2.0
#include "inference/service/earlier.h"

#include "inference/api/json.h"
#include "inference/api/types.h"

#include <algorithm>

namespace service {

namespace {

/// What is further back is rarely meant, and each costs a decode of its answer.
constexpr std::size_t kMostTurns = 6;

/// Only what tells one place of the record from another.
evidence::EvidenceItem itemOf(const api::EvidenceItem& shown)
{
    evidence::EvidenceItem item;
    item.kind = shown.kind == "passage" ? evidence::Kind::Passage : evidence::Kind::Fact;
    item.text = shown.text;
    item.source.document = shown.source.document;
    item.source.path = shown.source.path;
    item.begin = shown.begin;
    item.end = shown.end;
    return item;
}

bool stands(const api::Claim& claim)
{
    return claim.verdict == evidence::nameOf(evidence::Verdict::Supported) ||
           claim.verdict == evidence::nameOf(evidence::Verdict::Computed);
}

evidence::EarlierTurn earlierOf(const storage::Turn& turn)
{
    evidence::EarlierTurn earlier{.question = turn.question, .sentences = {}};
    const api::Result<api::Answer> answer = api::decode<api::Answer>(turn.detail);
    if (!answer || answer->kind == "abstention")
        return earlier;
    for (const api::Claim& claim : answer->claims) {
        if (!stands(claim))
            continue;
        evidence::EarlierSentence sentence{.text = claim.sentence, .cited = {}};
        for (const api::EvidenceItem& item : answer->evidence) {
            if (std::ranges::contains(claim.cited, item.number))
                sentence.cited.push_back(itemOf(item));
        }
        earlier.sentences.push_back(std::move(sentence));
    }
    return earlier;
}

} // namespace

std::vector<evidence::EarlierTurn> earlierOf(std::span<const storage::Turn> turns)
{
    std::vector<evidence::EarlierTurn> earlier;
    for (auto turn = turns.rbegin(); turn != turns.rend() && earlier.size() < kMostTurns; ++turn) {
        if (turn->state != storage::AnswerState::Pending)
            earlier.push_back(earlierOf(*turn));
    }
    std::ranges::reverse(earlier);
    return earlier;
}

std::vector<evidence::EarlierTurn> earlierOf(std::span<const api::ChatMessage> said)
{
    std::vector<evidence::EarlierTurn> earlier;
    if (said.empty())
        return earlier;
    const auto before = said.first(said.size() - 1);
    for (auto one = before.rbegin(); one != before.rend() && earlier.size() < kMostTurns; ++one) {
        if (one->role == "user")
            earlier.push_back({.question = one->content, .sentences = {}});
    }
    std::ranges::reverse(earlier);
    return earlier;
}

std::vector<std::string> questionsOf(std::span<const evidence::EarlierTurn> earlier)
{
    std::vector<std::string> questions;
    for (const evidence::EarlierTurn& turn : earlier)
        questions.push_back(turn.question);
    std::ranges::reverse(questions);
    return questions;
}

} // namespace service
