// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/worker_models.h"

#include "inference/engine/same_vocabulary.h"

#include <vector>

namespace engine {

namespace {

wire::DraftModel fateOf(model::Errc code)
{
    switch (code) {
    case model::Errc::OtherVocabulary:
        return wire::DraftModel::OtherVocabulary;
    case model::Errc::OutOfMemory:
        return wire::DraftModel::DoesNotFit;
    default:
        return wire::DraftModel::Unusable;
    }
}

} // namespace

model::Result<WorkerModels> WorkerModels::open(const WorkerArguments& arguments)
{
    WorkerModels models(arguments);
    if (const auto opened = models.openAll(); !opened)
        return std::unexpected(opened.error());
    if (models.draft() != nullptr)
        if (const auto other = otherVocabulary(models.answer().file(), models.draft()->file()))
            models.leaveDraft(*other);
    const MemoryLimits limits = {.memory = arguments.memory, .memoryLimit = arguments.memoryLimit};
    auto refusal = tooLarge(models.needed(), limits);
    if (refusal && models.draft() != nullptr) {
        models.leaveDraft(*refusal);
        refusal = tooLarge(models.needed(), limits);
    }
    if (refusal)
        return std::unexpected(*refusal);
    return models;
}

model::Result<void> WorkerModels::openAll()
{
    for (std::size_t i = 0; i < kPlaces; ++i) {
        if (m_descriptors[i]->file < 0)
            continue;
        auto opened = LoadedModel::open(m_descriptors[i]->file);
        if (opened)
            m_models[i] = *std::move(opened);
        else if (i == kDraft)
            leaveDraft(opened.error());
        else
            return std::unexpected(opened.error());
    }
    if (m_models[kDraft])
        m_draftModel = wire::DraftModel::InUse;
    return {};
}

model::Result<void> WorkerModels::load(const model::Model::Options& options)
{
    for (std::size_t i = 0; i < kPlaces; ++i) {
        if (!m_models[i])
            continue;
        const auto loaded = m_models[i]->load(*m_descriptors[i], options);
        if (!loaded && i == kDraft)
            leaveDraft(loaded.error());
        else if (!loaded)
            return loaded;
    }
    return {};
}

void WorkerModels::leaveDraft(const model::Error& why)
{
    m_models[kDraft].reset();
    m_draftModel = fateOf(why.code);
}

std::uint64_t WorkerModels::needed() const
{
    std::vector<const model::GgufFile*> files;
    for (const auto& model : m_models)
        if (model)
            files.push_back(&model->file());
    return neededFor(files);
}

} // namespace engine
