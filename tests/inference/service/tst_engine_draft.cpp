// SPDX-License-Identifier: Apache-2.0
// With a draft model answers are the same. One that can't be used is named and left out.
#include "tests/inference/service/engine_requests.h"

#include <csignal>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
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
        const auto packs = [this] {
            std::size_t count = 0;
            for (const auto& entry : std::filesystem::directory_iterator(m_folder.file("packs")))
                count += entry.path().extension() == ".pack" ? 1 : 0;
            return count;
        };
        for (const bool mapped : {false, true}) {
            const auto client = EngineClient::start(options);
            QVERIFY(becomesReady(*client));
            QVERIFY(client->status().draft == DraftModel::InUse);
            QCOMPARE(client->status().model->fromPack, mapped);
            QCOMPARE(answerOf(*client), m_plain);
            QVERIFY(eventually([&] { return packs() == 2; }));
        }
        // Without the setting its pack goes as soon as another one is kept.
        options.draftFile.clear();
        std::ofstream(m_folder.model(), std::ios::binary | std::ios::app) << "longer";
        const auto client = EngineClient::start(options);
        QVERIFY(becomesReady(*client));
        QVERIFY(eventually([&] { return packs() == 1; }));
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
