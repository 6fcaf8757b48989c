// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/engine_process.h"

#include "storage/process/thread_counts.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace service {

/// What the daemon keeps of models between its starts: the SHA-256 of files that it has read once,
/// the packs that workers wrote (docs/formats/pack.md), how many threads are best
/// (docs/formats/thread-counts.md), and what they found of the models' keys. All of it can be made
/// again: what can't be read or written is left out, and said in the log.
///
/// Threads: one at a time.
class PackFolder {
public:
    /// Makes @p folder for the owner only. Empty: nothing is kept.
    explicit PackFolder(std::filesystem::path folder);

    /// In hexadecimal; empty when no file of that stamp was hashed yet.
    [[nodiscard]] std::string hashOf(const ModelFile::Stamp& stamp) const;
    void remember(const ModelFile::Stamp& stamp, const std::string& sha256);

    /// How many threads are best on this host with the file of that stamp; nothing when no worker
    /// has found that out yet.
    [[nodiscard]] std::optional<process::ThreadCounts>
    threadsFor(const ModelFile::Stamp& stamp) const;
    void rememberThreads(const ModelFile::Stamp& stamp, process::ThreadCounts counts) const;

    /// The pack of the model with that hash, read-only; none when there is none.
    [[nodiscard]] Descriptor pack(const std::string& sha256) const;
    /// An empty file of that @p name for a worker to write one to.
    [[nodiscard]] Descriptor newPack(const std::string& name) const;
    /// That file goes.
    void dropNewPack(const std::string& name) const;
    /// All such files (*-pack.new) go, which nobody writes to: they are of workers that died.
    void dropNewPacks() const;
    /// Seals what a worker wrote to @p pack, which has that @p name, puts it on the disk and under
    /// the name of its model. False when the worker did not finish it, or the disk refuses.
    bool keep(const Descriptor& pack, const std::string& name, const std::string& sha256) const;
    /// Packs of all other models go.
    void dropBut(std::span<const std::string> hashes) const;

    /// What a worker found of the keys of the model with that hash, for the next one to read
    /// (docs/formats/key-check.md); empty: nothing.
    [[nodiscard]] std::string keyCheck(const std::string& sha256) const;
    /// Others go. One that is no line of printable ASCII, or longer than kMostKeyCheckBytes, is not
    /// kept.
    void keepKeyCheck(const std::string& sha256, const std::string& line) const;
    static constexpr std::size_t kMostKeyCheckBytes = 1024;

private:
    std::filesystem::path m_folder;
};

} // namespace service
