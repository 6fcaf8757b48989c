// SPDX-License-Identifier: Apache-2.0
// What cloister-model keeps between its runs: docs/formats/pack.md.
#include "inference/kernels/tier.h"
#include "inference/model/gguf.h"
#include "storage/process/thread_counts.h"
#include "tests/inference/engine/run_program.h"
#include "tests/support/files.h"
#include "tests/support/pack_damage.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <filesystem>
#include <format>
#include <sys/stat.h>
#include <thread>

namespace fs = std::filesystem;
using process::hostForThreads;
using process::rememberThreads;
using support::contentOf;

class TestModelPacks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        writeFile(path("tiny.gguf"), QByteArray::fromStdString(support::tinyModel()));
        writeFile(path("prompt.txt"), "Which value is the latest?");
    }

    void theSecondRunMapsWhatTheFirstOneKept()
    {
        const Ran first = generate();
        QCOMPARE(first.status, 0);
        const fs::path pack = onlyPack();
        struct stat file = {};
        QCOMPARE(::stat(packs().c_str(), &file), 0);
        QCOMPARE(file.st_mode & 0777, 0700U);
        QCOMPARE(::stat(pack.c_str(), &file), 0);
        QCOMPARE(file.st_mode & 0777, 0600U);
        const auto inode = file.st_ino;

        const Ran second = generate();
        QCOMPARE(second.out, first.out);
        QVERIFY(second.err.startsWith("prompt "));
        QCOMPARE(::stat(pack.c_str(), &file), 0);
        QCOMPARE(file.st_ino, inode);
        QCOMPARE(fileCount(), 2); // and the list of models
    }

    void aDamagedPackIsMadeAgain_data() { support::addPackDamages(); }

    void aDamagedPackIsMadeAgain()
    {
        QFETCH(int, at);
        const Ran whole = generate();
        const fs::path pack = onlyPack();
        const std::string bytes = contentOf(pack);
        support::writeFile(pack, support::packDamagedAt(at, bytes));
        const Ran again = generate();
        QCOMPARE(again.status, 0);
        QCOMPARE(again.out, whole.out);
        QVERIFY2(again.err.startsWith("cloister-model: pack file: "), again.err.constData());
        QCOMPARE(contentOf(pack), bytes);
        QVERIFY(generate().err.startsWith("prompt "));
    }

    void aModelThatWasWrittenToIsHashedAgain()
    {
        QCOMPARE(generate().status, 0);
        const fs::path before = onlyPack();
        writeFile(path("tiny.gguf"), QByteArray::fromStdString(support::tinyModel("qwen2")));
        const Ran ran = generate();
        QCOMPARE(ran.status, 0);
        QVERIFY(!fs::exists(before)); // of a model that is gone
        QVERIFY(onlyPack() != before);
        QCOMPARE(generate({QStringLiteral("--no-pack")}).out, ran.out);
    }

    void packsOfModelsThatAreThereStay()
    {
        QCOMPARE(generate().status, 0);
        const fs::path first = onlyPack();
        writeFile(path("other.gguf"), QByteArray::fromStdString(support::tinyModel("qwen2")));
        QCOMPARE(generate({}, "other.gguf").status, 0);
        QVERIFY(fs::exists(first));
        QCOMPARE(fileCount(), 3);
        // What a run left that died, and what is nobody's.
        writeFile(path("packs/4000000.new"), "begun");
        fs::remove(path("other.gguf").toStdString());
        fs::remove(first);
        QCOMPARE(generate().status, 0);
        QCOMPARE(onlyPack(), first);
        QCOMPARE(fileCount(), 2);
    }

    void theBestThreadsAreKept()
    {
        const unsigned cores = std::thread::hardware_concurrency();
        if (cores < 2)
            QSKIP("this machine has one core");
        const std::string key =
            std::format("{} | " CLOISTER_VERSION " | {} threads | {} | F32 2^", hostForThreads(),
                        cores, kernels::nameOf(kernels::bestTier()));
        QCOMPARE(bench().status, 0);
        const fs::path threads = packs() / "threads";
        // Nothing is kept while others run beside this test.
        if (fs::exists(threads)) {
            struct stat file = {};
            QCOMPARE(::stat(threads.c_str(), &file), 0);
            QCOMPARE(file.st_mode & 0777, 0600U);
            const auto known = process::parseThreadCounts(contentOf(threads));
            QVERIFY(known && known->size() == 1);
            QVERIFY2(known->front().key.starts_with(key), known->front().key.c_str());
        }

        // What is kept is used: here it is something else.
        const std::string whole = key + std::format("{} bytes", exponent());
        QVERIFY(rememberThreads(threads, whole, {.decode = 1, .prefill = 2}));
        QVERIFY(bench().out.contains(" 2 threads to read, 1 to generate (kept), "));
        QVERIFY(rememberThreads(threads, whole, {.decode = 2, .prefill = 1}));
        QVERIFY(bench().out.contains(" 1 threads to read, 2 to generate (kept), "));
        QVERIFY(bench({QStringLiteral("--json")})
                    .out.contains("\"decode_threads\":2,\"prefill_threads\":1,"
                                  "\"threads_from\":\"kept\""));
        // Other kernels, a folder that keeps nothing, and threads that are named.
        QVERIFY(!bench({QStringLiteral("--tier"), QStringLiteral("generic")})
                     .out.contains(" (kept), "));
        QVERIFY(!bench({QStringLiteral("--no-pack")}).out.contains(" (kept), "));
        QVERIFY(bench({QStringLiteral("--threads"), QStringLiteral("2")})
                    .out.contains(" 2 threads to read, 2 to generate (option), "));
        QVERIFY(bench().out.contains(" (kept), "));

        writeFile(path("packs/threads"), "1 1 1");
        QVERIFY(!bench().out.contains(" (kept), "));
    }

    void withoutAFolderNothingIsKept()
    {
        const Ran kept = generate();
        fs::remove_all(packs());
        const Ran none = generate({QStringLiteral("--no-pack")});
        QCOMPARE(none.out, kept.out);
        QVERIFY(!fs::exists(packs()));
        writeFile(path("packs"), "a file");
        const Ran refused = generate();
        QCOMPARE(refused.status, 0);
        QCOMPARE(refused.out, kept.out);
    }

private:
    [[nodiscard]] QString path(const char* name) const
    {
        return m_folder->filePath(QString::fromLatin1(name));
    }
    [[nodiscard]] fs::path packs() const { return path("packs").toStdString(); }
    [[nodiscard]] long fileCount() const
    {
        return std::distance(fs::directory_iterator(packs()), fs::directory_iterator());
    }
    /// The pack that is there; empty when there is none or more than one.
    [[nodiscard]] fs::path onlyPack() const
    {
        fs::path only;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(packs(), error)) {
            if (entry.path().extension() != ".pack")
                continue;
            if (!only.empty())
                return {};
            only = entry.path();
        }
        return only;
    }
    [[nodiscard]] Ran generate(const QStringList& more = {}, const char* model = "tiny.gguf") const
    {
        QStringList arguments{QStringLiteral("generate"),      path(model),
                              QStringLiteral("--prompt-file"), path("prompt.txt"),
                              QStringLiteral("--max-tokens"),  QStringLiteral("20"),
                              QStringLiteral("--pack-folder"), path("packs"),
                              QStringLiteral("--threads"),     QStringLiteral("2")};
        return run("cloister-model", arguments + more);
    }
    [[nodiscard]] Ran bench(const QStringList& more = {}) const
    {
        QStringList arguments{QStringLiteral("bench"),         path("tiny.gguf"),
                              QStringLiteral("--prompt"),      QStringLiteral("10"),
                              QStringLiteral("--generate"),    QStringLiteral("2"),
                              QStringLiteral("--repeat"),      QStringLiteral("1"),
                              QStringLiteral("--pack-folder"), path("packs")};
        return run("cloister-model", arguments + more);
    }
    /// Of the bytes of its weights, rounded to a power of two.
    static long exponent()
    {
        const std::string bytes = support::tinyModel();
        const auto file = model::GgufFile::parse(std::as_bytes(std::span(bytes)));
        double sum = 0;
        for (const model::Tensor& tensor : file->tensors())
            sum += static_cast<double>(tensor.data.size());
        return std::lround(std::log2(sum));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestModelPacks)
#include "tst_model_packs.moc"
