// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roofs.h"

#include <QTest>

#include <vector>

using namespace kernels;

class TestRoofs : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// A roof is only as right as its count of operations: every product of ones adds one.
    void loopsDoWhatTheyCount()
    {
        for (const Tier tier : availableTiers()) {
            const RoofLoops loops = roofLoopsOf(tier);
            int counted = 0;
            for (const RoofLoop* loop : {&loops.bytes, &loops.bfloats, &loops.floats}) {
                if (loop->run == nullptr)
                    continue;
                ++counted;
                for (const std::uint64_t rounds : {0U, 1U, 7U, 1000U}) {
                    const auto products = static_cast<double>(rounds * loop->operations) / 2;
                    QCOMPARE(loop->run(rounds, 1), products);
                    QCOMPARE(loop->run(rounds, 0), 0.0);
                }
            }
            QCOMPARE(counted, tier == Tier::Avx512 && hasBfloatProducts() ? 3 : 2);
        }
    }

    /// Nothing is skipped: each word counts once, at every place.
    void readsEveryWord()
    {
        std::vector<std::uint64_t> words(4096);
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < words.size(); ++i)
            total += words[i] = (i + 1) * 0x9E3779B97F4A7C15U;
        for (const Tier tier : availableTiers()) {
            const auto read = roofLoopsOf(tier).read;
            QCOMPARE(read(words.data(), words.size()), total);
            QCOMPARE(read(words.data(), 0), std::uint64_t{0});
            for (std::size_t i = 0; i < 64; ++i) {
                words[i] += 1;
                QCOMPARE(read(words.data(), 64), read(words.data(), 128) - read(&words[64], 64));
                QCOMPARE(read(words.data(), words.size()), total + 1);
                words[i] -= 1;
            }
        }
    }

    void measuresSomething()
    {
        ThreadPool pool(2);
        const auto bandwidth = readBandwidth(pool, 8 << 20);
        QVERIFY(bandwidth && *bandwidth > 0);
        QVERIFY(peakOf(pool, roofLoopsOf(Tier::Generic).floats) > 0);
        QCOMPARE(peakOf(pool, {}), 0.0);
    }
};

QTEST_GUILESS_MAIN(TestRoofs)
#include "tst_roofs.moc"
