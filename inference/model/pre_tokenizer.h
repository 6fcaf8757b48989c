// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <string_view>
#include <vector>

namespace model {

/// How text is cut before byte pairs are merged; merges never cross a cut.
/// Source of the rules: ../shared/facts/models.md §11.
enum class PreTokenizer { Qwen2, SmolLm };

/// From the value of tokenizer.ggml.pre. Errors: NoVocabulary for one that is not known here.
Result<PreTokenizer> preTokenizerNamed(std::string_view name);

/// The pieces of @p text in order; together they are the whole text. They point into it.
[[nodiscard]] std::vector<std::string_view> split(PreTokenizer rules, std::string_view text);

} // namespace model
