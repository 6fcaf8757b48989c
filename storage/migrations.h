// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database.h"

#include <filesystem>
#include <span>

namespace storage {

/// The SQL that leads from one version of a schema to the next. The version after the n-th step is
/// n; a new database runs them all. A released step is never edited.
struct Migration {
    const char* sql;
};

/// Brings @p database, which lies in @p file, to the newest version, in one transaction with checks
/// of integrity and foreign keys at its end. Before an existing database is changed, the file is
/// copied beside it as FILE.before-vN (N: the version that it is brought to).
/// Errors: TooNew; Corrupt when the checks fail; Database; Io. The database is then as it was.
/// Threads: that of @p database; nobody else may have the file open.
Result<void> migrate(Database& database, const std::filesystem::path& file,
                     std::span<const Migration> steps);

} // namespace storage
