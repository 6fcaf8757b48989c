// SPDX-License-Identifier: Apache-2.0
// What cloisterd keeps of a model between two starts: docs/formats/pack.md.
#include "inference/service/engine_process.h"
#include "inference/service/pack_folder.h"
#include "storage/process/cores.h"
#include "tests/inference/service/engine_requests.h"
#include "tests/support/files.h"
#include "tests/support/pack_damage.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <fcntl.h>
#include <future>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using service::becomesReady;
using service::EngineClient;
using service::eventually;
using service::ModelFolder;
using service::request;
using support::contentOf;

namespace {

/// What is logged while it lives.
class Log {
public:
    Log()
    {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(
            "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(m_text)));
    }
    ~Log() { spdlog::set_default_logger(m_before); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    /// Once nobody logs any more.
    [[nodiscard]] std::string text() const { return m_text.str(); }

private:
    std::ostringstream m_text;
    std::shared_ptr<spdlog::logger> m_before = spdlog::default_logger();
};

} // namespace

class TestEnginePacks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<ModelFolder>();
        m_threads = 1;
    }

    void theSecondStartMapsWhatTheFirstOneKept()
    {
        const std::string hash = keepOne();
        QVERIFY(!m_mapped); // it packed the model itself
        struct stat folder = {};
        QCOMPARE(::stat(packs().c_str(), &folder), 0);
        QCOMPARE(folder.st_mode & 0777, 0700U);
        QVERIFY(!std::filesystem::exists(newPack()));

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

    void whatAWorkerMeasuredIsKept()
    {
        m_threads = 0; // as many as the machine has
        const auto started = [&](const char* program) {
            auto options = ModelFolder::options(m_folder->model());
            options.program = program;
            options.threads = m_threads;
            options.packFolder = packs();
            m_client = EngineClient::start(options);
            const bool ready = becomesReady(*m_client);
            const auto model = ready ? m_client->status().model : std::nullopt;
            m_decodeThreads = model ? model->decodeThreads : 0;
            m_prefillThreads = model ? model->prefillThreads : 0;
            // Packs are looked at last.
            QVERIFY(eventually([&] { return !std::filesystem::exists(newPack()); }));
        };
        const auto stamp = service::ModelFile::open(m_folder->model())->stamp();
        started(PROBING_ENGINE);
        QCOMPARE(m_decodeThreads, 3U);
        const service::PackFolder folder(packs());
        QVERIFY(folder.threadsFor(stamp) == (process::ThreadCounts{3, 4}));
        struct stat file = {};
        QCOMPARE(::stat((packs() / "threads").c_str(), &file), 0);
        QCOMPARE(file.st_mode & 0777, 0600U);

        // The next one is told, within what the machine has.
        folder.rememberThreads(stamp, {1, 1});
        started(PROBING_ENGINE);
        QCOMPARE(m_decodeThreads, 1U);
        QCOMPARE(m_prefillThreads, 1U);
        QVERIFY(folder.threadsFor(stamp) == (process::ThreadCounts{1, 1}));
        // Nor is anything kept that a worker was told by the administrator.
        std::filesystem::remove(packs() / "threads");
        m_threads = 2;
        started(PROBING_ENGINE);
        QCOMPARE(m_decodeThreads, 2U);
        QVERIFY(!folder.threadsFor(stamp));
        // What could not be measured is not kept either.
        m_threads = 0;
        std::ofstream(m_folder->model()) << "busy";
        started(PROBING_ENGINE);
        QCOMPARE(m_decodeThreads, 3U);
        QVERIFY(!std::filesystem::exists(packs() / "threads"));
    }

    void theBestThreadsAreUsed()
    {
        m_threads = 0;
        keepOne(); // the counts too
        if (process::processorsToBind().size() < 2)
            QSKIP("this machine has one core");
        const auto stamp = service::ModelFile::open(m_folder->model())->stamp();
        const std::string answer = m_answer;

        // What is kept is used, with the same words: here it is something else.
        for (const process::ThreadCounts kept : {process::ThreadCounts{1, 2}, {2, 1}}) {
            service::PackFolder(packs()).rememberThreads(stamp, kept);
            start();
            QCOMPARE(m_decodeThreads, kept.decode);
            QCOMPARE(m_prefillThreads, kept.prefill);
            QCOMPARE(m_answer, answer);
            QVERIFY(service::PackFolder(packs()).threadsFor(stamp) == kept);
        }
        // More than there are, from a machine that had more.
        service::PackFolder(packs()).rememberThreads(stamp, {1, 1024});
        start();
        QCOMPARE(m_decodeThreads, 1U);
        QVERIFY(m_prefillThreads >= 2 && m_prefillThreads < 1024);

        std::ofstream(packs() / "threads") << "cloister thread counts 1\n1 1 x\n";
        QVERIFY(!service::PackFolder(packs()).threadsFor(stamp));
        start();
        QCOMPARE(m_answer, answer);
    }

    void threadsThatAreSetStay()
    {
        m_threads = 2;
        start();
        QCOMPARE(m_decodeThreads, 2U);
        QCOMPARE(m_prefillThreads, 2U);
        QVERIFY(!std::filesystem::exists(packs() / "threads"));
    }

    void countsThatMakeNoSenseAreNotKept()
    {
        const auto stamp = service::ModelFile::open(m_folder->model())->stamp();
        const service::PackFolder folder(packs());
        folder.rememberThreads(stamp, {0, 1});
        folder.rememberThreads(stamp, {1, 4'000'000'000});
        QVERIFY(!folder.threadsFor(stamp));
        folder.rememberThreads(stamp, {1, 3}); // the control
        QVERIFY(folder.threadsFor(stamp) == (process::ThreadCounts{1, 3}));
        // Of another file nothing is known.
        auto other = stamp;
        ++other.changedNs;
        QVERIFY(!folder.threadsFor(other));
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

    void whatWasFoundOfTheKeysIsKept()
    {
        m_keys = "int8";
        std::ofstream(m_folder->model(), std::ios::binary) << support::tinyModelWithKeyBias({});
        start();
        QCOMPARE(m_int8Layers, 2U);
        const std::string hash = m_hash;
        QVERIFY(eventually([&] { return std::filesystem::exists(keysOf(hash)); }));
        const std::string line = contentOf(keysOf(hash));
        QVERIFY2(line.starts_with("cloister-keys 1 ") && line.ends_with('\n'), line.c_str());
        // A damaged one is not used; what the check finds anew takes its place. One of another
        // model goes.
        std::string damaged = line;
        damaged[40] ^= 1;
        std::ofstream(keysOf(hash)) << damaged;
        std::ofstream(keysOf(std::string(64, 'b'))) << line;
        start();
        QCOMPARE(m_int8Layers, 2U);
        QVERIFY(eventually([&] { return contentOf(keysOf(hash)) == line; }));
        QVERIFY(!std::filesystem::exists(keysOf(std::string(64, 'b'))));
        // What no worker may be told.
        std::ofstream(keysOf(hash)) << std::string(5000, 'x');
        start();
        QVERIFY(eventually([&] { return contentOf(keysOf(hash)) == line; }));
        std::ofstream(keysOf(hash)) << "cloister-keys\t1\n";
        start();
        QVERIFY(eventually([&] { return contentOf(keysOf(hash)) == line; }));
        // Without int8 keys nobody asks.
        std::filesystem::remove(keysOf(hash));
        m_keys = "bf16";
        start();
        QCOMPARE(m_int8Layers, 0U);
        m_keys = {};
        QVERIFY(!std::filesystem::exists(keysOf(hash)));
    }

    void filesAreForTheOwnerAndLinksAreNotFollowed()
    {
        const std::string hash(64, 'c');
        const auto stamp = service::ModelFile::open(m_folder->model())->stamp();
        const std::string other = m_folder->file("other");
        support::writeFile(other, "stays");
        service::PackFolder folder(packs());
        for (const char* fresh : {"models.new", "keys.new"})
            std::filesystem::create_symlink(other, packs() / fresh);
        folder.remember(stamp, hash);
        folder.keepKeyCheck(hash, "a line");
        QCOMPARE(contentOf(other), std::string("stays"));
        QCOMPARE(folder.hashOf(stamp), hash);
        QCOMPARE(folder.keyCheck(hash), std::string("a line"));
        for (const auto& path : {packs() / "models", keysOf(hash)}) {
            struct stat file = {};
            QCOMPARE(::lstat(path.c_str(), &file), 0);
            QVERIFY(S_ISREG(file.st_mode));
            QCOMPARE(file.st_mode & 0777, 0600U);
        }
        // What can't be kept leaves nothing behind.
        std::filesystem::remove(keysOf(hash));
        std::filesystem::create_directory(keysOf(hash));
        folder.keepKeyCheck(hash, "a line");
        QVERIFY(!std::filesystem::exists(packs() / "keys.new"));
    }

    void nobodyWaitsForTheDisk()
    {
        m_keys = "int8";
        std::ofstream(m_folder->model(), std::ios::binary) << support::tinyModelWithKeyBias({});
        keepOne();
        m_client.reset();
        // Where what was found of the keys is kept stands a pipe, which nobody writes to. The hash
        // is not known yet, so that the worker's start does not look there.
        const std::filesystem::path keys = keysOf(m_hash);
        std::filesystem::remove(packs() / "models");
        std::filesystem::remove(keys);
        QCOMPARE(::mkfifo(keys.c_str(), 0600), 0);
        auto options = ModelFolder::options(m_folder->model());
        options.packFolder = packs();
        options.keys = m_keys;
        m_client = EngineClient::start(options);
        int pipe = -1; // can be opened once somebody reads
        QVERIFY(eventually(
            [&] { return (pipe = ::open(keys.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; }));
        auto answered = std::async(std::launch::async, [&] {
            return m_client->status().state == EngineClient::State::Ready &&
                   m_client->generate(request(20), {}, {}).has_value();
        });
        const bool inTime =
            answered.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
        ::close(pipe); // else nothing here ever ends
        QVERIFY(answered.get());
        QVERIFY(inTime);
        QVERIFY(eventually([&] { return std::filesystem::is_regular_file(keys); }));
        m_keys = {};
    }

    void whatDeadWorkersLeftGoes()
    {
        keepOne();
        m_client.reset();
        for (const char* role : {"answer", "draft", "embedding"})
            support::writeFile(packs() / (std::string(role) + "-pack.new"), "half a pack");
        support::writeFile(packs() / "note", "stays");
        start();
        QVERIFY(m_mapped);
        QVERIFY(eventually([&] { return !std::filesystem::exists(newPack()); }));
        for (const char* role : {"draft", "embedding"})
            QVERIFY(!std::filesystem::exists(packs() / (std::string(role) + "-pack.new")));
        QVERIFY(std::filesystem::exists(packs() / "note"));
    }

    void keysThatCouldNotBeCheckedAreSaid()
    {
        m_client.reset(); // may log
        auto options = ModelFolder::options(m_folder->model());
        options.program = PROBING_ENGINE; // tells no check
        options.packFolder = packs();
        for (const char* keys : {"int8", ""}) {
            options.keys = keys;
            const Log log;
            auto client = EngineClient::start(options);
            QVERIFY(becomesReady(*client));
            client.reset();
            QCOMPARE(log.text().contains("could not be found out"), options.keys == "int8");
            QVERIFY(!log.text().contains("keys as int8 in"));
        }
        for (const auto& entry : std::filesystem::directory_iterator(packs()))
            QVERIFY(entry.path().extension() != ".keys");
    }

    void aContextThatIsTooLongIsSaid()
    {
        m_client.reset(); // may log
        auto options = ModelFolder::options(m_folder->model());
        options.contextTokens = 100'000; // the model's is 4,096
        const Log log;
        auto client = EngineClient::start(options);
        QVERIFY(eventually([&] { return service::isUnusable(*client); }));
        QVERIFY(client->status().failure->detail.contains("100000"));
        QCOMPARE(client->status().failure->contextTokens, 4'096U);
        client.reset();
        QVERIFY2(log.text().contains("a context of 100000 is asked for, the model's holds 4096"),
                 log.text().c_str());
        options.contextTokens = 1'000;
        const auto other = EngineClient::start(options);
        QVERIFY(becomesReady(*other));
        QCOMPARE(other->status().model->contextTokens, 1'000U);
    }

private:
    [[nodiscard]] std::filesystem::path keysOf(const std::string& hash) const
    {
        return packs() / (hash + ".keys");
    }
    [[nodiscard]] std::filesystem::path packs() const { return m_folder->file("packs"); }
    /// Until the client has looked at what its worker wrote there.
    [[nodiscard]] std::filesystem::path newPack() const { return packs() / "answer-pack.new"; }
    [[nodiscard]] std::filesystem::path packOf(const std::string& hash) const
    {
        return packs() / (hash + ".pack");
    }
    /// Runs a client until it has answered, and asks where its worker has the weights from.
    void start()
    {
        auto options = ModelFolder::options(m_folder->model());
        options.threads = m_threads;
        if (m_withPacks)
            options.packFolder = packs();
        options.keys = m_keys;
        m_client = EngineClient::start(options);
        QVERIFY(becomesReady(*m_client));
        const auto status = m_client->status();
        m_hash = status.modelSha256;
        m_mapped = status.model->fromPack;
        m_decodeThreads = status.model->decodeThreads;
        m_prefillThreads = status.model->prefillThreads;
        m_int8Layers = status.model->int8KeyLayers;
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
    unsigned m_threads = 1;
    unsigned m_decodeThreads = 0;
    unsigned m_prefillThreads = 0;
    bool m_mapped = false;
    std::string m_keys;
    unsigned m_int8Layers = 0;
    std::string m_hash;
    std::string m_answer;
};

QTEST_GUILESS_MAIN(TestEnginePacks)
#include "tst_engine_packs.moc"
