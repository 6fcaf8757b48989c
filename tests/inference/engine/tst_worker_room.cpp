// SPDX-License-Identifier: Apache-2.0
// cloister-engine with little memory: it says what it would need and ends, it is never killed. And
// the kinds of keys that it is told to keep.
#include "inference/engine/key_verdict.h"
#include "inference/engine/loaded_model.h"
#include "inference/wire/channel.h"
#include "storage/process/child.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int kExitUnusable = 4;
constexpr std::size_t kLayers = 2;

/// What a worker first says.
struct Said {
    std::optional<wire::Ready> ready;
    std::optional<wire::Failed> failed;
    int status = -1; // of the worker that said Failed
};

} // namespace

class TestWorkerRoom : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_bytes = support::tinyModelWithKeyBias({});
        write(m_bytes);
        const auto file = model::GgufFile::parse(std::as_bytes(std::span(m_bytes)));
        QVERIFY(file);
        const model::GgufFile* const one = &*file;
        m_needed = engine::neededFor(std::span(&one, 1));
        const auto network = model::Model::load(*file, {});
        QVERIFY(network);
        m_page = model::KvPool::bytesPerPage((*network)->kvLayers());
    }
    void init() { write(m_bytes); }

    void aContextThatDoesNotFitIsRefusedWithTheNumbers()
    {
        constexpr std::uint64_t kPages = 4096 / kernels::kPageTokens;
        const std::uint64_t enough = m_needed + kPages * m_page;
        const auto told = [](std::uint64_t memory) {
            return std::vector<std::string>{"memory=" + std::to_string(memory),
                                            "memory-limit=999000000", "context=4096"};
        };
        const Said refused = start(told(enough - 1));
        QVERIFY(refused.failed && !refused.ready);
        QCOMPARE(refused.failed->code, wire::Errc::ModelUnusable);
        QCOMPARE(refused.failed->neededBytes, enough);
        QCOMPARE(refused.failed->memoryBytes, enough - 1);
        QCOMPARE(refused.failed->memoryLimit, std::uint64_t{999'000'000});
        QVERIFY2(refused.failed->detail.contains("keys and values of 4096 tokens"),
                 refused.failed->detail.c_str());
        QCOMPARE(refused.status, kExitUnusable);
        // Control: one byte more is enough.
        const Said fits = start(told(enough));
        QVERIFY(fits.ready);
        QCOMPARE(fits.ready->contextTokens, 4096U);
    }

    void theModelItselfIsRefusedBeforeItIsLoaded()
    {
        const Said refused = start({"memory=" + std::to_string(m_needed - 1)});
        QVERIFY(refused.failed);
        QCOMPARE(refused.failed->neededBytes, m_needed);
        QCOMPARE(refused.status, kExitUnusable);
        QVERIFY(start({"memory=" + std::to_string(m_needed + 2 * m_page)}).ready);
        QVERIFY(start({"memory=" + std::to_string(m_needed)}).failed); // and no page of keys
    }

    void withoutAWishTheContextIsWhatFits()
    {
        const Said said = start({"memory=" + std::to_string(m_needed + 20 * m_page)});
        QVERIFY(said.ready);
        QCOMPARE(said.ready->contextTokens, 10U * kernels::kPageTokens); // half of it
    }

    void aContextIsAskedForWithinTheModels()
    {
        QCOMPARE(start({"context=1000"}).ready.value().contextTokens, 1000U);
        const Said refused = start({"context=5000"});
        QVERIFY(refused.failed);
        QCOMPARE(refused.failed->neededBytes, std::uint64_t{0});
        QCOMPARE(refused.failed->contextTokens, 4096U);
        QVERIFY2(refused.failed->detail.contains("5000"), refused.failed->detail.c_str());
    }

    void int8KeysAreCheckedAndTold()
    {
        const wire::Ready half = start({}).ready.value();
        QCOMPARE(half.layers, std::uint32_t{kLayers});
        QCOMPARE(half.int8KeyLayers, 0U);
        QVERIFY(half.keyCheck.empty());
        const wire::Ready free = start({"keys=bf16", "values=f16"}).ready.value();
        QVERIFY(free.keyCheck.empty());

        const wire::Ready all = start({"keys=int8"}).ready.value();
        QCOMPARE(all.int8KeyLayers, std::uint32_t{kLayers});
        QVERIFY(!all.keyCheck.empty());
        // A model that does not bear them is served with float16.
        write(support::tinyModelWithKeyBias({300.0F, 300.0F}));
        const wire::Ready none = start({"keys=int8"}).ready.value();
        QCOMPARE(none.int8KeyLayers, 0U);
        QVERIFY(!none.keyCheck.empty() && none.keyCheck != all.keyCheck);
    }

    void keysThatCantBeCheckedAreKeptAsFloat16()
    {
        // A vocabulary of more tokens than the network has: the check's text can't be read.
        std::string bytes = m_bytes;
        for (const std::string tensor : {"token_embd.weight", "output.weight"})
            setRows(bytes, tensor, 100);
        write(bytes);
        const Said said = start({"keys=int8"});
        QVERIFY2(said.ready, said.failed ? said.failed->detail.c_str() : "nothing was said");
        QCOMPARE(said.ready->vocabulary, 100U);
        QCOMPARE(said.ready->layers, std::uint32_t{kLayers});
        QCOMPARE(said.ready->int8KeyLayers, 0U);
        QVERIFY(said.ready->keyCheck.empty()); // so that the next worker tries again
    }

    void whatAnEarlierWorkerFoundIsUsed()
    {
        const std::string found = start({"keys=int8"}).ready.value().keyCheck;
        const auto markOf = [&](const std::string& name) {
            return static_cast<std::uint32_t>(
                std::stoul(found.substr(found.find(name) + name.size(), 8), nullptr, 16));
        };
        const engine::KeyMarks marks{.model = markOf("model="), .engine = markOf("engine=")};
        QVERIFY(engine::verdictIn(found, marks, kLayers));
        // Another verdict than the check's own shows that it was not made again.
        const engine::KeyVerdict second{.layers = {false, true}, .figures = {}};
        const std::string other = engine::lineOf(second, marks);
        const wire::Ready used = start({"keys=int8", "key-check=" + other}).ready.value();
        QCOMPARE(used.int8KeyLayers, 1U);
        QCOMPARE(used.keyCheck, other);
        // Of another engine, of another model, damaged, or without being asked for: not.
        const auto refused = [&](const std::string& line) {
            return start({"keys=int8", "key-check=" + line}).ready.value().keyCheck == found;
        };
        QVERIFY(refused(engine::lineOf(second, {marks.model, marks.engine + 1})));
        QVERIFY(refused(engine::lineOf(second, {marks.model + 1, marks.engine})));
        QVERIFY(refused(other.substr(1)));
        QVERIFY(refused(""));
        QCOMPARE(start({"keys=f16", "key-check=" + other}).ready.value().int8KeyLayers, 0U);
    }

private:
    /// In the header: length of the name, name, how many dimensions, length of a row, rows.
    static void setRows(std::string& bytes, const std::string& tensor, char rows)
    {
        const auto number = [](auto value) {
            return std::string{static_cast<char>(value), 0, 0, 0, 0, 0, 0, 0};
        };
        const std::string name = number(tensor.size()) + tensor;
        bytes.replace(bytes.find(name) + name.size() + 4 + 8, 8, number(rows));
    }
    void write(const std::string& model) const
    {
        std::ofstream(path(), std::ios::binary | std::ios::trunc) << model;
    }
    [[nodiscard]] std::string path() const
    {
        return m_folder.filePath(QStringLiteral("tiny.gguf")).toStdString();
    }

    [[nodiscard]] Said start(std::vector<std::string> words) const
    {
        std::array<int, 2> ends = {};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
            return {};
        const int model = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
        words.insert(words.begin(), {"socket=3", "answer=4"});
        auto child = process::Child::start({.program = PROGRAMS "/cloister-engine",
                                            .arguments = words,
                                            .descriptors = {{ends[1], 3}, {model, 4}}});
        ::close(ends[1]);
        ::close(model);
        Said said;
        if (child) {
            auto message = wire::Channel(ends[0]).receiveFromEngine();
            if (message)
                if (auto* ready = std::get_if<wire::Ready>(&*message))
                    said.ready = std::move(*ready);
            if (message)
                if (auto* failed = std::get_if<wire::Failed>(&*message))
                    said.failed = std::move(*failed);
            ::close(ends[0]);
            said.status = child->wait().code; // it ends when the channel closes
        }
        return said;
    }

    QTemporaryDir m_folder;
    std::string m_bytes;
    std::uint64_t m_needed = 0;
    std::uint64_t m_page = 0;
};

QTEST_GUILESS_MAIN(TestWorkerRoom)
#include "tst_worker_room.moc"
