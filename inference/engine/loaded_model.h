// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/worker_arguments.h"
#include "inference/model/gguf.h"
#include "inference/model/model.h"
#include "inference/model/pack_file.h"
#include "inference/model/tokenizer.h"
#include "inference/model/weights.h"

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace engine {

/// A model with the files that it is read from: a worker may hold several.
class LoadedModel {
public:
    /// Reads the header of the model that the descriptor @p file names, which may be closed
    /// afterwards. Errors: as model::GgufFile::open.
    static model::Result<std::unique_ptr<LoadedModel>> open(int file);

    /// Once. Reads the pack where one is given and whole; else packs the model, and writes a pack
    /// where a file for it is given. Those descriptors may be closed afterwards too.
    /// Errors: as model::Model::load.
    model::Result<void> load(const ModelDescriptors& files, model::Model::Options options);

    [[nodiscard]] const model::GgufFile& file() const { return m_file; }
    /// After load().
    [[nodiscard]] model::Model& network() const { return *m_network; }
    /// How the pack was used.
    [[nodiscard]] const model::PackUse& packs() const { return m_packs; }

private:
    explicit LoadedModel(model::GgufFile file)
        : m_file(std::move(file))
    {
    }

    model::GgufFile m_file;
    std::optional<model::PackFile> m_pack;
    model::PackUse m_packs;
    std::unique_ptr<model::Model> m_network; // last: it reads in the others
};

/// Builds the tokenizer of @p file, which must outlive the future, beside what the caller does
/// meanwhile: it keeps one core busy for a tenth of a second, the weights keep the memory busy.
[[nodiscard]] std::future<model::Result<model::Tokenizer>>
loadTokenizer(const model::GgufFile& file);

struct MemoryLimits {
    std::uint64_t memory = UINT64_MAX;      // left on the machine or in its group
    std::uint64_t memoryLimit = UINT64_MAX; // of all, for the message
};

/// Bytes that a worker takes at the least with the models of @p files: their weights, and what a
/// short answer needs beside them. Known before anything is loaded.
[[nodiscard]] std::uint64_t neededFor(std::span<const model::GgufFile* const> files);

/// OutOfMemory with the numbers, or nothing when @p needed bytes are there.
std::optional<model::Error> tooLarge(std::uint64_t needed, const MemoryLimits& limits);

/// "1234 MB", for such messages.
[[nodiscard]] std::string inMegabytes(std::uint64_t bytes);

/// Writes to the inherited descriptor @p file from where it stands.
std::unique_ptr<model::PackOutput> outputTo(int file); // file_output_linux.cpp

} // namespace engine
