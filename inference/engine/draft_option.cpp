// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/draft_option.h"

#include "inference/engine/same_vocabulary.h"

#include <array>

namespace engine {

model::Result<std::unique_ptr<DraftOption>> openDraft(const Options& options,
                                                      const model::GgufFile& answer,
                                                      unsigned threads,
                                                      const model::ThreadCounts& counts)
{
    if (!options.has("draft"))
        return nullptr;
    auto file = openModelFile(options.text("draft"));
    if (!file)
        return std::unexpected(file.error());
    if (auto other = otherVocabulary(answer, *file))
        return std::unexpected(*std::move(other));
    const std::array<const model::GgufFile*, 2> both = {&answer, &*file};
    if (auto refusal = tooLarge(neededFor(both), options.memory()))
        return std::unexpected(*std::move(refusal));
    auto draft = std::make_unique<DraftOption>(*std::move(file), nullptr);
    auto network = model::Model::load(draft->file, {.threads = threads, .exact = false});
    if (!network)
        return std::unexpected(network.error());
    draft->network = *std::move(network);
    draft->network->useThreads(counts);
    return draft;
}

} // namespace engine
