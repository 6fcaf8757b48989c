// SPDX-License-Identifier: Apache-2.0
// The line that keeps what was found of a model's keys: docs/formats/key-check.md.
#include "inference/engine/key_verdict.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <memory>
#include <random>
#include <set>
#include <span>

using engine::KeyMarks;
using engine::KeyVerdict;
using engine::LayerSet;
using engine::lineOf;
using engine::verdictIn;

namespace {

const KeyVerdict kSome{.layers = {true, true, false, true, false, true},
                       .figures = {.prompt = 1.5e-4, .generated = 2.25e-4, .sameChoice = 0.9965}};
constexpr KeyMarks kMarks{.model = 0x1a2b3c4d, .engine = 0x05e6f7a8};

std::unique_ptr<model::GgufFile> fileOf(const std::string& bytes)
{
    return std::make_unique<model::GgufFile>(
        model::GgufFile::parse(std::as_bytes(std::span(bytes))).value());
}

} // namespace

class TestKeyVerdict : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLineIsTheOneThatIsDocumented()
    {
        QCOMPARE(lineOf(kSome, kMarks),
                 std::string("cloister-keys 1 model=1a2b3c4d engine=05e6f7a8 layers=6 int8=b2 "
                             "prompt=1.500000e-04 generated=2.250000e-04 same=9.965000e-01 "
                             "crc=31c58b27"));
    }

    void comesBackAsItWas()
    {
        std::mt19937 random(7);
        for (int round = 0; round < 500; ++round) {
            KeyVerdict verdict{.layers = LayerSet(1 + random() % 130), .figures = {}};
            for (std::size_t i = 0; i < verdict.layers.size(); ++i)
                verdict.layers[i] = random() % 3 == 0;
            verdict.figures = {.prompt = (random() % 1000) * 5e-7,
                               .generated = (random() % 1000) * 5e-7,
                               .sameChoice = 0.99 + (random() % 100) * 1e-4};
            const std::string line = lineOf(verdict, kMarks);
            const auto back = verdictIn(line, kMarks, verdict.layers.size());
            QVERIFY2(back, line.c_str());
            QVERIFY(back->layers == verdict.layers);
            QCOMPARE(lineOf(*back, kMarks), line);
        }
        const KeyVerdict none{.layers = LayerSet(28, false),
                              .figures = {.prompt = 3.0, .generated = 2.0, .sameChoice = 0.1}};
        QVERIFY(verdictIn(lineOf(none, kMarks), kMarks, 28) == none);
    }

    void everyDamageIsSeen()
    {
        const std::string line = lineOf(kSome, kMarks);
        QVERIFY(verdictIn(line, kMarks, 6)); // the control
        for (std::size_t cut = 0; cut < line.size(); ++cut)
            QVERIFY(!verdictIn(line.substr(0, cut), kMarks, 6));
        for (std::size_t byte = 0; byte < line.size(); ++byte)
            for (int bit = 0; bit < 8; ++bit) {
                std::string changed = line;
                changed[byte] = static_cast<char>(changed[byte] ^ (1 << bit));
                QVERIFY2(!verdictIn(changed, kMarks, 6), changed.c_str());
            }
        QVERIFY(!verdictIn(line + " ", kMarks, 6));
        QVERIFY(!verdictIn(" " + line, kMarks, 6));
        QVERIFY(!verdictIn({}, kMarks, 6));
    }

    void allowsNothingThatDidNotPass()
    {
        KeyVerdict lying = kSome;
        lying.figures.prompt = 0.1;
        QVERIFY(!verdictIn(lineOf(lying, kMarks), kMarks, 6));
    }

    void anotherModelEngineOrNumberOfLayersIsRefused()
    {
        const std::string line = lineOf(kSome, kMarks);
        QVERIFY(!verdictIn(line, {.model = kMarks.model + 1, .engine = kMarks.engine}, 6));
        QVERIFY(!verdictIn(line, {.model = kMarks.model, .engine = kMarks.engine + 1}, 6));
        for (const std::size_t layers : {1, 5, 7, 8, 100})
            QVERIFY(!verdictIn(line, kMarks, layers));
    }

    void marksTellModelsAndEnginesApart()
    {
        const std::string bytes = support::tinyModel();
        const std::string otherWeights = support::tinyModel("smollm", 1);
        const std::string otherBias = support::tinyModelWithKeyBias({0.0F, 300.0F});
        const auto file = fileOf(bytes);
        const auto network = model::Model::load(*file, {}).value();
        const KeyMarks marks = engine::keyMarksOf(*file, *network);
        const auto again = model::Model::load(*file, {.threads = 2}).value();
        QCOMPARE(engine::keyMarksOf(*file, *again).model, marks.model);
        QCOMPARE(engine::keyMarksOf(*file, *again).engine, marks.engine);
        for (const std::string* other : {&otherWeights, &otherBias})
            QVERIFY(engine::keyMarksOf(*fileOf(*other), *network).model != marks.model);
        // Another arithmetic: another engine.
        const auto exact = model::Model::load(*file, {.exact = true}).value();
        QVERIFY(engine::keyMarksOf(*file, *exact).engine != marks.engine);
        // The check measures with the values as they are kept.
        using Values = kernels::ValueFormat;
        std::set<std::uint32_t> engines;
        for (const Values values : {Values::Half, Values::Bfloat, Values::Int8}) {
            const auto other = model::Model::load(*file, {.values = values}).value();
            engines.insert(engine::keyMarksOf(*file, *other).engine);
        }
        QCOMPARE(engines.size(), std::size_t{3});
        QVERIFY(engines.contains(marks.engine)); // int8 is what is usual
    }
};

QTEST_GUILESS_MAIN(TestKeyVerdict)
#include "tst_key_verdict.moc"
