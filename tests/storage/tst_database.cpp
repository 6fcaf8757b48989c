// SPDX-License-Identifier: Apache-2.0
#include "storage/database.h"
#include "storage/migrations.h"

#include "tests/storage/support.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace fs = std::filesystem;
using storage::Database;
using storage::Errc;
using storage::Migration;
using storage::Secret;

namespace {

constexpr std::array kVersion1{Migration{"CREATE TABLE word(text TEXT NOT NULL UNIQUE)"}};
constexpr std::array kVersion2{
    kVersion1[0],
    Migration{"ALTER TABLE word ADD COLUMN length INTEGER; UPDATE word SET length = length(text)"}};
constexpr std::array kBroken{
    kVersion1[0],
    Migration{"ALTER TABLE word ADD COLUMN length INTEGER; SELECT no_such_function()"}};

struct Bench {
    Bench()
        : key(valueOf(Secret::random()))
        , file(fs::path(folder.path().toStdString()) / "words.db")
    {
    }
    Database open() { return valueOf(Database::open(file, key, Database::Mode::Create)); }
    void fill(Database& database, int rows)
    {
        valueOf(migrate(database, file, kVersion1));
        auto transaction = valueOf(database.begin());
        auto insert = valueOf(database.prepare("INSERT INTO word(text) VALUES(?1)"));
        for (int i = 0; i < rows; ++i) {
            const std::string text = "word number " + std::to_string(i);
            valueOf(insert.bind(1, text).run());
        }
        valueOf(transaction.commit());
    }

    void write(Database& database, std::string_view text)
    {
        auto insert = valueOf(database.prepare("INSERT INTO word(text) VALUES(?1)"));
        valueOf(insert.bind(1, text).run());
    }

    QTemporaryDir folder;
    Secret key;
    fs::path file;
};

} // namespace

class TestDatabase : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isEncryptedAndHardened()
    {
        Bench bench;
        {
            auto database = bench.open();
            bench.fill(database, 500);
            QCOMPARE(valueOf(database.text("PRAGMA journal_mode")), "wal");
            QCOMPARE(valueOf(database.integer("PRAGMA synchronous")), 2);
            QCOMPARE(valueOf(database.integer("PRAGMA temp_store")), 2);
            QCOMPARE(valueOf(database.integer("PRAGMA foreign_keys")), 1);
            QCOMPARE(valueOf(database.integer("PRAGMA trusted_schema")), 0);
            QCOMPARE(valueOf(database.integer("PRAGMA secure_delete")), 1);
            QCOMPARE(valueOf(database.integer("PRAGMA auto_vacuum")), 0);
            QCOMPARE(valueOf(database.text("PRAGMA cipher_memory_security")), "0");
            QCOMPARE(errorOf(database.execute("SELECT load_extension('x')")), Errc::Database);
            QCOMPARE(errorOf(database.execute("ATTACH '/tmp/plain.db' AS plain")), Errc::Database);
            // Defensive: the schema cannot be written as a table.
            valueOf(database.execute("PRAGMA writable_schema = ON"));
            QCOMPARE(errorOf(database.execute("UPDATE sqlite_schema SET sql = 'x'")),
                     Errc::Database);
        }
        QFile file(QString::fromStdString(bench.file.string()));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(bytes.size() > 10000);
        QVERIFY(!bytes.startsWith("SQLite format 3"));
        QVERIFY(!bytes.contains("word number"));
    }

    void wrongKeyAndForeignFileAreCorrupt()
    {
        Bench bench;
        {
            auto database = bench.open();
            bench.fill(database, 5);
        }
        const auto other = valueOf(Secret::random());
        QCOMPARE(errorOf(Database::open(bench.file, other, Database::Mode::MustExist)),
                 Errc::Corrupt);
        QFile plain(bench.folder.filePath(QStringLiteral("plain.db")));
        QVERIFY(plain.open(QIODevice::WriteOnly));
        plain.write(QByteArray("SQLite format 3\0", 16) + QByteArray(8192, 'x'));
        plain.close();
        QCOMPARE(errorOf(Database::open(plain.fileName().toStdString(), bench.key,
                                        Database::Mode::MustExist)),
                 Errc::Corrupt);
        QCOMPARE(errorOf(Database::open(bench.file.parent_path() / "none.db", bench.key,
                                        Database::Mode::MustExist)),
                 Errc::NotFound);
        valueOf(Database::open(bench.file, bench.key, Database::Mode::MustExist));
    }

    void flippedByteInAnyPageIsNoticed()
    {
        Bench bench;
        {
            auto database = bench.open();
            bench.fill(database, 2000);
        }
        QFile file(QString::fromStdString(bench.file.string()));
        QVERIFY(file.open(QIODevice::ReadWrite));
        const QByteArray good = file.readAll();
        const auto read = [&]() -> storage::Result<std::string> {
            auto database = Database::open(bench.file, bench.key, Database::Mode::MustExist);
            if (!database)
                return std::unexpected(database.error());
            const auto integrity = database->text("PRAGMA integrity_check");
            if (!integrity)
                return std::unexpected(integrity.error());
            if (*integrity != "ok")
                return std::unexpected(storage::Error{Errc::Corrupt, "integrity"});
            return database->text("SELECT group_concat(text || rowid) FROM word NOT INDEXED");
        };
        const auto whole = read();
        QVERIFY(whole.has_value());
        QVERIFY(good.size() > 20 * 4096);
        for (qsizetype page = 0; page < good.size() / 4096; ++page) {
            const qsizetype at = page * 4096 + 100 + page % 3900;
            file.seek(at);
            file.putChar(static_cast<char>(good[at] ^ 0x10));
            file.flush();
            const auto damaged = read();
            QCOMPARE(errorOf(damaged), Errc::Corrupt);
            file.seek(at);
            file.putChar(good[at]);
            file.flush();
        }
        QCOMPARE(valueOf(read()), *whole);
    }

    void uncommittedWorkIsRolledBack()
    {
        Bench bench;
        auto database = bench.open();
        bench.fill(database, 1);
        {
            auto transaction = valueOf(database.begin());
            valueOf(database.execute("INSERT INTO word(text) VALUES('lost')"));
        }
        QCOMPARE(valueOf(database.integer("SELECT count(*) FROM word")), 1);
        QCOMPARE(errorOf(database.execute("INSERT INTO word(text) VALUES('word number 0')")),
                 Errc::AlreadyExists);
    }

    void errorsRepeatNoValues()
    {
        Bench bench;
        auto database = bench.open();
        bench.fill(database, 1);
        auto insert = valueOf(database.prepare("INSERT INTO word(text) VALUES(?1)"));
        const auto refused = insert.bind(1, std::string_view("word number 0")).run();
        QVERIFY(!refused.has_value());
        QVERIFY(!refused.error().detail.contains("word number"));
        const auto bad = database.prepare("SELECT 'Mrs Smith' FROM nowhere");
        QVERIFY(!bad.has_value());
        QVERIFY(!bad.error().detail.contains("Smith"));
    }

    void bindsWhatItIsGiven()
    {
        Bench bench;
        auto database = bench.open();
        auto select = valueOf(database.prepare("SELECT ?1, ?2, ?3, typeof(?1), typeof(?3)"));
        const std::string text("a\0b", 3);
        select.bind(1, text).bind(2, std::int64_t{-7}).bind(3, std::span<const std::byte>());
        QVERIFY(valueOf(select.step()));
        QCOMPARE(select.text(0), text);
        QCOMPARE(select.integer(1), -7);
        QVERIFY(select.blob(2).empty());
        QCOMPARE(select.text(3), "text");
        QCOMPARE(select.text(4), "blob");
        select.reset();
        QVERIFY(!select.bind(9, std::int64_t{1}).step().has_value()); // there is no ?9
    }

    void migratesWithABackup()
    {
        Bench bench;
        {
            auto database = bench.open();
            bench.fill(database, 300);
            QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 1);
        }
        {
            auto database = bench.open();
            valueOf(migrate(database, bench.file, kVersion2));
            QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 2);
            QCOMPARE(valueOf(database.integer("SELECT count(*) FROM migration")), 2);
            QCOMPARE(valueOf(database.integer("SELECT min(length) FROM word")), 13);
            valueOf(migrate(database, bench.file, kVersion2)); // nothing left to do
        }
        auto backup = bench.file;
        backup += ".before-v2";
        auto before = valueOf(Database::open(backup, bench.key, Database::Mode::MustExist));
        QCOMPARE(valueOf(before.integer("PRAGMA user_version")), 1);
        QCOMPARE(valueOf(before.integer("SELECT count(*) FROM word")), 300);
        QCOMPARE(valueOf(before.text("PRAGMA integrity_check")), "ok");
        QCOMPARE(fs::status(backup).permissions() & fs::perms::all,
                 fs::perms::owner_read | fs::perms::owner_write);
    }

    void oldestSchemaMigrates()
    {
        Bench bench;
        auto database = bench.open(); // version 0: written before versions were counted
        valueOf(database.execute("CREATE TABLE other(x)"));
        valueOf(migrate(database, bench.file, kVersion2));
        QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 2);
        auto backup = bench.file;
        backup += ".before-v2";
        QVERIFY(fs::exists(backup));
    }

    void failedMigrationChangesNothing()
    {
        Bench bench;
        auto database = bench.open();
        bench.fill(database, 3);
        QCOMPARE(errorOf(migrate(database, bench.file, kBroken)), Errc::Database);
        QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 1);
        QCOMPARE(errorOf(database.prepare("SELECT length FROM word")), Errc::Database);
        QCOMPARE(valueOf(database.integer("SELECT count(*) FROM word")), 3);
    }

    void isNotMigratedWhileSomebodyReads()
    {
        Bench bench;
        auto database = bench.open();
        bench.fill(database, 3);
        valueOf(database.execute("PRAGMA busy_timeout = 1"));
        auto backup = bench.file;
        backup += ".before-v2";
        {
            auto other = bench.open();
            auto reading = valueOf(other.prepare("SELECT text FROM word"));
            QVERIFY(valueOf(reading.step())); // holds what it reads in the log
            bench.write(database, "after");
            QCOMPARE(errorOf(migrate(database, bench.file, kVersion2)), Errc::Database);
            QVERIFY(!fs::exists(backup)); // it would lack what is in the log only
            QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 1);
        }
        valueOf(migrate(database, bench.file, kVersion2)); // the control: nobody reads
        auto before = valueOf(Database::open(backup, bench.key, Database::Mode::MustExist));
        QCOMPARE(valueOf(before.integer("SELECT count(*) FROM word")), 4);
    }

    void newerVersionIsLeftAlone()
    {
        Bench bench;
        auto database = bench.open();
        valueOf(migrate(database, bench.file, kVersion2));
        QCOMPARE(errorOf(migrate(database, bench.file, kVersion1)), Errc::TooNew);
        QCOMPARE(valueOf(database.integer("PRAGMA user_version")), 2);
    }

    void opensAgain()
    {
        Bench bench;
        {
            auto database = bench.open();
            bench.fill(database, 1000);
        }
        std::chrono::duration<double, std::milli> best(1000);
        for (int i = 0; i < 5; ++i) {
            const auto begun = std::chrono::steady_clock::now();
            auto database = bench.open();
            best = std::min<decltype(best)>(best, std::chrono::steady_clock::now() - begun);
        }
        qInfo("open: %.2f ms", best.count());
        QCOMPARE(valueOf(bench.open().integer("SELECT count(*) FROM word")), 1000);
    }
};

QTEST_GUILESS_MAIN(TestDatabase)
#include "tst_database.moc"
