// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/multiplier.h"

#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

using kernels::Multiplier;
using kernels::WeightType;

namespace {

/// A matrix and its values.
struct Made {
    kernels::PackedMatrix packed;
    std::vector<float> values; // [rows][columns]
};

Made makeMatrix(WeightType type, std::size_t rows, std::size_t columns, kernels::ThreadPool& pool)
{
    Made made;
    std::vector<std::byte> bytes;
    for (std::size_t r = 0; r < rows; ++r) {
        const auto row = made::row(type, columns, made::Bits::Random, static_cast<unsigned>(r));
        bytes.insert(bytes.end(), row.begin(), row.end());
        made.values.resize((r + 1) * columns);
        kernels::dequantizeRow(type, row, std::span(made.values).last(columns));
    }
    made.packed = kernels::PackedMatrix::pack(type, rows, columns, bytes, pool).value();
    return made;
}

/// Largest difference from the plain product, in units of the row's mean product of magnitudes.
double worst(const Made& matrix, std::span<const float> x, std::span<const float> out,
             std::size_t outStride)
{
    const std::size_t columns = matrix.packed.columns();
    double most = 0;
    for (std::size_t m = 0; m < x.size() / columns; ++m) {
        for (std::size_t n = 0; n < matrix.packed.rows(); ++n) {
            double want = 0;
            double squares = 0;
            for (std::size_t k = 0; k < columns; ++k) {
                const double product = double{x[m * columns + k]} * matrix.values[n * columns + k];
                want += product;
                squares += product * product;
            }
            const double off = std::abs(out[m * outStride + n] - want) / std::sqrt(squares);
            most = off > most || std::isnan(off) ? off : most;
        }
    }
    return most;
}

} // namespace

class TestMultiplier : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void multiplies_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("tier");
        QTest::addColumn<bool>("exact");
        for (const WeightType type : made::kTypes) {
            for (const kernels::Tier tier : kernels::availableTiers()) {
                for (const bool exact : {false, true}) {
                    QTest::addRow("%s %s%s", kernels::nameOf(type).data(),
                                  kernels::nameOf(tier).data(), exact ? " exact" : "")
                        << static_cast<int>(type) << static_cast<int>(tier) << exact;
                }
            }
        }
    }

    void multiplies()
    {
        QFETCH(int, type);
        QFETCH(int, tier);
        QFETCH(bool, exact);
        const auto weightType = static_cast<WeightType>(type);
        kernels::ThreadPool pool(2);
        Multiplier multiplier(pool, {static_cast<kernels::Tier>(tier), exact});
        // Row counts that fill neither the last strip nor the last panel.
        const std::size_t columns = 512;
        const Made first = makeMatrix(weightType, 150, columns, pool);
        const Made second = makeMatrix(WeightType::Q8_0, 23, columns, pool);
        QVERIFY(multiplier.prepare(columns).has_value());
        const double bound = exact ? 1e-5 : 0.03;
        for (const std::size_t count : {1UL, 5UL, 16UL, 33UL}) {
            const auto x = made::floats(count * columns, 11);
            std::vector<float> out(count * 150, NAN);
            std::vector<float> other(count * 40, NAN);
            const std::array products = {kernels::Product{&first.packed, out.data(), 150},
                                         kernels::Product{&second.packed, other.data(), 40}};
            multiplier.rows(x.data(), columns, count, products);
            QVERIFY(worst(first, x, out, 150) < bound);
            QVERIFY(worst(second, x, other, 40) < bound);
            QVERIFY(std::isnan(other[23])); // nothing beside the matrix is touched
            if (count == 1) {
                multiplier.row(x.data(), products);
                QVERIFY(worst(first, x, out, 150) < bound);
                QVERIFY(worst(second, x, other, 40) < bound);
                QVERIFY(std::isnan(other[23]));
            }
        }
    }

    /// A row's result is the same bits whatever stands beside it.
    void rowsAreIndependent()
    {
        kernels::ThreadPool pool(2);
        Multiplier multiplier(pool, {});
        const std::size_t columns = 576;
        const Made matrix = makeMatrix(WeightType::Q4_1, 130, columns, pool);
        QVERIFY(multiplier.prepare(columns).has_value());
        const std::size_t count = Multiplier::kMostRows;
        const auto x = made::floats(count * columns, 12);
        std::vector<float> all(count * 130);
        const std::array whole = {kernels::Product{&matrix.packed, all.data(), 130}};
        multiplier.rows(x.data(), columns, count, whole);
        for (const std::size_t row : {0UL, 17UL, 255UL}) {
            std::vector<float> alone(130);
            const std::array single = {kernels::Product{&matrix.packed, alone.data(), 130}};
            multiplier.rows(x.data() + row * columns, columns, 1, single);
            QVERIFY(std::ranges::equal(alone, std::span(all).subspan(row * 130, 130)));
        }
    }

    void oddColumnsOfPlainTypes()
    {
        kernels::ThreadPool pool(1);
        Multiplier multiplier(pool, {});
        const std::size_t columns = 45;
        const Made matrix = makeMatrix(WeightType::F16, 70, columns, pool);
        QVERIFY(multiplier.prepare(columns).has_value());
        const auto x = made::floats(3 * columns, 13);
        std::vector<float> out(3 * 70);
        const std::array products = {kernels::Product{&matrix.packed, out.data(), 70}};
        multiplier.rows(x.data(), columns, 3, products);
        QVERIFY(worst(matrix, x, out, 70) < 0.03);
        multiplier.row(x.data(), products);
        QVERIFY(worst(matrix, std::span(x).first(columns), out, 70) < 1e-5);
    }
};

QTEST_GUILESS_MAIN(TestMultiplier)
#include "tst_multiplier.moc"
