// SPDX-License-Identifier: Apache-2.0
#include "inference/service/record_search.h"

#include <algorithm>

namespace service {

evidence::PassageSource searchOf(SharedRecords& records, const std::string& patient,
                                 const audit::Receipt& receipt, const records::Chart& chart)
{
    return [&](const std::string& query, std::size_t limit) {
        std::vector<evidence::Passage> found;
        const auto passages = records.with([&](records::RecordStore& store) {
            return store.passages(receipt, patient, query, limit);
        });
        if (!passages)
            return found;
        for (const records::Passage& passage : *passages) {
            const auto document =
                std::ranges::find(chart.documents, passage.document, &records::Document::source);
            if (document != chart.documents.end())
                found.push_back(
                    {.document = static_cast<std::size_t>(document - chart.documents.begin()),
                     .begin = passage.begin,
                     .end = passage.end,
                     .score = passage.score});
        }
        return found;
    };
}

} // namespace service
