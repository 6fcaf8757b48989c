// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

class TestVectors : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyTier_data()
    {
        QTest::addColumn<int>("tier");
        QTest::addColumn<int>("count");
        for (const kernels::Tier tier : kernels::availableTiers()) {
            for (const int count : {1, 15, 16, 77, 1536}) {
                const QByteArray name =
                    QByteArray(kernels::nameOf(tier)) + ' ' + QByteArray::number(count);
                QTest::newRow(name.constData()) << static_cast<int>(tier) << count;
            }
        }
    }

    void everyTier()
    {
        QFETCH(int, tier);
        QFETCH(int, count);
        const kernels::KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        const auto n = static_cast<std::size_t>(count);
        normalises(kernels, n);
        gates(kernels, n);
        adds(kernels, n);
    }

    void roundsActivations_data()
    {
        QTest::addColumn<int>("tier");
        QTest::addColumn<int>("group");
        for (const kernels::Tier tier : kernels::availableTiers()) {
            QTest::addRow("%s 32", kernels::nameOf(tier).data()) << static_cast<int>(tier) << 32;
            QTest::addRow("%s 256", kernels::nameOf(tier).data()) << static_cast<int>(tier) << 256;
        }
    }

    void roundsActivations()
    {
        QFETCH(int, tier);
        QFETCH(int, group);
        const auto g = static_cast<std::size_t>(group);
        const kernels::KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        constexpr std::size_t kCount = 1024;
        auto x = made::floats(kCount, 3);
        x[5] = 1000.0F; // an outlier spoils its own group only
        std::fill_n(x.begin() + 512, 256, 0.0F);
        std::vector<std::int8_t> values(kCount);
        std::vector<float> scales(kCount / g);
        std::vector<std::int16_t> sums16(kCount / 16);
        std::vector<std::int16_t> sums32(kCount / 32);
        const kernels::QuantizedRow out{values.data(), scales.data(), sums16.data(), sums32.data()};
        (group == 32 ? kernels.quantize32 : kernels.quantize256)(x.data(), kCount, out);

        for (std::size_t i = 0; i < kCount; ++i) {
            double largest = 0;
            for (std::size_t j = i / g * g; j < i / g * g + g; ++j)
                largest = std::max(largest, std::abs(double{x[j]}));
            QVERIFY(std::abs(values[i]) <= 127);
            QVERIFY(std::abs(values[i] * double{scales[i / g]} - x[i]) <= largest / 127 * 0.5001);
        }
        for (std::size_t i = 0; i < kCount / 16; ++i) {
            int sum = 0;
            for (std::size_t j = 0; j < 16; ++j)
                sum += values[16 * i + j];
            QCOMPARE(static_cast<int>(sums16[i]), sum);
            QCOMPARE(static_cast<int>(sums32[i / 2]), sums16[i / 2 * 2] + sums16[i / 2 * 2 + 1]);
        }
    }

private:
    static void normalises(const kernels::KernelTable& kernels, std::size_t n)
    {
        const auto x = made::floats(n, 1, 3.0F);
        const auto weight = made::floats(n, 2);
        std::vector<float> out(n);
        kernels.rmsNorm(x.data(), weight.data(), 1e-5F, n, out.data());
        double squares = 0;
        for (const float value : x)
            squares += double{value} * value;
        const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
        for (std::size_t i = 0; i < n; ++i) {
            const double want = x[i] * scale * weight[i];
            QVERIFY(std::abs(out[i] - want) <= 1e-5 * std::abs(want) + 1e-7);
        }
    }

    static void gates(const kernels::KernelTable& kernels, std::size_t n)
    {
        auto gate = made::floats(n, 4, 5.0F);
        gate[0] = -200.0F; // e^200 has no float
        gate[n - 1] = n > 1 ? 200.0F : gate[0];
        const auto up = made::floats(n, 5);
        std::vector<float> out(n);
        kernels.swiGlu(gate.data(), up.data(), n, out.data());
        for (std::size_t i = 0; i < n; ++i) {
            const double want = gate[i] / (1 + std::exp(-double{gate[i]})) * up[i];
            QVERIFY(std::abs(out[i] - want) <= 1e-6 * std::abs(want) + 1e-30);
        }
    }

    static void adds(const kernels::KernelTable& kernels, std::size_t n)
    {
        const auto from = made::floats(n, 6);
        auto to = made::floats(n, 7);
        const auto before = to;
        kernels.add(from.data(), n, to.data());
        for (std::size_t i = 0; i < n; ++i)
            QCOMPARE(to[i], before[i] + from[i]);
    }
};

QTEST_GUILESS_MAIN(TestVectors)
#include "tst_vectors.moc"
