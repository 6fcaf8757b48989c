// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/worker_arguments.h"

#include "inference/engine/loaded_model.h"
#include "tests/support/mutated.h"
#include "tests/support/run_options.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <array>
#include <random>
#include <string>

using engine::WorkerArguments;

namespace {

const std::string kHash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

std::optional<WorkerArguments> parse(const std::string& line)
{
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        words.push_back(std::string_view(line).substr(at, end - at));
        at = end + 1;
    }
    return WorkerArguments::parse(words);
}

} // namespace

class TestWorkerArguments : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsEveryWord()
    {
        const auto all =
            parse("socket=3 threads=2 processors=0,5 memory=12345678901 memory-limit=7 answer=4 "
                  "answer-pack=5 answer-hash=" +
                  kHash +
                  " answer-pack-output=6 decode-threads=1 prefill-threads=2 draft=7 embedding=9 "
                  "embedding-pack-output=10 context=8192 keys=int8 values=bf16 key-check=some=1");
        QVERIFY(all);
        QCOMPARE(all->socket, 3);
        QCOMPARE(all->threads, 2U);
        QVERIFY(all->processors == (std::vector{0U, 5U}));
        QCOMPARE(all->memory, 12345678901U);
        QCOMPARE(all->memoryLimit, 7U);
        QCOMPARE(all->decodeThreads, 1U);
        QCOMPARE(all->prefillThreads, 2U);
        QCOMPARE(all->answer.file, 4);
        QCOMPARE(all->answer.pack, 5);
        QCOMPARE(all->answer.packOutput, 6);
        QCOMPARE(all->answer.hash[1], std::byte{0x11});
        QCOMPARE(all->answer.hash[31], std::byte{0xFF});
        QCOMPARE(all->draft.file, 7);
        QCOMPARE(all->draft.pack, -1);
        QCOMPARE(all->embedding.file, 9);
        QCOMPARE(all->embedding.packOutput, 10);
        QCOMPARE(all->context, 8192U);
        QCOMPARE(all->keys, kernels::KeyFormat::Int8);
        QCOMPARE(all->values, kernels::ValueFormat::Bfloat);
        QCOMPARE(all->keyCheck, std::string("some=1"));

        const auto least = parse("answer=0 socket=1");
        QVERIFY(least);
        QCOMPARE(least->threads, 1U);
        QVERIFY(least->processors.empty());
        QCOMPARE(least->decodeThreads, 0U);
        QCOMPARE(least->prefillThreads, 0U);
        QCOMPARE(least->memory, UINT64_MAX);
        QCOMPARE(least->draft.file, -1);
        QCOMPARE(least->context, 0U);
        QCOMPARE(least->keys, kernels::KeyFormat::Half);
        QCOMPARE(least->values, kernels::ValueFormat::Int8);
    }

    void refusesWhatMakesNoSense()
    {
        const std::string good = "socket=3 answer=4";
        QVERIFY(parse(good)); // the controls
        QVERIFY(parse(good + " prefill-threads=1 decode-threads=1"));
        QVERIFY(parse(good + " prefill-threads=8 decode-threads=1 threads=8"));
        for (const char* bad :
             {"", "socket=3", "answer=4", "socket=3 answer=", "socket=3 answer=-1",
              "socket=3 answer=4x", "socket=3 answer=99999999999999999999", "3 4 1"})
            QVERIFY2(!parse(bad), bad);
        for (const std::string& more : {std::string("threads=0"),
                                        std::string("threads=1025"),
                                        std::string("processors="),
                                        std::string("processors=1,"),
                                        std::string("processors=1;2"),
                                        std::string("socket=3"),
                                        std::string("answers=4"),
                                        std::string("answer-packs=4"),
                                        std::string("memory=-1"),
                                        std::string("context=0"),
                                        std::string("context=4294967296"),
                                        std::string("keys=f32"),
                                        std::string("keys="),
                                        std::string("values=q8"),
                                        std::string("answer-pack=5"),
                                        std::string("decode-threads=1"),
                                        std::string("prefill-threads=1"),
                                        std::string("decode-threads=0 prefill-threads=1"),
                                        std::string("decode-threads=2 prefill-threads=1"),
                                        std::string("threads=4 decode-threads=1 prefill-threads=5"),
                                        std::string("threads=4 decode-threads=1 prefill-threads=0"),
                                        std::string("threads=4 decode-threads= prefill-threads=1"),
                                        "answer-hash=" + kHash,
                                        "answer-pack=5 answer-hash=" + kHash.substr(1) + "g",
                                        "answer-pack=5 answer-hash=" + kHash + "0",
                                        "draft-pack=5 draft-hash=" + kHash})
            QVERIFY2(!parse(good + ' ' + more), more.c_str());
    }

    void survivesMutations()
    {
        const std::string good = "socket=3 threads=2 processors=0,5 memory=123 answer=4 "
                                 "answer-pack=5 answer-hash=" +
                                 kHash + " answer-pack-output=6 draft=7 embedding=9";
        std::mt19937 random(19);
        int taken = 0;
        int refused = 0;
        for (int round = 0; round < support::rounds(20000, 4000000); ++round) {
            const std::string line = support::mutated(good, random, "0123456789abcdef=-, xg\xff");
            const auto parsed = parse(line);
            ++(parsed ? taken : refused);
            if (!parsed)
                continue;
            QVERIFY2(parsed->socket >= 0 && parsed->answer.file >= 0, line.c_str());
            QVERIFY2(parsed->threads >= 1 && parsed->threads <= 1024, line.c_str());
            for (const auto* model : {&parsed->answer, &parsed->draft, &parsed->embedding}) {
                QVERIFY2(model->file >= -1 && model->pack >= -1 && model->packOutput >= -1,
                         line.c_str());
                QVERIFY2(model->pack < 0 || model->file >= 0, line.c_str());
            }
        }
        QVERIFY(taken > 500 && refused > 500);
    }

    void saysHowMuchMemoryIsWanting()
    {
        const engine::MemoryLimits limits = {.memory = 2'000'000'000, .memoryLimit = 4'000'000'000};
        QVERIFY(!engine::tooLarge(2'000'000'000, limits));
        QVERIFY(!engine::tooLarge(UINT64_MAX - 1, {}));
        const auto refusal = engine::tooLarge(5'123'456'789, limits);
        QVERIFY(refusal);
        QCOMPARE(refusal->code, model::Errc::OutOfMemory);
        QCOMPARE(refusal->detail,
                 std::string("the models need 5123 MB of memory, 2000 MB are left of 4000 MB"));
    }

    void countsEveryModelBeforeOneIsLoaded()
    {
        const std::string bytes = support::tinyModel();
        const auto file = model::GgufFile::parse(std::as_bytes(std::span(bytes)));
        QVERIFY(file);
        const std::array two = {&*file, &*file};
        const std::uint64_t one = engine::neededFor(std::span(two).first(1));
        const std::uint64_t both = engine::neededFor(two);
        QCOMPARE(both - one, model::residentBytes(*file));
        // What one of them would still find room in.
        const engine::MemoryLimits limits = {.memory = both - 1, .memoryLimit = both};
        QVERIFY(!engine::tooLarge(one, limits));
        QVERIFY(engine::tooLarge(both, limits));
    }
};

QTEST_GUILESS_MAIN(TestWorkerArguments)
#include "tst_worker_arguments.moc"
