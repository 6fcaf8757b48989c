// SPDX-License-Identifier: Apache-2.0
#include "storage/records/patient_query.h"

#include "storage/fts_query.h"

#include <algorithm>
#include <vector>

namespace records {
namespace {

bool areDigits(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string_view> parted(std::string_view text, char by)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t at = text.find(by);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos)
            return parts;
        text.remove_prefix(at + 1);
    }
}

std::string twoDigits(std::string_view number)
{
    return number.size() == 1 ? std::string("0").append(number) : std::string(number);
}

/// The word as the beginning of an ISO date; empty when it is none.
std::string isoDate(std::string_view word)
{
    const auto dashed = parted(word, '-');
    const auto dotted = parted(word, '.');
    if (dashed.size() <= 3 && std::ranges::all_of(dashed, areDigits) && dashed[0].size() == 4) {
        std::string date(dashed[0]);
        for (std::size_t i = 1; i < dashed.size(); ++i)
            date.append("-").append(dashed[i]);
        return date;
    }
    if (dotted.size() == 3 && std::ranges::all_of(dotted, areDigits) && dotted[2].size() == 4 &&
        dotted[0].size() <= 2 && dotted[1].size() <= 2)
        return std::string(dotted[2]) + "-" + twoDigits(dotted[1]) + "-" + twoDigits(dotted[0]);
    return {};
}

} // namespace

std::string patientQuery(std::string_view typed)
{
    std::string query;
    for (const std::string_view word : storage::wordsOf(typed)) {
        if (!query.empty())
            query.append(" AND ");
        query.append("({name identifiers} : ").append(storage::quoted(word)).append("*");
        if (const std::string date = isoDate(word); !date.empty())
            query.append(" OR born : ").append(storage::quoted(date)).append("*");
        query.append(")");
    }
    // Only an empty field asks for all: signs alone are looked for, and no name holds any.
    if (query.empty() && !std::ranges::all_of(typed, storage::isSpace))
        return storage::quoted("");
    return query;
}

} // namespace records
