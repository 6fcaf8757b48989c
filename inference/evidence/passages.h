// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"
#include "inference/evidence/topics.h"

#include <vector>

namespace evidence {

/// Searches the documents in memory: BM25 over passages of a few sentences, k1 1.2, b 0.75.
/// Best first, at most @p limit; ties by place. One pass over the text, nothing is kept.
[[nodiscard]] std::vector<Passage>
searchDocuments(const records::Chart& chart, const std::vector<Term>& terms, std::size_t limit);

/// The part of [begin, end) of a document's text, whole sentences and at most @p bytes, that holds
/// most of @p terms; the first where several do.
[[nodiscard]] Passage narrowed(const records::Chart& chart, const Passage& passage,
                               const std::vector<Term>& terms, std::size_t bytes);

/// Weight of the terms that [begin, end) of a document's text holds.
[[nodiscard]] double heldWeight(const records::Chart& chart, const Passage& passage,
                                const std::vector<Term>& terms);

} // namespace evidence
