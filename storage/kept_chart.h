// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "storage/sealing.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

/// What an engine knows of one chart that it has read, sealed for the user who asked about it, so
/// that it need not be read again after a break. Bytes are the engine's; here they are pieces.
/// Format: docs/formats/kept-chart.md.
namespace storage {

/// Whose, of whom, and by which model.
struct KeptChartOf {
    std::string_view user;    // id
    std::string_view patient; // records::Patient::id
    std::string_view model;   // SHA-256 of its file, 64 hex digits
};

using WallTime = std::chrono::sys_seconds;

/// A place to write one to. It holds a key of its own and none of the user's: what was read may be
/// kept after the user's keys were wiped.
/// Threads: one at a time.
class KeptChartSlot {
public:
    /// @p vaults is the folder of all users' vaults. Errors: NoLockedMemory, Io.
    static Result<KeptChartSlot> make(const std::filesystem::path& vaults, const Secret& vaultKey,
                                      const KeptChartOf& of);

    /// Writes what @p next gives, piece after piece, and at the end an empty one; then the old one
    /// is gone. Only once: the key serves one file. Errors: Io and those of next; the old one then
    /// still stands. Invalid when it was written already.
    Result<void> write(WallTime made,
                       const std::function<Result<std::span<const std::byte>>()>& next);

    [[nodiscard]] const std::string& model() const { return m_model; }

private:
    KeptChartSlot(Secret key, std::filesystem::path file, std::string owner, std::string model,
                  Bytes head)
        : m_key(std::move(key))
        , m_file(std::move(file))
        , m_owner(std::move(owner))
        , m_model(std::move(model))
        , m_head(std::move(head))
    {
    }

    Secret m_key;
    std::filesystem::path m_file;
    std::string m_owner; // of the boxes
    std::string m_model;
    Bytes m_head; // up to and with the key's box; empty: used
};

/// Reads one. Threads: one at a time.
class KeptChartReader {
public:
    /// @p receipt: of the question that it is read for.
    /// Errors: NotFound; Corrupt when it was altered, cut, or is another's; TooNew; Invalid when it
    /// is another model's or was made before @p oldest. Whatever is no NotFound is of no use:
    /// remove().
    static Result<KeptChartReader> open(const audit::Receipt& receipt,
                                        const std::filesystem::path& vaults, const Secret& vaultKey,
                                        const KeptChartOf& of, WallTime oldest);

    /// The next piece; empty at the end. Errors: Corrupt, Io.
    Result<Bytes> next();

    /// Removes the chart of @p of, if there is one.
    static void remove(const std::filesystem::path& vaults, const Secret& vaultKey,
                       const KeptChartOf& of);

private:
    KeptChartReader(Secret key, std::string owner, std::uint64_t made, std::ifstream file)
        : m_key(std::move(key))
        , m_owner(std::move(owner))
        , m_made(made)
        , m_file(std::move(file))
    {
    }

    Secret m_key;
    std::string m_owner;
    std::uint64_t m_made;
    std::ifstream m_file;
    std::uint32_t m_index = 0;
};

/// Removes, of every user, what the file system says was written before @p oldest, what a crash cut
/// short, and of the rest the oldest while there are more than @p mostBytes. Needs no key. Not
/// while one is written.
void sweepKeptCharts(const std::filesystem::path& vaults, std::filesystem::file_time_type oldest,
                     std::uint64_t mostBytes);

} // namespace storage
