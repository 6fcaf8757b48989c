// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

/// Small files that survive power loss: whole or not at all. No path appears in an error.
/// Threads: pure; two writers of one path must not run at once.
namespace storage {

/// Makes @p folder (and what is missing above it) readable by its owner only: 0700.
/// Errors: Io; Invalid when something else stands there.
Result<void> ensureFolder(const std::filesystem::path& folder);

/// Replaces @p path by @p bytes: temporary file, fsync, rename, fsync of the folder. Mode 0600.
/// Errors: Io; the old content then still stands.
Result<void> writeAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Errors: NotFound; Io; Corrupt when it is longer than @p limit or no plain file.
Result<std::vector<std::byte>> readWhole(const std::filesystem::path& path, std::size_t limit);

/// The same for content of any length: @p next gives part after part, and at the end an empty one.
/// Errors: Io and those of next; the old content then still stands.
Result<void> writeAtomically(const std::filesystem::path& path,
                             const std::function<Result<std::span<const std::byte>>()>& next);

/// Renames within one folder and makes it last. Errors: NotFound, Io.
Result<void> renameDurably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Errors: NotFound, Io.
Result<void> removeDurably(const std::filesystem::path& path);

/// Makes a change of the folder's names last. Errors: Io.
Result<void> syncFolder(const std::filesystem::path& folder);

} // namespace storage
