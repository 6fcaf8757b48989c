// SPDX-License-Identifier: Apache-2.0
#include "storage/database.h"

#include "storage/file.h"
#include "storage/wiped_bytes.h"

#ifndef SQLITE_HAS_CODEC
#define SQLITE_HAS_CODEC 1 // declares sqlite3_key_v2
#endif
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

namespace storage {
namespace {

constexpr int kWaitMilliseconds = 5000; // another connection of ours holds the write lock

/// Only the number: SQLite's own message may repeat a value.
Error errorOf(int code)
{
    switch (code & 0xFF) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return {Errc::Corrupt, "the database does not verify"};
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return {Errc::Io, "the database cannot be read or written (" + std::to_string(code) + ")"};
    default:
        break;
    }
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return {Errc::AlreadyExists, "a row is there already"};
    return {Errc::Database, "SQLCipher refused (" + std::to_string(code) + ")"};
}

std::unexpected<Error> refused(int code)
{
    return std::unexpected(errorOf(code));
}

/// x'…64 hex digits…': SQLCipher takes it as the raw key. 32 bare bytes would be a passphrase.
void writeRawKey(const Secret& key, WipedBytes& out)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::size_t at = 0;
    out.data()[at++] = 'x';
    out.data()[at++] = '\'';
    for (const std::byte byte : key.bytes()) {
        out.data()[at++] =
            static_cast<unsigned char>(kDigits[std::to_integer<unsigned>(byte) >> 4U]);
        out.data()[at++] =
            static_cast<unsigned char>(kDigits[std::to_integer<unsigned>(byte) & 15U]);
    }
    out.data()[at] = '\'';
}

} // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const
{
    sqlite3_close_v2(database);
}

Statement& Statement::bind(int parameter, std::string_view text)
{
    const char* const bytes = text.data() == nullptr ? "" : text.data();
    const int code = sqlite3_bind_text64(m_statement.get(), parameter, bytes, text.size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
    m_refused = m_refused == 0 ? code : m_refused;
    return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value)
{
    const int code = sqlite3_bind_int64(m_statement.get(), parameter, value);
    m_refused = m_refused == 0 ? code : m_refused;
    return *this;
}

Statement& Statement::bind(int parameter, std::span<const std::byte> blob)
{
    const int code = blob.empty() ? sqlite3_bind_zeroblob(m_statement.get(), parameter, 0)
                                  : sqlite3_bind_blob64(m_statement.get(), parameter, blob.data(),
                                                        blob.size(), SQLITE_STATIC);
    m_refused = m_refused == 0 ? code : m_refused;
    return *this;
}

Result<bool> Statement::step()
{
    if (m_refused != 0)
        return refused(m_refused);
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    return refused(sqlite3_extended_errcode(sqlite3_db_handle(m_statement.get())));
}

Result<void> Statement::run()
{
    for (;;) {
        const auto row = step();
        if (!row) {
            reset();
            return std::unexpected(row.error());
        }
        if (!*row)
            break;
    }
    reset();
    return {};
}

void Statement::reset()
{
    sqlite3_reset(m_statement.get()); // repeats the last step's error, which was returned there
    m_refused = 0;
}

std::string Statement::text(int column) const
{
    const auto* const bytes =
        reinterpret_cast<const char*>(sqlite3_column_text(m_statement.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(m_statement.get(), column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

double Statement::real(int column) const
{
    return sqlite3_column_double(m_statement.get(), column);
}

std::span<const std::byte> Statement::blob(int column) const
{
    const auto* const bytes =
        static_cast<const std::byte*>(sqlite3_column_blob(m_statement.get(), column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(m_statement.get(), column))};
}

Transaction::Transaction(Transaction&& other) noexcept
    : m_database(std::exchange(other.m_database, nullptr))
{
}

Transaction::~Transaction()
{
    if (m_database != nullptr && sqlite3_get_autocommit(m_database->m_database.get()) == 0)
        sqlite3_exec(m_database->m_database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Transaction::commit()
{
    auto done = m_database->execute("COMMIT");
    if (done)
        m_database = nullptr;
    return done;
}

Result<Database> Database::open(const std::filesystem::path& file, const Secret& key, Mode mode)
{
    std::error_code error;
    if (mode == Mode::MustExist && !std::filesystem::exists(file, error) && !error)
        return std::unexpected(Error{Errc::NotFound, "there is no such database"});
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                      SQLITE_OPEN_EXRESCODE | (mode == Mode::Create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    Database database(handle);
    if (code != SQLITE_OK)
        return refused(code);
    if (const auto open = database.unlock(key); !open)
        return std::unexpected(open.error());
    if (const auto ready = database.configure(); !ready)
        return std::unexpected(ready.error());
    return database;
}

Result<void> Database::unlock(const Secret& key)
{
    // The process-wide option that wipes every allocation of SQLite makes FTS inserts 20 times
    // slower; keys lie in our own locked memory instead. SQLCipher's own log would go to stderr.
    if (const auto off =
            execute("PRAGMA cipher_log_level = NONE; PRAGMA cipher_memory_security = OFF");
        !off)
        return off;
    WipedBytes raw(2 * Secret::kBytes + 3);
    writeRawKey(key, raw);
    const int code =
        sqlite3_key_v2(m_database.get(), "main", raw.data(), static_cast<int>(raw.size()));
    if (code != SQLITE_OK)
        return refused(code);
    // The first read of a page: fails when the key is wrong.
    if (const auto read = integer("SELECT count(*) FROM sqlite_schema"); !read)
        return std::unexpected(read.error());
    const auto version = text("PRAGMA cipher_version");
    if (!version || version->empty())
        return std::unexpected(Error{Errc::Database, "this is SQLite without encryption"});
    return {};
}

Result<void> Database::configure()
{
    sqlite3* const handle = m_database.get();
    sqlite3_busy_timeout(handle, kWaitMilliseconds);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);

    if (const auto set = execute("PRAGMA auto_vacuum = NONE; PRAGMA temp_store = MEMORY;"
                                 "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;"
                                 "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;");
        !set)
        return set;
    const auto journal = text("PRAGMA journal_mode = WAL");
    if (!journal)
        return std::unexpected(journal.error());

    // Temporary tables on disk would be plaintext; a database without WAL or FULL would lose what
    // was acknowledged. Neither may depend on how the library was compiled.
    const std::array<std::pair<const char*, std::int64_t>, 4> wanted{{
        {"PRAGMA temp_store", 2},
        {"PRAGMA synchronous", 2},
        {"PRAGMA auto_vacuum", 0},
        {"PRAGMA foreign_keys", 1},
    }};
    bool asWanted = *journal == "wal";
    for (const auto& [pragma, value] : wanted) {
        const auto set = integer(pragma);
        asWanted = asWanted && set && *set == value;
    }
    if (!asWanted)
        return std::unexpected(Error{Errc::Database, "a safety setting was not accepted"});
    return {};
}

Result<void> Database::execute(const char* sql)
{
    const int code = sqlite3_exec(m_database.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return refused(sqlite3_extended_errcode(m_database.get()));
    return {};
}

Result<Statement> Database::prepare(std::string_view sql)
{
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(m_database.get(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
    if (code != SQLITE_OK)
        return refused(sqlite3_extended_errcode(m_database.get()));
    return Statement(statement);
}

Result<Transaction> Database::begin()
{
    if (const auto begun = execute("BEGIN IMMEDIATE"); !begun)
        return std::unexpected(begun.error());
    return Transaction(this);
}

Result<std::int64_t> Database::integer(std::string_view sql)
{
    auto statement = prepare(sql);
    if (!statement)
        return std::unexpected(statement.error());
    const auto row = statement->step();
    if (!row)
        return std::unexpected(row.error());
    return *row ? statement->integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql)
{
    auto statement = prepare(sql);
    if (!statement)
        return std::unexpected(statement.error());
    const auto row = statement->step();
    if (!row)
        return std::unexpected(row.error());
    return *row ? statement->text(0) : std::string();
}

Result<void> Database::copyFile(const std::filesystem::path& to)
{
    // Through SQLite's own descriptor: opening and closing the file here would drop its locks.
    sqlite3_file* file = nullptr;
    sqlite3_int64 size = 0;
    if (sqlite3_file_control(m_database.get(), "main", SQLITE_FCNTL_FILE_POINTER,
                             static_cast<void*>(&file)) != SQLITE_OK ||
        file == nullptr || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return refused(SQLITE_IOERR);
    std::vector<std::byte> buffer(std::size_t{1} << 20U);
    sqlite3_int64 at = 0;
    return writeAtomically(to, [&]() -> Result<std::span<const std::byte>> {
        const auto part = std::min<sqlite3_int64>(size - at, std::ssize(buffer));
        const int code =
            part == 0 ? SQLITE_OK
                      : file->pMethods->xRead(file, buffer.data(), static_cast<int>(part), at);
        if (code != SQLITE_OK)
            return refused(code);
        at += part;
        return std::span<const std::byte>(buffer).first(static_cast<std::size_t>(part));
    });
}

std::int64_t Database::lastRow() const
{
    return sqlite3_last_insert_rowid(m_database.get());
}
std::int64_t Database::changes() const
{
    return sqlite3_changes64(m_database.get());
}

} // namespace storage
