// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <span>
#include <string>
#include <string_view>

namespace evidence {

/// Collects what the record says about @p question: facts by names, synonyms, kinds and dates,
/// passages by text search, best first, without repetitions, within @p budget. Where @p passages
/// is empty or finds nothing, the documents are searched in memory. Sets abstention when nothing
/// bears on the question. @p earlier are the questions before it in the conversation, newest first:
/// a question that names nothing of its own is about what they name.
[[nodiscard]] Evidence gather(std::string_view question, const records::Chart& chart,
                              const PassageSource& passages, const Budget& budget, Day today,
                              std::span<const std::string> earlier = {});

} // namespace evidence
