// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/loaded_model.h"

#include <format>

namespace engine {
namespace {

// What a worker takes beside its weights at the least: its program and library, working memory of
// the products, one short conversation.
constexpr std::uint64_t kBeside = 150U << 20;

std::string inMegabytes(std::uint64_t bytes)
{
    return bytes == UINT64_MAX ? "unknown" : std::format("{} MB", bytes / 1'000'000);
}

} // namespace

std::optional<model::Error> tooLarge(std::uint64_t needed, const LoadedModel::Limits& limits)
{
    if (needed <= limits.memory)
        return std::nullopt;
    return model::Error{model::Errc::OutOfMemory,
                        std::format("the model needs {} of memory, {} are left of {}",
                                    inMegabytes(needed), inMegabytes(limits.memory),
                                    inMegabytes(limits.memoryLimit))};
}

model::Result<std::unique_ptr<LoadedModel>> LoadedModel::load(const ModelDescriptors& files,
                                                              model::Model::Options options,
                                                              const Limits& limits)
{
    auto file = model::GgufFile::open(files.file);
    if (!file)
        return std::unexpected(file.error());
    std::unique_ptr<LoadedModel> loaded(new LoadedModel(*std::move(file)));
    if (auto refusal = tooLarge(model::residentBytes(loaded->m_file) + kBeside, limits))
        return std::unexpected(*std::move(refusal));

    model::PackUse& packs = loaded->m_packs;
    if (files.pack >= 0) {
        auto pack = model::PackFile::open(files.pack, files.hash);
        if (pack)
            loaded->m_pack = *std::move(pack);
        else
            packs.refused = pack.error().detail;
    }
    if (loaded->m_pack)
        packs.from = &*loaded->m_pack;
    std::unique_ptr<model::PackOutput> output;
    if (files.packOutput >= 0)
        output = outputTo(files.packOutput);
    packs.to = output.get();
    options.packs = &packs;
    auto network = model::Model::load(loaded->m_file, options);
    packs.to = nullptr;
    if (!network)
        return std::unexpected(network.error());
    if (!packs.mapped)
        loaded->m_pack.reset();
    packs.from = nullptr;
    loaded->m_network = *std::move(network);
    return loaded;
}

} // namespace engine
