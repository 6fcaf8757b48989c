// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_at_hand.h"

#include "inference/engine/draft_option.h"
#include "inference/engine/key_verdict.h"
#include "inference/engine/kv_kinds.h"
#include "inference/engine/kv_room.h"
#include "inference/engine/ready.h"
#include "inference/engine/thread_probe.h"
#include "storage/process/thread_counts.h"

#include <algorithm>
#include <cstdio>
#include <format>
#include <fstream>
#include <span>
#include <vector>

namespace engine {
namespace {

PackCache cacheOf(const Options& options)
{
    if (options.has("no-pack"))
        return PackCache({});
    return PackCache(options.has("pack-folder") ? std::filesystem::path(options.text("pack-folder"))
                                                : PackCache::usualFolder());
}

/// What has to stand behind check-keys FILE for a verdict on a model that was loaded so.
std::string optionsOfCheck(const model::Model::Options& loaded)
{
    const model::Model::Options usual;
    std::string more;
    if (loaded.tier != usual.tier)
        more += std::format(" --tier {}", kernels::nameOf(loaded.tier));
    if (loaded.values != usual.values)
        more += std::format(" --values {}", nameOf(loaded.values));
    return more;
}

void warn(const std::string& what)
{
    std::fprintf(stderr, "cloister-model: %s.\n", what.c_str());
}

} // namespace

ModelAtHand::ModelAtHand(OpenFile descriptor, std::string path, PackCache cache,
                         std::unique_ptr<LoadedModel> model)
    : m_descriptor(std::move(descriptor))
    , m_path(std::move(path))
    , m_cache(std::move(cache))
    , m_model(std::move(model))
{
}

model::Result<ModelAtHand> ModelAtHand::open(const Options& options)
{
    auto descriptor = openToRead(options.file());
    if (!descriptor)
        return std::unexpected(descriptor.error());
    // Before a byte is read: what is packed is sealed with the hash of a file that was not written
    // to from here on.
    std::string stamp = PackCache::stamp(descriptor->number());
    auto model = LoadedModel::open(descriptor->number());
    if (!model)
        return std::unexpected(model.error());
    ModelAtHand opened(*std::move(descriptor), options.file(), cacheOf(options), *std::move(model));
    opened.m_stamp = std::move(stamp);
    opened.m_memory = options.memory();
    return opened;
}

model::Result<model::Model*> ModelAtHand::load(const model::Model::Options& options)
{
    const model::GgufFile* const header = &file();
    if (auto refusal = tooLarge(neededFor(std::span(&header, 1)), m_memory))
        return std::unexpected(*std::move(refusal));
    m_loaded = options;
    const auto known = m_cache.knownHash(m_descriptor.number());
    OpenFile pack = known ? m_cache.pack(*known) : OpenFile();
    OpenFile fresh;
    // One that is there may still be refused. Its place is taken only by one that is whole.
    if (m_cache.keeps())
        fresh = m_cache.newPack();
    const ModelDescriptors files = {.file = m_descriptor.number(),
                                    .pack = pack.number(),
                                    .packOutput = fresh.number(),
                                    .hash = known.value_or(model::ModelHash())};
    if (const auto done = m_model->load(files, options); !done)
        return std::unexpected(done.error());
    const model::PackUse& use = m_model->packs();
    if (!use.refused.empty())
        warn(use.refused + ": packed again");
    if (use.written) {
        // Also where the hash is known: the pack is of the bytes that were there just now.
        if (const auto hash = m_cache.hash(m_descriptor.number(), m_path, m_stamp))
            m_cache.keep(fresh, *hash);
    }
    return &m_model->network();
}

ThreadChoice ModelAtHand::useBestThreads(const Options& options) const
{
    model::Model& network = m_model->network();
    if (options.has("threads"))
        return {network.threads(), ThreadChoice::From::Option};
    const wire::Ready model = describe(file(), network.config());
    const std::string key = std::format(
        "{} | {} | {} threads | {}{} | {}", process::hostForThreads(), CLOISTER_VERSION,
        m_loaded.threads, kernels::nameOf(m_loaded.tier), m_loaded.exact ? " exact" : "",
        classOfModel(model.weightType, model.weightBytes));
    const std::filesystem::path kept = m_cache.threadCounts();
    if (!kept.empty()) {
        if (const auto known = process::knownThreads(kept, key)) {
            network.useThreads({known->decode, known->prefill});
            return {network.threads(), ThreadChoice::From::Kept};
        }
    }
    const ProbedThreads found = probeThreads(network);
    if (!found.measured)
        return {found.counts, ThreadChoice::From::Unknown};
    if (!kept.empty() && m_loaded.threads > 1)
        process::rememberThreads(kept, key, {found.counts.decode, found.counts.prefill});
    return {found.counts, ThreadChoice::From::Measured};
}

std::string_view nameOf(ThreadChoice::From from)
{
    switch (from) {
    case ThreadChoice::From::Option:
        return "option";
    case ThreadChoice::From::Kept:
        return "kept";
    case ThreadChoice::From::Measured:
        return "measured";
    case ThreadChoice::From::Unknown:
        return "unknown";
    }
    return "option";
}

model::Result<model::Model*> ModelAtHand::load(model::Model::Options options, const KvChoice& kv)
{
    options.keys = kv.onlyChecked ? kernels::KeyFormat::Half : kv.keys;
    options.values = kv.values;
    auto loaded = load(options);
    if (loaded && kv.onlyChecked)
        if (auto kept = keepCheckedKeys(); !kept)
            return std::unexpected(kept.error());
    return loaded;
}

model::Result<void> ModelAtHand::keepCheckedKeys()
{
    model::Model& network = m_model->network();
    std::string line;
    if (const auto hash = m_cache.knownHash(m_descriptor.number()))
        std::getline(std::ifstream(m_cache.keyCheckOf(*hash)), line);
    const auto verdict = verdictIn(line, keyMarksOf(file(), network), network.config().layers);
    if (!verdict)
        return std::unexpected(
            model::Error{model::Errc::Unsupported,
                         "--keys int8 wants a check of this model, by this engine and with the "
                         "same --pack-folder: cloister-model check-keys FILE" +
                             optionsOfCheck(m_loaded)});
    if (verdict->allowed() == 0)
        return std::unexpected(model::Error{
            model::Errc::Unsupported,
            std::format(
                "this model does not bear int8 keys: its words move by {:.2g}, where {:.2g} "
                "is the most; f16 and bf16 are free to choose",
                std::max(verdict->figures.prompt, verdict->figures.generated),
                KeyFigures::kMostDivergence)});
    network.keepInt8Keys(verdict->layers);
    return {};
}

model::Result<KeyVerdict> ModelAtHand::checkKeys()
{
    model::Model& network = m_model->network();
    const auto tokenizer = model::Tokenizer::load(file());
    if (!tokenizer)
        return std::unexpected(tokenizer.error());
    // Before minutes pass: whoever wants it kept can still stop here.
    if (!m_cache.keeps())
        warn("the verdict is shown and not kept: there is no folder for it");
    auto verdict = engine::checkKeys(network, *tokenizer);
    if (!verdict || !m_cache.keeps())
        return verdict;
    auto hash = m_cache.knownHash(m_descriptor.number());
    if (!hash)
        hash = m_cache.hash(m_descriptor.number(), m_path, m_stamp);
    if (!hash)
        warn("the verdict is not kept: the model file was written to, or can't be read");
    else if (!m_cache.keepKeyCheck(*hash, lineOf(*verdict, keyMarksOf(file(), network)) + '\n'))
        warn("the verdict is not kept: its file can't be written");
    return verdict;
}

std::optional<model::Error> ModelAtHand::tooManyPages(std::uint64_t pages, const DraftOption* draft,
                                                      unsigned pools) const
{
    std::vector<const model::GgufFile*> files = {&file()};
    if (draft != nullptr)
        files.push_back(&draft->file);
    const auto bytesOf = [](const model::Model& network) {
        return model::KvPool::bytesPerPage(network.kvLayers());
    };
    const KvRoom room = {.page = pools * bytesOf(m_model->network()) +
                                 (draft == nullptr ? 0 : bytesOf(*draft->network)),
                         .contextLength = UINT32_MAX,
                         .context = static_cast<std::uint32_t>(
                             std::min<std::uint64_t>(pages * kernels::kPageTokens, UINT32_MAX))};
    return tooLarge(neededFor(files), room, m_memory);
}

} // namespace engine
