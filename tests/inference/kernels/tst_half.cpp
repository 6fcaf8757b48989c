// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/half.h"

#include <QTest>
#include <cmath>

class TestHalf : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// By the definition: (-1)^s 2^(e-15) (1 + m/1024), e = 0 subnormal, e = 31 not finite.
    void everyHalfHasItsValue()
    {
        for (unsigned bits = 0; bits < 65536; ++bits) {
            const int exponent = static_cast<int>(bits >> 10 & 31);
            const int mantissa = static_cast<int>(bits & 1023);
            const float got = kernels::floatFromHalf(static_cast<std::uint16_t>(bits));
            if (exponent == 31) {
                QCOMPARE(std::isnan(got), mantissa != 0);
                QVERIFY(!std::isfinite(got));
                continue;
            }
            const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24)
                                                   : std::ldexp(1024 + mantissa, exponent - 25);
            QCOMPARE(static_cast<double>(got), bits >> 15 != 0 ? -magnitude : magnitude);
        }
    }

    void everyHalfComesBack()
    {
        for (unsigned bits = 0; bits < 65536; ++bits) {
            const auto half = static_cast<std::uint16_t>(bits);
            if (!std::isnan(kernels::floatFromHalf(half)))
                QCOMPARE(kernels::halfFromFloat(kernels::floatFromHalf(half)), half);
        }
    }

    void roundsToTheNearestHalf_data()
    {
        QTest::addColumn<float>("value");
        QTest::addColumn<unsigned>("bits");
        QTest::newRow("half way to even") << 1.0F + 0x1p-11F << 0x3C00U;
        QTest::newRow("half way to even, up") << 1.0F + 3 * 0x1p-11F << 0x3C02U;
        QTest::newRow("above half way") << 1.0F + 0x1p-11F + 0x1p-20F << 0x3C01U;
        QTest::newRow("largest") << 65519.0F << 0x7BFFU;
        QTest::newRow("too large") << 65520.0F << 0x7C00U;
        QTest::newRow("smallest subnormal") << 0x1p-24F << 0x0001U;
        QTest::newRow("half of it, to even") << 0x1p-25F << 0x0000U;
        QTest::newRow("negative") << -2.0F << 0xC000U;
    }

    void roundsToTheNearestHalf()
    {
        QFETCH(float, value);
        QFETCH(unsigned, bits);
        QCOMPARE(static_cast<unsigned>(kernels::halfFromFloat(value)), bits);
    }

    void roundsToTheNearestBfloat()
    {
        QCOMPARE(kernels::bfloatFromFloat(1.0F), std::uint16_t{0x3F80});
        QCOMPARE(kernels::bfloatFromFloat(1.0F + 0x1p-8F), std::uint16_t{0x3F80});
        QCOMPARE(kernels::bfloatFromFloat(1.0F + 3 * 0x1p-8F), std::uint16_t{0x3F82});
        QVERIFY(std::isnan(kernels::floatFromBfloat(kernels::bfloatFromFloat(NAN))));
        QVERIFY(std::isnan(kernels::floatFromHalf(kernels::halfFromFloat(NAN))));
    }

    void exponentBytes()
    {
        QVERIFY(kernels::floatFromHalvedExponent(0) == 0x1p-128F);
        QVERIFY(kernels::floatFromHalvedExponent(1) == 0x1p-127F);
        QVERIFY(kernels::floatFromHalvedExponent(2) == 0x1p-126F);
        QVERIFY(kernels::floatFromHalvedExponent(128) == 1.0F);
        QVERIFY(kernels::floatFromHalvedExponent(255) == 0x1p127F);
    }
};

QTEST_GUILESS_MAIN(TestHalf)
#include "tst_half.moc"
