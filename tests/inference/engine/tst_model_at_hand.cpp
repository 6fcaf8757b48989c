// SPDX-License-Identifier: Apache-2.0
// A pack is kept under the hash of the bytes that it was made from, or not at all: whoever writes
// to a model file, or puts another in its place, while it is read or hashed.
#include "inference/engine/draft_option.h"
#include "inference/engine/model_at_hand.h"
#include "tests/support/files.h"
#include "tests/support/mutated.h"
#include "tests/support/run_options.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <unistd.h>

using engine::ModelAtHand;
using engine::OpenFile;
using engine::PackCache;
using support::contentOf;
using support::writeFile;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kLimit = 4'000'000'000;

/// Times of files pass in steps of up to ten milliseconds.
void waitForAnotherTime()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

} // namespace

class TestModelAtHand : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        writeFile(model(), support::tinyModel());
        waitForAnotherTime();
    }

    void whatStoodStillIsKept() // the control of what follows
    {
        auto opened = open();
        QVERIFY(opened && opened->load({.threads = 1}));
        QCOMPARE(packCount(), 1);
        auto again = open();
        QVERIFY(again && again->load({.threads = 1}));
        QCOMPARE(packCount(), 1);
    }

    void whatWasWrittenToSinceItWasOpenedIsNot_data()
    {
        QTest::addColumn<bool>("known");
        QTest::newRow("never hashed") << false;
        QTest::newRow("hashed, its pack gone") << true;
    }

    void whatWasWrittenToSinceItWasOpenedIsNot()
    {
        QFETCH(bool, known);
        if (known) {
            QVERIFY(open()->load({.threads = 1}));
            for (const fs::path& pack : packFiles())
                fs::remove(pack);
        }
        auto opened = open();
        QVERIFY(opened);
        // The last bytes are weights: the network that is loaded has them or not, nobody can tell.
        const auto length = static_cast<std::streamoff>(fs::file_size(model()));
        std::fstream(model(), std::ios::binary | std::ios::in | std::ios::out).seekp(length - 8)
            << "changed!";
        QVERIFY(opened->load({.threads = 1})); // it computes all the same
        QCOMPARE(packCount(), 0);
        // The next one is told by what stands there now.
        QVERIFY(open()->load({.threads = 1}));
        QCOMPARE(packCount(), 1);
    }

    void anotherFileInItsPlaceIsNotTakenForIt()
    {
        auto opened = open();
        QVERIFY(opened);
        const fs::path other = path("other.gguf");
        writeFile(other, support::tinyModel("smollm", 7));
        fs::rename(other, model());
        QVERIFY(opened->load({.threads = 1}));
        // Whatever is kept, what lies there now is not known under it.
        const OpenFile now = read(model());
        QVERIFY(!cache().knownHash(now.number()));
        auto next = open();
        QVERIFY(next && next->load({.threads = 1}));
        const auto hash = cache().knownHash(now.number());
        QVERIFY(hash && *hash == hashOf("smollm", 7));
        QVERIFY(*hash != hashOf("smollm", 20261123));
    }

    void aHashIsOfWhatStoodThereAllTheTime()
    {
        PackCache packs = cache();
        const OpenFile file = read(model());
        const std::string before = PackCache::stamp(file.number());
        QVERIFY(!before.empty());
        QVERIFY(!packs.knownHash(file.number()));
        std::ofstream(model(), std::ios::binary | std::ios::app) << 'x';
        QVERIFY(!packs.hash(file.number(), model(), before));
        QVERIFY(!packs.knownHash(file.number())); // nor is it remembered
        const std::string after = PackCache::stamp(file.number());
        QVERIFY(after != before);
        const auto hash = packs.hash(file.number(), model(), after);
        QVERIFY(hash);
        QVERIFY(packs.knownHash(file.number()) == hash);
        // Set back to the time it had, and as long as it was: still another file.
        const auto when = fs::last_write_time(model());
        waitForAnotherTime();
        std::fstream(model(), std::ios::binary | std::ios::in | std::ios::out).seekp(3000) << 'y';
        fs::last_write_time(model(), when);
        QVERIFY(!packs.knownHash(file.number()));
        QVERIFY(!packs.hash(-1, model(), after));
        QVERIFY(PackCache::stamp(-1).empty());
    }

    /// Refused before it is loaded: it must stay in memory as the model itself must.
    void aDraftMustFitBesideTheModel()
    {
        writeFile(path("draft.gguf"), support::tinyModel("smollm", 7));
        const auto opened = open();
        QVERIFY(opened);
        const std::uint64_t both = neededWithDraft();
        const auto draftIn = [&](std::uint64_t memory) {
            return engine::openDraft(options(memory), opened->file(), 1, {});
        };
        const auto refused = draftIn(both - 1);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, model::Errc::OutOfMemory);
        QCOMPARE(refused.error().neededBytes, both);
        QVERIFY(refused.error().detail.ends_with(" MB are left of 4000 MB"));
        const auto fits = draftIn(both); // the control
        QVERIFY(fits && *fits);
    }

    void pagesOfEveryPoolAreCounted()
    {
        writeFile(path("draft.gguf"), support::tinyModel("smollm", 7));
        const auto first = open();
        const auto draft = engine::openDraft(options(kLimit), first->file(), 1, {}).value();
        const std::uint64_t page = model::KvPool::bytesPerPage(draft->network->kvLayers());
        const model::GgufFile* const alone = &first->file();
        const std::uint64_t one = engine::neededFor(std::span(&alone, 1));
        const auto fits = [&](std::uint64_t memory, const engine::DraftOption* beside,
                              unsigned pools) {
            auto opened = ModelAtHand::open(options(memory));
            return opened->load({.threads = 1}) && !opened->tooManyPages(10, beside, pools);
        };
        // The draft model is as large as the other: three pools of pages alike.
        const std::uint64_t both = neededWithDraft();
        QVERIFY(fits(one + 10 * page, nullptr, 1));
        QVERIFY(!fits(one + 10 * page - 1, nullptr, 1));
        QVERIFY(fits(one + 20 * page, nullptr, 2));
        QVERIFY(!fits(one + 20 * page - 1, nullptr, 2));
        QVERIFY(fits(both + 30 * page, draft.get(), 2));
        QVERIFY(!fits(both + 30 * page - 1, draft.get(), 2));
    }

    /// The list of what was hashed is a file of the person's: anything may stand in it.
    void survivesAnyListOfModels()
    {
        PackCache packs = cache();
        const OpenFile file = read(model());
        const auto hash = packs.hash(file.number(), model(), PackCache::stamp(file.number()));
        QVERIFY(hash);
        const fs::path list = folder() / "models";
        const std::string whole = contentOf(list);
        std::mt19937 random(11);
        int found = 0;
        const int rounds = support::rounds(500, 200000);
        for (int round = 0; round < rounds; ++round) {
            writeFile(list, support::mutated(whole, random, "0 a\n.\xff"));
            found += packs.knownHash(file.number()) == hash;
        }
        QVERIFY(found > 0 && found < rounds);
        writeFile(list, whole);
        QVERIFY(packs.knownHash(file.number()) == hash);
    }

private:
    [[nodiscard]] fs::path path(const char* name) const
    {
        return m_folder->filePath(QString::fromLatin1(name)).toStdString();
    }
    [[nodiscard]] fs::path model() const { return path("tiny.gguf"); }
    [[nodiscard]] fs::path folder() const { return path("packs"); }
    [[nodiscard]] PackCache cache() const { return PackCache(folder()); }

    [[nodiscard]] model::Result<ModelAtHand> open() const
    {
        return ModelAtHand::open(options(UINT64_MAX));
    }
    [[nodiscard]] engine::Options options(std::uint64_t memory) const
    {
        const std::vector<std::string> words = {model(), "--pack-folder", folder(), "--draft",
                                                path("draft.gguf")};
        auto options = engine::Options::parse(words, {"pack-folder", "draft"}, {}).value();
        options.setMemory({.memory = memory, .memoryLimit = kLimit});
        return options;
    }
    [[nodiscard]] std::uint64_t neededWithDraft() const
    {
        const auto answer = engine::openModelFile(model());
        const auto draft = engine::openModelFile(path("draft.gguf"));
        const std::array<const model::GgufFile*, 2> both = {&*answer, &*draft};
        return engine::neededFor(both);
    }
    static OpenFile read(const fs::path& file)
    {
        return OpenFile(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    }
    [[nodiscard]] std::optional<model::ModelHash> hashOf(const char* preTokenizer,
                                                         unsigned seed) const
    {
        const fs::path file = path("alone.gguf");
        writeFile(file, support::tinyModel(preTokenizer, seed));
        const OpenFile opened = read(file);
        return PackCache(path("elsewhere"))
            .hash(opened.number(), file, PackCache::stamp(opened.number()));
    }
    [[nodiscard]] std::vector<fs::path> packFiles() const
    {
        std::vector<fs::path> packs;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder(), error))
            if (entry.path().extension() == ".pack")
                packs.push_back(entry.path());
        return packs;
    }
    [[nodiscard]] int packCount() const { return static_cast<int>(packFiles().size()); }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestModelAtHand)
#include "tst_model_at_hand.moc"
