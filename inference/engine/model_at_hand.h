// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/key_check.h"
#include "inference/engine/loaded_model.h"
#include "inference/engine/options.h"
#include "inference/engine/pack_cache.h"

#include <memory>
#include <string_view>

namespace engine {

/// How many threads a model works with, and how it came to that.
struct ThreadChoice {
    model::ThreadCounts counts;
    enum class From {
        Option,   // --threads
        Kept,     // an earlier run on this host measured them
        Measured, // just now, or there is nothing to choose
        Unknown   // all threads, to read at least: something else ran on their cores
    } from = From::Option;
};
[[nodiscard]] std::string_view nameOf(ThreadChoice::From from); // as it is printed

struct DraftOption;

/// A model as the verbs of cloister-model use one: its file, then the network, from the pack that
/// an earlier run kept where there is one. --pack-folder names where packs are kept, --no-pack does
/// without.
class ModelAtHand {
public:
    /// Opens the FILE of @p options and reads its header.
    /// Errors: Io; as model::GgufFile::open.
    static model::Result<ModelAtHand> open(const Options& options);

    [[nodiscard]] const model::GgufFile& file() const { return m_model->file(); }

    /// Once; the network lives as long as this object. Keeps a pack for the next run where there
    /// was none, and says on stderr when there was one that had to be refused.
    /// Errors: OutOfMemory with the numbers; as model::Model::load.
    model::Result<model::Model*> load(const model::Model::Options& options);
    /// With the kinds of keys and values of @p kv, whatever @p options say. Errors: as above;
    /// Unsupported when @p kv wants int8 keys and no check allows them for this model, with what
    /// is to be done about it.
    model::Result<model::Model*> load(model::Model::Options options, const KvChoice& kv);
    /// OutOfMemory with the numbers, or nothing when there is room beside the model for @p pages of
    /// keys and values in each of @p pools; and beside @p draft, if there is one, for as many of
    /// its own in one more. After load().
    [[nodiscard]] std::optional<model::Error>
    tooManyPages(std::uint64_t pages, const DraftOption* draft = nullptr, unsigned pools = 1) const;

    /// Checks whether the keys of the loaded model may be kept as int8, and keeps the verdict for
    /// later runs, or says on stderr why not. Errors: NoVocabulary; as checkKeys.
    model::Result<KeyVerdict> checkKeys();

    /// After load(). Without --threads: has the network use as many threads
    /// as are best on this host, which takes up to two seconds where no earlier run has kept them.
    ThreadChoice useBestThreads(const Options& options) const;

private:
    ModelAtHand(OpenFile descriptor, std::string path, PackCache cache,
                std::unique_ptr<LoadedModel> model);
    model::Result<void> keepCheckedKeys();

    OpenFile m_descriptor;
    std::string m_path;
    std::string m_stamp; // PackCache::stamp() when it was opened
    PackCache m_cache;
    MemoryLimits m_memory; // before it was loaded
    std::unique_ptr<LoadedModel> m_model;
    model::Model::Options m_loaded; // what load() was asked for
};

} // namespace engine
