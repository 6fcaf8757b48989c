// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/direct_answer.h"

#include "inference/evidence/facts.h"

#include <algorithm>

namespace evidence {

DirectAnswer emptyAnswer(DirectAnswer::Kind kind)
{
    return {.kind = kind,
            .sentences = {},
            .items = {},
            .conflicts = {},
            .coverage = {},
            .abstention = {}};
}

void say(DirectAnswer& answer, std::string text, std::vector<int> cited, Verdict verdict)
{
    std::ranges::sort(cited);
    const auto repeated = std::ranges::unique(cited);
    cited.erase(repeated.begin(), repeated.end());
    text = closed(std::move(text), cited);
    answer.sentences.push_back(
        {.text = std::move(text), .cited = std::move(cited), .verdict = verdict, .findings = {}});
}

void abstain(DirectAnswer& answer, std::string text, std::vector<std::string> searched)
{
    answer.abstention = Abstention{.reason = Abstention::Reason::NotRecorded,
                                   .searched = std::move(searched),
                                   .text = std::move(text)};
}

} // namespace evidence
