// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/gguf.h"

#include <optional>

namespace engine {

/// Why @p draft can't draft for @p answer, or nothing: OtherVocabulary with the names of both
/// models and the first token that differs; what Vocabulary::load says of a broken one.
///
/// Every token must have the same bytes and the same kind. One file may have more of them at the
/// end, where they are marked as unused: files of one family are filled up to different sizes. Two
/// files without any vocabulary must have the same number of tokens.
std::optional<model::Error> otherVocabulary(const model::GgufFile& answer,
                                            const model::GgufFile& draft);

} // namespace engine
