// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/options.h"
#include "inference/model/model.h"

#include <memory>

namespace engine {

/// The model that --draft names, with its file.
struct DraftOption {
    model::GgufFile file;
    std::unique_ptr<model::Model> network; // last: it reads in the file
};

/// Null without --draft. It uses @p counts of its @p threads.
/// Errors: as Model::load; OtherVocabulary when it can't guess for @p answer; OutOfMemory with the
/// numbers, before it is loaded, where the two do not fit the memory of @p options together.
model::Result<std::unique_ptr<DraftOption>> openDraft(const Options& options,
                                                      const model::GgufFile& answer,
                                                      unsigned threads,
                                                      const model::ThreadCounts& counts);

} // namespace engine
