// SPDX-License-Identifier: Apache-2.0
// What cloister-model keeps between its runs: docs/formats/pack.md.
#include "tests/inference/engine/run_program.h"
#include "tests/support/files.h"
#include "tests/support/pack_damage.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>
#include <filesystem>
#include <sys/stat.h>

namespace fs = std::filesystem;
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
                              QStringLiteral("--pack-folder"), path("packs")};
        return run("cloister-model", arguments + more);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestModelPacks)
#include "tst_model_packs.moc"
