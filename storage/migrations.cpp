// SPDX-License-Identifier: Apache-2.0
#include "storage/migrations.h"

#include "storage/ids.h"

#include <string>

namespace storage {
namespace {

Result<std::int64_t> checkedVersion(Database& database, std::int64_t newest)
{
    const auto version = database.integer("PRAGMA user_version");
    if (version && (*version > newest || *version < 0))
        return std::unexpected(Error{Errc::TooNew, "a database of a newer version"});
    return version;
}

std::filesystem::path backupOf(std::filesystem::path file, std::int64_t toVersion)
{
    file += ".before-v" + std::to_string(toVersion);
    return file;
}

Result<void> check(Database& database)
{
    const auto integrity = database.text("PRAGMA integrity_check(1)");
    if (!integrity)
        return std::unexpected(integrity.error());
    const auto orphans = database.text("PRAGMA foreign_key_check");
    if (!orphans)
        return std::unexpected(orphans.error());
    if (*integrity != "ok" || !orphans->empty())
        return std::unexpected(Error{Errc::Corrupt, "a migrated database does not verify"});
    return {};
}

Result<void> runSteps(Database& database, std::span<const Migration> steps, std::size_t from)
{
    if (auto made = database.execute("CREATE TABLE IF NOT EXISTS migration("
                                     "version INTEGER PRIMARY KEY, applied TEXT NOT NULL)");
        !made)
        return made;
    auto note = database.prepare("INSERT INTO migration(version, applied) VALUES(?1, ?2)");
    if (!note)
        return std::unexpected(note.error());
    const std::string now = utcText(Clock::now());
    for (std::size_t step = from; step < steps.size(); ++step) {
        if (auto done = database.execute(steps[step].sql); !done)
            return done;
        const auto version = static_cast<std::int64_t>(step + 1);
        if (auto noted = note->bind(1, version).bind(2, now).run(); !noted)
            return noted;
    }
    return database.execute(("PRAGMA user_version = " + std::to_string(steps.size())).c_str());
}

/// Moves all that is in the log into the file itself, of which the backup is a copy.
Result<void> flush(Database& database)
{
    // Its first column is 1 where a reader or writer kept it from the end; that is no error.
    const auto busy = database.integer("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!busy)
        return std::unexpected(busy.error());
    if (*busy != 0)
        return std::unexpected(Error{Errc::Database, "the database is in use, and not migrated"});
    return {};
}

} // namespace

Result<void> migrate(Database& database, const std::filesystem::path& file,
                     std::span<const Migration> steps)
{
    const auto newest = static_cast<std::int64_t>(steps.size());
    const auto version = checkedVersion(database, newest);
    if (!version)
        return std::unexpected(version.error());
    if (*version == newest)
        return {};

    const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables)
        return std::unexpected(tables.error());
    const bool existing = *tables > 0;
    if (existing) {
        if (auto flushed = flush(database); !flushed)
            return flushed;
    }
    auto transaction = database.begin();
    if (!transaction)
        return std::unexpected(transaction.error());
    // Another thread that opened the same new file may have been faster.
    const auto now = checkedVersion(database, newest);
    if (!now || *now == newest)
        return now ? Result<void>{} : std::unexpected(now.error());
    if (existing) {
        if (auto kept = database.copyFile(backupOf(file, newest)); !kept)
            return kept;
    }
    if (auto done = runSteps(database, steps, static_cast<std::size_t>(*now)); !done)
        return done;
    if (existing) {
        if (auto good = check(database); !good)
            return good;
    }
    return transaction->commit();
}

} // namespace storage
