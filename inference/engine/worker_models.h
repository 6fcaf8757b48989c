// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/loaded_model.h"
#include "inference/engine/worker_arguments.h"
#include "inference/model/model.h"
#include "inference/wire/messages.h"

#include <array>
#include <cstdint>
#include <memory>

namespace engine {

/// The models of a worker. The one that drafts makes answers come faster and never makes them other
/// ones: where it can't be used, the worker goes on without it and says why.
class WorkerModels {
public:
    /// Reads the headers of all and sees that there is memory for them. @p arguments outlives the
    /// object. Errors: as LoadedModel::open; OutOfMemory with the numbers; none of the draft model.
    static model::Result<WorkerModels> open(const WorkerArguments& arguments);

    /// Once. Errors: as LoadedModel::load; none of the draft model.
    model::Result<void> load(const model::Model::Options& options);

    [[nodiscard]] const LoadedModel& answer() const { return *m_models[kAnswer]; }
    [[nodiscard]] const LoadedModel* draft() const { return m_models[kDraft].get(); } // may be null
    /// What became of the draft model so far.
    [[nodiscard]] wire::DraftModel draftModel() const { return m_draftModel; }
    /// Goes on without the draft model, whose memory is free then.
    void leaveDraft(const model::Error& why);
    /// Bytes that they take: neededFor().
    [[nodiscard]] std::uint64_t needed() const;

private:
    static constexpr std::size_t kAnswer = 0;
    static constexpr std::size_t kDraft = 1;
    static constexpr std::size_t kPlaces = 3; // the embedding model's is the last

    explicit WorkerModels(const WorkerArguments& arguments)
        : m_arguments(&arguments)
        , m_descriptors{&arguments.answer, &arguments.draft, &arguments.embedding}
    {
    }
    model::Result<void> openAll();

    const WorkerArguments* m_arguments;
    std::array<const ModelDescriptors*, kPlaces> m_descriptors;
    std::array<std::unique_ptr<LoadedModel>, kPlaces> m_models; // null: not given, or left
    wire::DraftModel m_draftModel = wire::DraftModel::None;
};

} // namespace engine
