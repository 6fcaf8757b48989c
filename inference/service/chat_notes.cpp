// SPDX-License-Identifier: Apache-2.0
#include "inference/service/chat_notes.h"

#include <format>
#include <set>

namespace service {

namespace {

std::string marks(const std::vector<int>& cited)
{
    std::string out;
    for (const int number : cited)
        out += std::format(" [{}]", number);
    return out;
}

} // namespace

std::string chatNotes(const api::Answer& answer)
{
    std::string out;
    std::set<int> cited;
    for (const api::Claim& claim : answer.claims) {
        cited.insert(claim.cited.begin(), claim.cited.end());
        if (claim.verdict == "not_supported")
            out += "\n\nNot supported by the record: " + claim.sentence;
        else if (claim.verdict == "partly")
            out += "\n\nOnly partly supported by the record: " + claim.sentence;
    }
    for (const api::Conflict& conflict : answer.conflicts) {
        cited.insert(conflict.cited.begin(), conflict.cited.end());
        out += "\n\nSources disagree: " + conflict.sentence + marks(conflict.cited);
    }
    std::string references;
    for (const api::EvidenceItem& item : answer.evidence) {
        if (cited.contains(item.number))
            references += std::format("\n[{}] {}: {}", item.number, item.label, item.text);
    }
    if (!references.empty())
        out += "\n" + references;
    if (!answer.coverage.line.empty())
        out += "\n\n" + answer.coverage.line;
    return out;
}

} // namespace service
