// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/onednn_matmul.h"

#include "inference/kernels/plain_panel.h"
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

using kernels::OnednnMatmul;

class TestOnednnMatmul : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void multiplies_data()
    {
        QTest::addColumn<int>("columns");
        for (const int columns : {32, 576, 4128})
            QTest::addRow("%d", columns) << columns;
    }

    void multiplies()
    {
        QFETCH(int, columns);
        if (!kernels::hasBfloatProducts())
            QSKIP("this processor has no bfloat16 products");
        const auto k = static_cast<std::size_t>(columns);
        constexpr std::size_t kRows = OnednnMatmul::kRows;
        constexpr std::size_t kWidth = kernels::kPanelRows;
        auto a = made::floats(kRows * k, 1);
        auto b = made::floats(k * kWidth, 2);
        std::vector<std::uint16_t> aBfloat(a.size());
        std::vector<std::uint16_t> bBfloat(b.size());
        // The reference gets the rounded values: what is left is the library's sums.
        for (std::size_t i = 0; i < a.size(); ++i)
            a[i] = kernels::floatFromBfloat(aBfloat[i] = kernels::bfloatFromFloat(a[i]));
        for (std::size_t i = 0; i < b.size(); ++i) {
            const std::size_t row = i / kWidth;
            const std::size_t at = (row / 2 * kWidth + i % kWidth) * 2 + row % 2;
            b[i] = kernels::floatFromBfloat(bBfloat[at] = kernels::bfloatFromFloat(b[i]));
        }
        auto product = OnednnMatmul::create(k, 2);
        QVERIFY2(product.has_value(), product ? "" : product.error().detail.c_str());
        std::vector<float> c(kRows * kWidth, NAN);
        product->apply(1, aBfloat.data(), bBfloat.data(), c.data());
        for (std::size_t m = 0; m < kRows; ++m) {
            for (std::size_t n = 0; n < kWidth; ++n) {
                double want = 0;
                double magnitude = 0;
                for (std::size_t i = 0; i < k; ++i) {
                    want += double{a[m * k + i]} * b[i * kWidth + n];
                    magnitude += std::abs(double{a[m * k + i]} * b[i * kWidth + n]);
                }
                QVERIFY(std::abs(c[m * kWidth + n] - want) <= 1e-6 * magnitude);
            }
        }
    }

    void warmsUp()
    {
        if (kernels::hasBfloatProducts())
            QVERIFY(kernels::warmUpOnednn().has_value());
    }
};

QTEST_GUILESS_MAIN(TestOnednnMatmul)
#include "tst_onednn_matmul.moc"
