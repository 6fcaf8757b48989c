// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace audit {

/// The checkpoints that are kept for ever, one per 256 records: between two of them a verifier can
/// still narrow down a change whose hashes were recomputed. Format: docs/formats/checkpoint.md.
class KeptCheckpoints {
public:
    /// Cuts a torn note at the end. Errors: Io; Corrupt when a note is in no form.
    static Result<KeptCheckpoints> open(Files& files, const std::filesystem::path& folder);

    /// Returns once it is on disk. Errors: Io.
    Result<void> append(std::string_view note, std::uint64_t size);

    /// Size of the newest kept checkpoint, 0 when there is none.
    [[nodiscard]] std::uint64_t newest() const { return m_newest; }

private:
    Files* m_files = nullptr;
    std::filesystem::path m_path;
    File m_file;
    std::uint64_t m_at = 0;
    std::uint64_t m_newest = 0;
};

/// All of them, oldest first, their signatures not checked. Errors: Io, Corrupt.
Result<std::vector<std::string>> readKeptCheckpoints(Files& files,
                                                     const std::filesystem::path& folder);

} // namespace audit
