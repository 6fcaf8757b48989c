// SPDX-License-Identifier: Apache-2.0
// What cloisterd keeps of a model between two starts: docs/formats/pack.md.
#include "tests/inference/service/engine_requests.h"
#include "tests/support/files.h"
#include "tests/support/pack_damage.h"

#include <csignal>
#include <sys/stat.h>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::ModelFolder;
using service::request;
using support::contentOf;

class TestEnginePacks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_folder = std::make_unique<ModelFolder>(); }

    void theSecondStartMapsWhatTheFirstOneKept()
    {
        const std::string hash = keepOne();
        QVERIFY(!m_mapped); // it packed the model itself
        struct stat folder = {};
        QCOMPARE(::stat(packs().c_str(), &folder), 0);
        QCOMPARE(folder.st_mode & 0777, 0700U);
        QVERIFY(!std::filesystem::exists(packs() / "answer-pack.new"));

        const std::string answer = m_answer;
        start();
        QVERIFY(m_mapped);
        QCOMPARE(m_answer, answer);
        QCOMPARE(m_hash, hash);
    }

    void theHashIsKnownFromTheFirstStart()
    {
        const std::string hash = keepOne();
        const std::string text = contentOf(packs() / "models");
        QVERIFY2(text.contains(hash), text.c_str());
        // It is what the second start uses: here it is another one, and no pack is found.
        std::ofstream(packs() / "models")
            << text.substr(0, text.find(hash)) << std::string(64, 'a') << '\n';
        start();
        QCOMPARE(m_hash, std::string(64, 'a'));
        QVERIFY(!m_mapped);
    }

    void aDamagedPackIsMadeAgain_data() { support::addPackDamages(); }

    void aDamagedPackIsMadeAgain()
    {
        QFETCH(int, at);
        const std::string hash = keepOne();
        const std::string answer = m_answer;
        const std::string whole = contentOf(packOf(hash));
        support::writeFile(packOf(hash), support::packDamagedAt(at, whole));
        start();
        QVERIFY(!m_mapped);
        QCOMPARE(m_answer, answer);
        QVERIFY(eventually([&] { return contentOf(packOf(hash)) == whole; }));
        start();
        QVERIFY(m_mapped);
    }

    void aPackOfAnotherModelGoes()
    {
        const std::string hash = keepOne();
        std::filesystem::rename(packOf(hash), packOf(std::string(64, 'b')));
        start();
        QVERIFY(!m_mapped);
        QVERIFY(eventually([&] {
            return std::filesystem::exists(packOf(hash)) &&
                   !std::filesystem::exists(packOf(std::string(64, 'b')));
        }));
    }

    void withoutAFolderNothingIsKept()
    {
        m_withPacks = false;
        start();
        QVERIFY(!m_mapped);
        QVERIFY(!std::filesystem::exists(packs()));
        m_withPacks = true;
    }

    void aFolderThatCantBeMadeCostsOnlyThePack()
    {
        std::ofstream(packs()) << "a file";
        start();
        QVERIFY(!m_mapped);
        QVERIFY(!m_answer.empty());
    }

private:
    [[nodiscard]] std::filesystem::path packs() const { return m_folder->file("packs"); }
    [[nodiscard]] std::filesystem::path packOf(const std::string& hash) const
    {
        return packs() / (hash + ".pack");
    }
    /// Runs a client until it has answered, and asks where its worker has the weights from.
    void start()
    {
        auto options = ModelFolder::options(m_folder->model());
        if (m_withPacks)
            options.packFolder = packs();
        m_client = EngineClient::start(options);
        QVERIFY(becomesReady(*m_client));
        const auto status = m_client->status();
        m_hash = status.modelSha256;
        m_mapped = status.model->fromPack;
        service::Running running(*m_client, request(20));
        QVERIFY(running.outcome().has_value());
        m_answer = running.text();
    }

    /// The hash of the model whose pack is there afterwards.
    std::string keepOne()
    {
        start();
        const bool kept = eventually([&] { return std::filesystem::exists(packOf(m_hash)); });
        return kept ? m_hash : "no pack";
    }

    std::unique_ptr<ModelFolder> m_folder;
    std::unique_ptr<EngineClient> m_client;
    bool m_withPacks = true;
    bool m_mapped = false;
    std::string m_hash;
    std::string m_answer;
};

QTEST_GUILESS_MAIN(TestEnginePacks)
#include "tst_engine_packs.moc"
