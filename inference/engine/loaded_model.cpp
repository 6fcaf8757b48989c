// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/loaded_model.h"

#include <format>

namespace engine {
namespace {

// What a worker takes beside its weights at the least: its program and library, working memory of
// the products, one short conversation.
constexpr std::uint64_t kBeside = 150U << 20;

} // namespace

std::string inMegabytes(std::uint64_t bytes)
{
    return bytes == UINT64_MAX ? "unknown" : std::format("{} MB", bytes / 1'000'000);
}

std::uint64_t neededFor(std::span<const model::GgufFile* const> files)
{
    std::uint64_t needed = kBeside;
    for (const model::GgufFile* const file : files)
        needed += model::residentBytes(*file);
    return needed;
}

std::optional<model::Error> tooLarge(std::uint64_t needed, const MemoryLimits& limits)
{
    if (needed <= limits.memory)
        return std::nullopt;
    return model::Error{model::Errc::OutOfMemory,
                        std::format("the models need {} of memory, {} are left of {}",
                                    inMegabytes(needed), inMegabytes(limits.memory),
                                    inMegabytes(limits.memoryLimit)),
                        needed};
}

std::future<model::Result<model::Tokenizer>> loadTokenizer(const model::GgufFile& file)
{
    return std::async(std::launch::async, [&file] { return model::Tokenizer::load(file); });
}

model::Result<std::unique_ptr<LoadedModel>> LoadedModel::open(int file)
{
    auto opened = model::GgufFile::open(file);
    if (!opened)
        return std::unexpected(opened.error());
    return std::unique_ptr<LoadedModel>(new LoadedModel(*std::move(opened)));
}

model::Result<void> LoadedModel::load(const ModelDescriptors& files, model::Model::Options options)
{
    if (files.pack >= 0) {
        auto pack = model::PackFile::open(files.pack, files.hash);
        if (pack)
            m_pack = *std::move(pack);
        else
            m_packs.refused = pack.error().detail;
    }
    if (m_pack)
        m_packs.from = &*m_pack;
    std::unique_ptr<model::PackOutput> output;
    if (files.packOutput >= 0)
        output = outputTo(files.packOutput);
    m_packs.to = output.get();
    options.packs = &m_packs;
    auto network = model::Model::load(m_file, options);
    m_packs.to = nullptr;
    if (!network)
        return std::unexpected(network.error());
    if (!m_packs.mapped)
        m_pack.reset();
    m_packs.from = nullptr;
    m_network = *std::move(network);
    return {};
}

} // namespace engine
