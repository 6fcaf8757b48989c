// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/thread_probe.h"

#include "inference/engine/options.h"
#include "tests/support/another_model.h"

#include <QTest>

#include <array>
#include <map>
#include <random>
#include <thread>

using engine::bestOf;
using engine::searchThreads;
using engine::ThreadTrial;
using model::Logits;
using model::ThreadCounts;
using Counts = std::vector<unsigned>;
using Floats = std::vector<float>;

namespace {

/// Takes long for what it computes first, as if it came from a disk.
class Slow : public support::AnotherModel {
public:
    Slow(model::Model& network, std::chrono::milliseconds first)
        : AnotherModel(network)
        , m_first(first)
    {
    }
    void useThreads(const ThreadCounts& counts) override
    {
        m_counted = true;
        AnotherModel::useThreads(counts);
    }
    model::Result<void> rehearse(const model::Part& part, model::Phase phase,
                                 std::size_t layers) override
    {
        if (m_calls++ == good)
            return std::unexpected(model::Error{model::Errc::OutOfMemory, "made up"});
        if (m_calls == 1)
            std::this_thread::sleep_for(m_first);
        if (phase == model::Phase::Generation) {
            before += m_counted ? 0 : 1;
            withFewer += threads().decode < 3 ? 1 : 0;
            mostLayers = std::max(mostLayers, layers);
        }
        return AnotherModel::rehearse(part, phase, layers);
    }

    std::size_t good = SIZE_MAX; // calls until one fails
    unsigned before = 0;         // calls of generated rows before threads are compared
    unsigned withFewer = 0;      // of them, with fewer threads than all
    std::size_t mostLayers = 0;

private:
    std::chrono::milliseconds m_first;
    std::size_t m_calls = 0;
    bool m_counted = false;
};

} // namespace

class TestThreadProbe : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theBestIsClearlyFaster()
    {
        using Trials = std::vector<ThreadTrial>;
        const auto best = [](const Trials& trials) { return bestOf(trials); };
        QCOMPARE(best({}), 1U);
        QCOMPARE(best({{5, {}}}), 1U);
        QCOMPARE(best({{8, {1.0}}}), 8U);
        // A tie, and what is not yet 3 %.
        QCOMPARE(best({{8, {1.0}}, {6, {1.0}}, {4, {1.0}}}), 8U);
        QCOMPARE(best({{8, {1.02}}, {4, {1.0}}}), 8U);
        QCOMPARE(best({{8, {1.04}}, {4, {1.0}}}), 4U);
        // The fastest decides, not the order; of two that are as good the larger.
        QCOMPARE(best({{8, {1.10}}, {6, {1.02}}, {4, {1.0}}}), 6U);
        QCOMPARE(best({{4, {1.0}}, {6, {1.02}}, {8, {1.10}}}), 6U);
        QCOMPARE(best({{8, {1.10}}, {6, {1.06}}, {4, {1.0}}}), 4U);
        // One time that was disturbed counts on neither side.
        QCOMPARE(best({{8, {1.0, 9.0, 1.0}}, {4, {0.99, 0.99, 0.1}}}), 8U);
        QCOMPARE(best({{8, {1.0, 0.1, 1.0}}, {4, {0.5, 0.5, 9.0}}}), 4U);
        QCOMPARE(best({{8, {0.0}}, {4, {0.0}}}), 8U);
    }

    void triesThreeQuartersAndAHalf()
    {
        const std::map<unsigned, Counts> expected = {
            {1, {1}},       {2, {2, 1}},    {3, {3, 2, 1}},    {4, {4, 3, 2}},
            {5, {5, 3, 2}}, {8, {8, 6, 4}}, {64, {64, 48, 32}}};
        for (const auto& [best, counts] : expected)
            QCOMPARE(engine::countsToTry(best), counts);
    }

    void searchesWhereTimesFall_data()
    {
        QTest::addColumn<unsigned>("most");
        QTest::addColumn<unsigned>("knee"); // from here on more threads cost
        QTest::addColumn<unsigned>("found");
        for (const unsigned most : {1U, 2U, 3U, 8U, 64U})
            QTest::addRow("%u, more is better", most) << most << most << most;
        QTest::newRow("2, one is best") << 2U << 1U << 1U;
        QTest::newRow("3, one is best") << 3U << 1U << 1U;
        QTest::newRow("16, twelve") << 16U << 12U << 12U;
        QTest::newRow("16, eight") << 16U << 8U << 8U;
        QTest::newRow("16, one") << 16U << 1U << 1U;
        QTest::newRow("64, six") << 64U << 6U << 6U;
        QTest::newRow("96, between") << 96U << 20U << 18U;
    }

    void searchesWhereTimesFall()
    {
        QFETCH(unsigned, most);
        QFETCH(unsigned, knee);
        QFETCH(unsigned, found);
        std::map<unsigned, int> asked;
        const auto curve = [&](unsigned count) -> std::optional<double> {
            ++asked[count];
            const double threads = count;
            return count <= knee ? 1 / threads : (1 + 0.3 * (threads - knee)) / knee;
        };
        QCOMPARE(searchThreads(most, curve), found);
        QCOMPARE(asked.empty(), most == 1); // a single thread leaves nothing to find out
        for (const auto& [count, times] : asked)
            QVERIFY(count >= 1 && count <= most && times % 3 == 0);
    }

    /// Whatever the clock says below 3 %, no core is given away.
    void noiseTakesNoCores()
    {
        std::mt19937 random(7);
        for (int run = 0; run < 200; ++run) {
            const auto flat = [&](unsigned) -> std::optional<double> {
                return 1.0 + 0.029 * static_cast<double>(random()) / std::mt19937::max();
            };
            QCOMPARE(searchThreads(16, flat), 16U);
        }
        // The control: with more noise than that some would go.
        unsigned least = 16;
        for (int run = 0; run < 200; ++run) {
            const auto wild = [&](unsigned) -> std::optional<double> {
                return 1.0 + static_cast<double>(random()) / std::mt19937::max();
            };
            least = std::min(least, searchThreads(16, wild));
        }
        QVERIFY(least < 16);
    }

    void comparesByTurns()
    {
        Counts order;
        QCOMPARE(searchThreads(4,
                               [&](unsigned count) -> std::optional<double> {
                                   order.push_back(count);
                                   return 1.0 / count;
                               }),
                 4U);
        QCOMPARE(order, (Counts{4, 3, 2, 4, 3, 2, 4, 3, 2}));
    }

    void endsWithItsTime()
    {
        QCOMPARE(searchThreads(8, [](unsigned) { return std::optional<double>(); }), 8U);
        int left = 10; // nine of the first comparison, which four win
        QCOMPARE(searchThreads(8,
                               [&](unsigned count) -> std::optional<double> {
                                   return left-- > 0 ? std::optional<double>(count) : std::nullopt;
                               }),
                 4U);
    }

    void seesThatSomethingElseRan()
    {
        QVERIFY(engine::wereUndisturbed(2, 2.0, 1.0));
        QVERIFY(engine::wereUndisturbed(2, 1.7, 1.0));
        QVERIFY(!engine::wereUndisturbed(2, 1.5, 1.0)); // half of one core gone
        QVERIFY(!engine::wereUndisturbed(64, 50.0, 1.0));
        QVERIFY(!engine::wereUndisturbed(2, 0.0, 0.0)); // nothing was measured
    }

    void namesAClassOfModels()
    {
        QCOMPARE(engine::classOfModel("Q4_K", 1'117'320'736), std::string("Q4_K 2^30 bytes"));
        QCOMPARE(engine::classOfModel("Q4_K", 1'000'000'000), std::string("Q4_K 2^30 bytes"));
        QCOMPARE(engine::classOfModel("Q4_1", 91'000'000), std::string("Q4_1 2^26 bytes"));
        QCOMPARE(engine::classOfModel("F32", 0), std::string("F32 2^0 bytes"));
    }

    void aRehearsalIsForgotten()
    {
        const auto network = load(3);
        const Floats expected = answer(*network);
        const auto pool = network->makePool(8).value();
        model::KvSequence sequence(*pool);
        const auto prompt = tokens(70);
        QVERIFY(network->read({&sequence, prompt, Logits::None, {}}, {}));
        const std::uint32_t pages = pool->usedPages();
        Floats row(network->config().vocabularySize);
        for (const std::size_t layers : {std::size_t{1}, std::size_t{2}, std::size_t{1000}}) {
            QVERIFY(network->rehearse({&sequence, std::span(prompt).first(1), Logits::Last, row},
                                      model::Phase::Generation, layers));
            QVERIFY(network->rehearse({&sequence, prompt, Logits::None, {}}, model::Phase::Prompt,
                                      layers));
            QCOMPARE(sequence.length(), 70U);
            QCOMPARE(pool->usedPages(), pages);
        }
        // All layers are a whole pass.
        Floats real(row.size());
        const model::Part next{&sequence, std::span(prompt).first(1), Logits::Last, real};
        QVERIFY(network->rehearse({&sequence, std::span(prompt).first(1), Logits::Last, row},
                                  model::Phase::Generation, 1000));
        QVERIFY(network->generate(std::span(&next, 1), {}));
        QVERIFY(row == real);
        QVERIFY(answer(*network) == expected);
        // Errors are those of a read.
        const std::array bad = {-1};
        QVERIFY(!network->rehearse({&sequence, bad, Logits::None, {}}, model::Phase::Prompt, 1));
    }

    void theProbeLeavesOnlyItsCounts()
    {
        const auto network = load(3);
        const Floats expected = answer(*network);
        const auto [counts, measured] = engine::probeThreads(*network);
        QVERIFY(measured || counts.prefill == 3U); // others may run beside this test
        QVERIFY(counts.decode >= 1 && counts.decode <= 3);
        QVERIFY(counts.prefill >= 1 && counts.prefill <= 3);
        QVERIFY(network->threads() == counts);
        QVERIFY(answer(*network) == expected);

        const auto single = load(1);
        const auto alone = engine::probeThreads(*single);
        QVERIFY(alone.measured && alone.counts == (ThreadCounts{1, 1}));
        QVERIFY(answer(*single) == expected);
    }

    /// The clock of the comparison starts when the first layers are warm: whatever they take, there
    /// is one.
    void comparesAlsoAfterALongWarmUp()
    {
        const auto network = load(3);
        Slow slow(*network, std::chrono::milliseconds(1100)); // more than a comparison may take
        [[maybe_unused]] const auto found = engine::probeThreads(slow);
        QCOMPARE(slow.before, 1U); // once, and no more
        QVERIFY(slow.withFewer > 0);
    }

    /// More layers would all come from that disk.
    void aSlowDiskIsReadLittle()
    {
        const auto network = load(3);
        Slow slow(*network, std::chrono::milliseconds(300));
        [[maybe_unused]] const auto found = engine::probeThreads(slow);
        QVERIFY(slow.withFewer > 0);
        QCOMPARE(slow.mostLayers, std::size_t{1});
    }

    /// Too little memory is no measurement: it may be there the next time.
    void whatFailsIsNotMeasured()
    {
        const auto network = load(3);
        for (std::size_t good = 0; good < 6; ++good) {
            Slow slow(*network, std::chrono::milliseconds(0));
            slow.good = good;
            const auto [counts, measured] = engine::probeThreads(slow);
            QVERIFY(!measured && counts == (ThreadCounts{3, 3}));
        }
    }

    void countsStayWithinThePool()
    {
        const auto network = load(3);
        QVERIFY(network->threads() == (ThreadCounts{3, 3}));
        network->useThreads({.decode = 0, .prefill = 9});
        QVERIFY(network->threads() == (ThreadCounts{1, 3}));
    }

    /// The same bits for every pair, also when generated tokens come between a prompt's layers.
    void countsChangeNoBit()
    {
        const Floats expected = answer(*load(1));
        const auto network = load(3);
        for (unsigned decode = 1; decode <= 3; ++decode) {
            for (unsigned prefill = 1; prefill <= 3; ++prefill) {
                network->useThreads({decode, prefill});
                QVERIFY(answer(*network) == expected);
            }
        }
    }

private:
    static std::vector<std::int32_t> tokens(std::size_t count)
    {
        std::vector<std::int32_t> some(count);
        for (std::size_t i = 0; i < count; ++i)
            some[i] = static_cast<std::int32_t>(i * i % 12);
        return some;
    }

    std::unique_ptr<model::Model> load(unsigned threads)
    {
        if (!m_file) {
            auto file = engine::openModelFile(TEST_DATA "/golden/quant/Q4_K_M.gguf");
            if (!file)
                return nullptr;
            m_file = std::make_unique<model::GgufFile>(*std::move(file));
        }
        return model::Model::load(*m_file, {.threads = threads}).value();
    }

    /// Logits of a prompt that rests after every layer, and of a sequence that goes on meanwhile.
    static Floats answer(model::Model& network)
    {
        const auto pool = network.makePool(40).value();
        const std::size_t vocabulary = network.config().vocabularySize;
        const auto prompt = tokens(200);
        const auto part = std::span(prompt);
        model::KvSequence read(*pool);
        model::KvSequence written(*pool);
        Floats logits(vocabulary);
        Floats all;
        const auto take = [&] { all.insert(all.end(), logits.begin(), logits.end()); };
        if (!network.read({&written, part.first(90), Logits::Last, logits}, {}))
            return {};
        take();
        Floats last(vocabulary);
        if (!network.beginRead({&read, prompt, Logits::Last, last}))
            return {};
        for (std::size_t step = 0;; ++step) {
            const auto progress = network.continueRead({}, {});
            const model::Part next{&written, part.subspan(step % 100, 1 + step * 5 % 7),
                                   Logits::Last, logits};
            if (!progress || !network.generate(std::span(&next, 1), {}))
                return {};
            take();
            if (progress->done)
                break;
        }
        all.insert(all.end(), last.begin(), last.end());
        return all;
    }

    std::unique_ptr<model::GgufFile> m_file;
};

QTEST_GUILESS_MAIN(TestThreadProbe)
#include "tst_thread_probe.moc"
