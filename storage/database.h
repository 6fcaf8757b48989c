// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace storage {

class Database;

/// One prepared statement. Parameters count from 1, columns from 0.
/// What bind takes must live until the next step() or reset(). Must not outlive its Database.
class Statement {
public:
    Statement& bind(int parameter, std::string_view text);
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::span<const std::byte> blob);

    /// True when a row is there, false at the end. Errors: Database, Corrupt, AlreadyExists when a
    /// UNIQUE rule forbids the row; also what an earlier bind() refused.
    Result<bool> step();
    /// What @p make(*this) gives for each row, to the last one; then resets. Errors: as step.
    template <typename Make>
    auto rows(const Make& make)
        -> Result<std::vector<std::invoke_result_t<const Make&, Statement&>>>
    {
        std::vector<std::invoke_result_t<const Make&, Statement&>> made;
        for (;;) {
            const auto row = step();
            if (!row)
                return std::unexpected(row.error());
            if (!*row)
                break;
            made.push_back(make(*this));
        }
        reset();
        return made;
    }
    /// Runs to the end, for statements without rows, and resets.
    Result<void> run();
    /// Makes the statement ready for other parameters.
    void reset();

    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    /// Into the row: until the next step() or reset().
    [[nodiscard]] std::span<const std::byte> blob(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement)
        : m_statement(statement)
    {
    }
    std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
    int m_refused = 0; // first bind that failed
};

/// BEGIN IMMEDIATE; what is not committed is rolled back when it goes.
class Transaction {
public:
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    ~Transaction();

    /// Returns once it would survive power loss.
    Result<void> commit();

private:
    friend class Database;
    explicit Transaction(Database* database)
        : m_database(database)
    {
    }
    Database* m_database;
};

/// One SQLCipher database: AES-256 pages with HMAC, WAL, synchronous=FULL, temporary tables only in
/// memory, defensive, no extensions. No error of it carries SQL parameters or row data.
/// Threads: one thread; open a second Database on the file for another.
class Database {
public:
    enum class Mode : std::uint8_t { Create, MustExist };

    /// @p key is used as it is (no key derivation), so an open takes a few milliseconds.
    /// Errors: Corrupt when the key is wrong or the file is none of ours; NotFound; Database.
    static Result<Database> open(const std::filesystem::path& file, const Secret& key, Mode mode);

    Database(Database&&) noexcept = default;
    Database& operator=(Database&&) noexcept = default;
    ~Database() = default;

    /// Runs constant SQL: schema and pragmas. Values never go into SQL text.
    Result<void> execute(const char* sql);
    Result<Statement> prepare(std::string_view sql);
    Result<Transaction> begin();

    /// First column of the first row of constant SQL.
    Result<std::int64_t> integer(std::string_view sql);
    Result<std::string> text(std::string_view sql);

    /// Copies the file as it is, encrypted, to @p to. Call it in a transaction, with all of the WAL
    /// checkpointed: then the copy is the whole database. Errors: Io.
    Result<void> copyFile(const std::filesystem::path& to);

    [[nodiscard]] std::int64_t lastRow() const;
    [[nodiscard]] std::int64_t changes() const;

private:
    friend class Transaction;
    struct Close {
        void operator()(sqlite3* database) const;
    };
    explicit Database(sqlite3* database)
        : m_database(database)
    {
    }
    Result<void> unlock(const Secret& key);
    Result<void> configure();

    std::unique_ptr<sqlite3, Close> m_database;
};

} // namespace storage
