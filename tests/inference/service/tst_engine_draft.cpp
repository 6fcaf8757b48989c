// SPDX-License-Identifier: Apache-2.0
// With a draft model answers are the same. One that can't be used is named and left out.
#include "inference/service/engine_process.h"
#include "inference/service/pack_folder.h"
#include "tests/inference/service/engine_requests.h"

#include <csignal>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::ModelFile;
using service::ModelFolder;
using service::request;
using service::Running;
using wire::DraftModel;

class TestEngineDraft : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        const auto client = EngineClient::start(ModelFolder::options(m_folder.model()));
        QVERIFY(becomesReady(*client));
        QVERIFY(client->status().draft == DraftModel::None);
        m_plain = answerOf(*client);
        QVERIFY(m_plain.size() > 100);
    }

    void answersAreTheSameAndBothPacksAreKept()
    {
        write("draft.gguf", support::tinyModel("smollm", 7));
        auto options = ModelFolder::options(m_folder.model());
        options.draftFile = m_folder.file("draft.gguf");
        options.packFolder = m_folder.file("packs");
        for (const bool mapped : {false, true}) {
            const auto client = EngineClient::start(options);
            QVERIFY(becomesReady(*client));
            QVERIFY(client->status().draft == DraftModel::InUse);
            QCOMPARE(client->status().model->fromPack, mapped);
            QCOMPARE(answerOf(*client), m_plain);
            QVERIFY(eventually([&] { return packsIn(options.packFolder) == 2; }));
        }
        // One that can't be opened today keeps its pack; without the setting it goes.
        const auto untilKept = [&] {
            const auto client = EngineClient::start(options);
            return becomesReady(*client) && eventually([&] {
                       return !std::filesystem::exists(options.packFolder / "answer-pack.new");
                   });
        };
        options.draftFile = m_folder.file("missing.gguf");
        QVERIFY(untilKept());
        QCOMPARE(packsIn(options.packFolder), std::size_t{2});
        options.draftFile.clear();
        const auto client = EngineClient::start(options);
        QVERIFY(becomesReady(*client));
        QVERIFY(client->status().model->fromPack);
        QVERIFY(eventually([&] { return packsIn(options.packFolder) == 1; }));
    }

    void aDraftModelRewrittenInPlaceIsHashedAgain()
    {
        const std::string draft = write("rewritten.gguf", support::tinyModel("smollm", 7));
        auto options = ModelFolder::options(m_folder.model());
        options.draftFile = draft;
        options.packFolder = m_folder.file("others");
        const auto client = EngineClient::start(options);
        QVERIFY(becomesReady(*client));
        const int pid = client->status().pid;
        std::fstream(draft, std::ios::binary | std::ios::in | std::ios::out) << "no model";
        QCOMPARE(::kill(pid, SIGKILL), 0);
        QVERIFY(eventually([&] {
            const auto now = client->status();
            return now.pid != pid && now.state == EngineClient::State::Ready;
        }));
        QVERIFY(client->status().draft == DraftModel::Unusable);
        QCOMPARE(answerOf(*client), m_plain);
        QVERIFY(eventually([&] { return isHashed(options); }));
    }

    // As in tst_engine_file: how much there is to hash before the answering model's worker is ready
    // depends on the machine.
    void aDraftModelRewrittenWhileItIsHashedCostsNoWorker()
    {
        for (std::uintmax_t size = kHole; size <= kLargestHole; size *= 4) {
            auto options = ModelFolder::options(m_folder.model());
            options.draftFile = write("long.gguf", support::tinyModel("smollm", 7));
            options.packFolder = m_folder.file("long") + std::to_string(size);
            std::filesystem::resize_file(options.draftFile, size);
            const auto client = EngineClient::start(options);
            QVERIFY(becomesReady(*client));
            const auto before = client->status();
            const auto stamp = ModelFile::open(options.draftFile)->stamp();
            std::filesystem::resize_file(options.draftFile, size + 1);
            // The hasher has taken note of it: what the worker wrote for a pack is gone.
            QVERIFY(eventually(
                [&] {
                    return !std::filesystem::exists(options.packFolder / "draft-pack.new") ||
                           client->status().restarts > 0;
                },
                120));
            if (!service::PackFolder(options.packFolder).hashOf(stamp).empty())
                continue; // hashed already, before it grew
            QCOMPARE(client->status().restarts, 0U);
            QCOMPARE(client->status().pid, before.pid);
            QCOMPARE(answerOf(*client), m_plain);
            QCOMPARE(packsIn(options.packFolder), std::size_t{1});
            QVERIFY(!isHashed(options)); // not with this worker
            QCOMPARE(::kill(before.pid, SIGKILL), 0);
            QVERIFY(eventually([&] { return isHashed(options); }, 120));
            QVERIFY(eventually([&] { return packsIn(options.packFolder) == 2; }));
            QVERIFY(client->status().draft == DraftModel::InUse);
            return;
        }
        QFAIL("each file was hashed before the worker was there");
    }

    void oneThatCantBeUsedIsLeftOut_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("fate");
        const auto row = [](const char* name, const std::string& content, DraftModel fate) {
            QTest::newRow(name) << QByteArray::fromStdString(content) << static_cast<int>(fate);
        };
        row("no file", "", DraftModel::Unusable);
        row("no model", "no model at all", DraftModel::Unusable);
        row("no vocabulary", support::tinyModel(""), DraftModel::OtherVocabulary);
    }

    void oneThatCantBeUsedIsLeftOut()
    {
        QFETCH(QByteArray, content);
        QFETCH(int, fate);
        auto options = ModelFolder::options(m_folder.model());
        options.draftFile = m_folder.file("missing.gguf");
        if (!content.isEmpty())
            options.draftFile = write("wrong.gguf", content.toStdString());
        const auto client = EngineClient::start(options);
        QVERIFY(becomesReady(*client));
        const auto status = client->status();
        QCOMPARE(status.draft ? static_cast<int>(*status.draft) : -1, fate);
        QCOMPARE(status.restarts, 0U);
        QCOMPARE(answerOf(*client), m_plain);
    }

private:
    static constexpr std::uintmax_t kHole = std::uintmax_t{1} << 30;
    static constexpr std::uintmax_t kLargestHole = kHole * 16;

    static std::size_t packsIn(const std::filesystem::path& folder)
    {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            count += entry.path().extension() == ".pack" ? 1 : 0;
        return count;
    }

    /// Whether the folder knows the hash of the draft model as it is now.
    static bool isHashed(const EngineClient::Options& options)
    {
        const auto file = ModelFile::open(options.draftFile);
        const std::string hash = service::PackFolder(options.packFolder).hashOf(file->stamp());
        return !hash.empty() && hash == file->sha256({});
    }

    std::string write(const char* name, const std::string& content)
    {
        std::string file = m_folder.file(name);
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

    static std::string answerOf(EngineClient& client)
    {
        Running running(client, request(150));
        return running.outcome() ? running.text() : std::string();
    }

    ModelFolder m_folder;
    std::string m_plain;
};

QTEST_GUILESS_MAIN(TestEngineDraft)
#include "tst_engine_draft.moc"
