// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/abstention.h"

#include <format>

namespace evidence {

namespace {

/// "Nothing about ..." is said of what was searched for under all its names; of other words only
/// that they do not occur.
std::string whatIsMissing(const Topics& topics, const std::vector<const Term*>& missing,
                          const Coverage& coverage)
{
    std::string named;
    std::string words;
    std::size_t count = 0;
    for (const Term* term : missing) {
        std::string& list = term->named ? named : words;
        list += (list.empty() ? "\"" : ", \"") + term->shown + "\"";
        count += term->named ? 0 : 1;
    }
    const std::string where = std::format("{} entr{} and {} document{}", coverage.entries,
                                          coverage.entries == 1 ? "y" : "ies", coverage.searched,
                                          coverage.searched == 1 ? "" : "s");
    std::string text;
    if (!named.empty())
        text = std::format("Nothing about {} is recorded in {}.", named, where);
    if (!words.empty())
        text += std::format("{}The word{} {} do{} not occur in {}.", text.empty() ? "" : " ",
                            count == 1 ? "" : "s", words, count == 1 ? "es" : "", where);
    if (text.empty() && !topics.kinds.empty())
        text = std::format("No entry of the kind that is asked for is among {}.", where);
    if (text.empty())
        text = "The question names nothing that could be looked for in the record.";
    return text;
}

} // namespace

Abstention abstentionFor(const Topics& topics, const std::vector<const Term*>& missing,
                         bool anyFound, const Coverage& coverage)
{
    Abstention abstention;
    abstention.searched = {std::format("entries ({})", coverage.entries),
                           std::format("documents ({})", coverage.searched)};
    abstention.text = whatIsMissing(topics, missing, coverage);
    if (!topics.ofThePatient && !anyFound) {
        abstention.reason = Abstention::Reason::OutOfScope;
    } else if (coverage.unreadable > 0 && coverage.searched == 0) {
        abstention.reason = Abstention::Reason::OnlyUnreadable;
        abstention.text =
            std::format("Nothing was found in {} entries, and {} be read.", coverage.entries,
                        coverage.documents == 1
                            ? std::string("the only document cannot")
                            : std::format("none of the {} documents can", coverage.documents));
    } else {
        abstention.reason = Abstention::Reason::NotRecorded;
        if (coverage.unreadable > 0)
            abstention.text += std::format(" {} document{} cannot be read.", coverage.unreadable,
                                           coverage.unreadable == 1 ? "" : "s");
    }
    if (topics.foreign || abstention.reason == Abstention::Reason::OutOfScope)
        abstention.text += " Questions are understood in English only: ask in English.";
    for (const std::string& remark : coverage.remarks)
        abstention.text += " " + remark + (remark.ends_with('?') ? "" : ".");
    return abstention;
}

} // namespace evidence
