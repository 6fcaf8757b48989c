// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/service/engine_requests.h"

#include <csignal>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::isUnusable;
using service::ModelFolder;
using service::request;
using service::Running;

class TestEngineFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_client = EngineClient::start(ModelFolder::options(m_folder.model()));
        QVERIFY(becomesReady(*m_client));
    }

    void everyWorkerGetsTheFileThatWasHashed()
    {
        const std::string file = m_folder.file("replaced.gguf");
        std::filesystem::copy_file(m_folder.model(), file);
        const auto client = EngineClient::start(ModelFolder::options(file));
        QVERIFY(becomesReady(*client));
        const auto before = client->status();
        QVERIFY(before.modelSha256 == m_client->status().modelSha256);
        // Another file takes the name, as an upgrade would do it; then the worker dies.
        std::ofstream(file + ".new", std::ios::binary) << "no model at all";
        std::filesystem::rename(file + ".new", file);
        QCOMPARE(::kill(before.pid, SIGKILL), 0);
        QVERIFY(eventually([&] {
            const auto now = client->status();
            return now.pid != before.pid && now.state == EngineClient::State::Ready;
        }));
        QVERIFY(client->generate(request(3), {}, {}));
        QVERIFY(client->status().modelSha256 == before.modelSha256);
    }

    void aFileRewrittenInPlaceIsHashedAgain()
    {
        const std::string file = m_folder.file("rewritten.gguf");
        std::filesystem::copy_file(m_folder.model(), file);
        const auto client = EngineClient::start(ModelFolder::options(file));
        QVERIFY(becomesReady(*client));
        const auto before = client->status();
        const auto replaced = [&] {
            const int pid = client->status().pid;
            ::kill(pid, SIGKILL);
            return eventually([&] {
                const auto now = client->status();
                return now.pid != pid && now.state == EngineClient::State::Ready;
            });
        };
        QVERIFY(replaced()); // the control: nobody wrote
        QVERIFY(client->status().modelSha256 == before.modelSha256);

        // The same length, the same inode, and a time of modification that was set back.
        const std::string name = "Tiny random model";
        const auto when = std::filesystem::last_write_time(file);
        std::fstream(file, std::ios::binary | std::ios::in | std::ios::out)
                .seekp(static_cast<std::streamoff>(support::tinyModel().find(name)))
            << "Tiny changed mode";
        std::filesystem::last_write_time(file, when);
        QVERIFY(replaced());
        const auto after = client->status();
        QVERIFY2(after.model->name == "Tiny changed mode", after.model->name.c_str());
        QCOMPARE(after.modelSha256.size(), before.modelSha256.size());
        QVERIFY(after.modelSha256 != before.modelSha256);
        QVERIFY(client->generate(request(3), {}, {}));
    }

    // Much to hash, little to load: what stands behind the tensors is a hole. How much is enough
    // for the worker to be there first depends on the machine, so that the hole grows until it is.
    void aFileRewrittenWhileItIsHashedIsHashedAgain()
    {
        for (std::uintmax_t size = kHole; size <= kLargestHole; size *= 4) {
            const std::string file = longModel(size);
            const std::filesystem::path packs = m_folder.file("packs") + std::to_string(size);
            auto options = ModelFolder::options(file);
            options.packFolder = packs;
            const auto client = EngineClient::start(options);
            QVERIFY(eventually([&] { return client->status().model.has_value(); }));
            const auto first = client->status();
            std::filesystem::resize_file(file, size + 1);
            if (!first.modelSha256.empty() || !client->status().modelSha256.empty())
                continue; // hashed already, perhaps before it grew
            QVERIFY(becomesReady(*client, 120));
            QVERIFY(client->status().pid != first.pid);
            QVERIFY(client->generate(request(3), {}, {}));
            // The pack of the bytes that are there now, and no other.
            const std::string name = client->status().modelSha256 + ".pack";
            QVERIFY(eventually([&] { return std::filesystem::exists(packs / name); }));
            for (const auto& entry : std::filesystem::directory_iterator(packs))
                QVERIFY(entry.path().extension() != ".pack" || entry.path().filename() == name);
            return;
        }
        QFAIL("each file was hashed before its worker was there");
    }

    void nobodyIsServedBeforeTheHashIsKnown()
    {
        bool loaded = false; // the worker was there before the hash
        for (std::uintmax_t size = kHole; !loaded && size <= kLargestHole; size *= 4) {
            const auto client = EngineClient::start(ModelFolder::options(longModel(size)));
            QVERIFY(eventually(
                [&] {
                    const auto status = client->status();
                    loaded = loaded || (status.model && status.modelSha256.empty());
                    return status.state == EngineClient::State::Ready;
                },
                120));
            QVERIFY(client->status().modelSha256.size() == 64);
        }
        QVERIFY(loaded);
    }

private:
    static constexpr std::uintmax_t kHole = std::uintmax_t{1} << 30;
    static constexpr std::uintmax_t kLargestHole = kHole * 16;

    std::string longModel(std::uintmax_t size) const
    {
        std::string file = m_folder.file("long.gguf");
        std::filesystem::remove(file);
        std::filesystem::copy_file(m_folder.model(), file);
        std::filesystem::resize_file(file, size);
        return file;
    }

    ModelFolder m_folder;
    std::unique_ptr<EngineClient> m_client;
};

QTEST_GUILESS_MAIN(TestEngineFile)
#include "tst_engine_file.moc"
