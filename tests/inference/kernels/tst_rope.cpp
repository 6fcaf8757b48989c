// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/rope.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

class TestRope : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void turnsPairs_data()
    {
        QTest::addColumn<bool>("interleaved");
        QTest::addColumn<int>("length");
        QTest::newRow("neighbours") << true << 16;
        QTest::newRow("halves") << false << 16;
        QTest::newRow("neighbours, part of a head") << true << 8;
        QTest::newRow("halves, part of a head") << false << 8;
    }

    void turnsPairs()
    {
        QFETCH(bool, interleaved);
        QFETCH(int, length);
        const auto n = static_cast<std::size_t>(length);
        const std::vector<float> divisors = made::floats(n / 2, 4, 0.1F);
        std::vector<float> above1(divisors);
        for (float& divisor : above1)
            divisor = 1.0F + std::abs(divisor);
        using kernels::Rope;
        const Rope rope(interleaved ? Rope::Pairs::Interleaved : Rope::Pairs::HalfSplit, n, 500.0F,
                        2.0F, above1);
        std::vector<float> angles(n);
        for (const std::uint32_t position : {0U, 1U, 1000U}) {
            const auto before = made::floats(16, 5);
            auto head = before;
            rope.angles(position, angles);
            rope.turn(angles, head);
            for (std::size_t i = 0; i < n / 2; ++i) {
                const double angle = position / 2.0 *
                                     std::pow(500.0, -2.0 * static_cast<double>(i) / length) /
                                     double{above1[i]};
                const std::size_t a = interleaved ? 2 * i : i;
                const std::size_t b = interleaved ? 2 * i + 1 : i + n / 2;
                const double first = before[a] * std::cos(angle) - before[b] * std::sin(angle);
                const double second = before[a] * std::sin(angle) + before[b] * std::cos(angle);
                QVERIFY(std::abs(head[a] - first) < 2e-4);
                QVERIFY(std::abs(head[b] - second) < 2e-4);
            }
            for (std::size_t i = n; i < 16; ++i)
                QCOMPARE(head[i], before[i]);
        }
    }
};

QTEST_GUILESS_MAIN(TestRope)
#include "tst_rope.moc"
