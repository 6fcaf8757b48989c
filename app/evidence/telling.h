// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/evidence/json_outline.h"
#include "app/evidence/quote.h"
#include "app/view.h"

namespace app {

/// What of a source is highlighted: one element, and words inside and outside of it that the
/// sentence repeats.
struct Telling {
    TextRange element;
    QList<TextRange> words;
};

/// The element of @p outline that supports @p sentence: what the source names by its path; else
/// the value that the sentence holds; else the element that says most of the sentence. Without a
/// sentence, or where nothing matches, the element that tells what the resource is about.
[[nodiscard]] Telling tellingOf(const JsonOutline& outline, const SourceRef& source,
                                const QString& sentence);

} // namespace app
