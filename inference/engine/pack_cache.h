// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"
#include "inference/model/pack_format.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace engine {

/// A descriptor, closed at the end. -1: none.
class OpenFile {
public:
    explicit OpenFile(int number = -1)
        : m_number(number)
    {
    }
    OpenFile(OpenFile&& other) noexcept
        : m_number(std::exchange(other.m_number, -1))
    {
    }
    OpenFile& operator=(OpenFile&& other) noexcept
    {
        std::swap(m_number, other.m_number);
        return *this;
    }
    ~OpenFile();
    [[nodiscard]] int number() const { return m_number; }

private:
    int m_number;
};

/// Opens the model file at @p path. Errors: Io.
model::Result<OpenFile> openToRead(const std::string& path); // open_file_linux.cpp

/// What cloister-model keeps between its runs in a folder of the person's: the SHA-256 of model
/// files that it has read once, and their packs (docs/formats/pack.md). All of it can be made
/// again: what can't be read or written is left out. Several runs may use one folder at once.
///
/// Threads: one at a time.
class PackCache {
public:
    /// $XDG_CACHE_HOME/cloister/packs, or $HOME/.cache/cloister/packs; empty without either.
    static std::filesystem::path usualFolder();

    /// Makes @p folder for its owner only. Empty: nothing is kept.
    explicit PackCache(std::filesystem::path folder);
    [[nodiscard]] bool keeps() const { return !m_folder.empty(); }
    /// Where best thread counts are kept (docs/formats/thread-counts.md); empty: nowhere.
    [[nodiscard]] std::filesystem::path threadCounts() const
    {
        return keeps() ? m_folder / "threads" : std::filesystem::path();
    }

    /// Changes whenever somebody writes into @p file; no two files share one. Empty: no file.
    [[nodiscard]] static std::string stamp(int file);
    /// Of the model that @p file names; nothing when it was not hashed yet, or written to since.
    [[nodiscard]] std::optional<model::ModelHash> knownHash(int file) const;
    /// Reads @p file to its end and remembers its hash, with @p path to tell later whether it is
    /// still there. Nothing when it can't be read, or was written to since it had @p stamp.
    std::optional<model::ModelHash> hash(int file, const std::filesystem::path& path,
                                         const std::string& stamp);

    /// The pack of the model with that hash, read-only.
    [[nodiscard]] OpenFile pack(const model::ModelHash& model) const;
    /// Where what was found of that model's keys is kept (docs/formats/key-check.md), until the
    /// model is gone; empty when nothing is kept.
    [[nodiscard]] std::filesystem::path keyCheckOf(const model::ModelHash& model) const;
    /// Puts @p line there, in place of what was. False when nothing is kept or the disk refuses.
    bool keepKeyCheck(const model::ModelHash& model, const std::string& line) const;
    /// An empty file to write one to; it goes with this object unless it is kept.
    [[nodiscard]] OpenFile newPack();
    /// Seals what stands in @p pack (of newPack(), finished but for its seal), puts it on the disk
    /// and under its name. Then drops packs of models that are gone, and the oldest of more than
    /// kMostPacks. False when the disk refuses.
    bool keep(const OpenFile& pack, const model::ModelHash& model);

    static constexpr std::size_t kMostPacks = 8;

    PackCache(PackCache&& other) noexcept
        : m_folder(std::exchange(other.m_folder, {}))
        , m_fresh(std::exchange(other.m_fresh, {}))
    {
    }
    PackCache& operator=(PackCache&&) = delete;
    ~PackCache();

private:
    void dropFresh();
    void tidy(const std::filesystem::path& kept) const;

    std::filesystem::path m_folder;
    std::filesystem::path m_fresh; // that newPack() made
};

} // namespace engine
