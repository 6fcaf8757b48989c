// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/files.h"
#include "audit/log_format.h"

#include <functional>
#include <optional>

namespace audit {

/// The side table: for each segment one file with the sealed salts and plaintexts of its entries.
/// No proof depends on it, so any of it can be erased. Format: docs/formats/audit-log.md.
class SealedFields {
public:
    /// @p first is the number of the segment's first entry. Makes no file yet. What an entry with a
    /// number from @p size on left behind (its record did not get into the log) is cut.
    /// Errors: Io; Corrupt when the file's head is wrong.
    static Result<SealedFields> open(Files& files, const std::filesystem::path& folder,
                                     std::uint64_t first, std::uint64_t size);

    /// Returns once the bytes are on disk. Errors: Io.
    Result<void> append(std::uint64_t index, Bytes sealed);

    /// Takes back the last append(), whose record could not be written. Errors: Io.
    Result<void> takeBack();

    [[nodiscard]] std::uint64_t first() const { return m_first; }

private:
    Files* m_files = nullptr;
    std::filesystem::path m_path;
    File m_file;
    std::uint64_t m_first = 0;
    std::uint64_t m_at = 0;
    std::uint64_t m_before = 0; // m_at before the last append
};

/// One entry of the side table. An erased one has no bytes.
struct SealedField {
    std::uint64_t index = 0;
    Bytes sealed;
    bool erased = false;
    std::uint64_t at = 0; // where the frame begins in its file
};

using SealedVisitor = std::function<Result<void>(const SealedField&)>;

/// Reads the entries of the file that belongs to the segment beginning at @p first; none when there
/// is no such file. Errors: Io; Corrupt. Torn bytes at the end are passed over.
Result<void> readSealed(Files& files, const std::filesystem::path& folder, std::uint64_t first,
                        const SealedVisitor& visit);

/// Overwrites the sealed bytes of @p index and marks them erased; returns once that is on disk.
/// Errors: Io; Invalid when there is nothing under that number.
Result<void> eraseSealed(Files& files, const std::filesystem::path& folder, std::uint64_t first,
                         std::uint64_t index);

} // namespace audit
