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
        // Both sides as int8 in groups of 256, the weights a second time, leave more than bfloat16.
        const bool int8 = kernels::activationGroup(weightType) == kernels::ActivationGroup::Of256;
        const double bound = exact ? 1e-5 : 0.03;
        const double boundOfRows = int8 && !exact ? 0.1 : bound;
        for (const std::size_t count : {1UL, 5UL, 16UL, 33UL}) {
            const auto x = made::floats(count * columns, 11);
            std::vector<float> out(count * 150, NAN);
            std::vector<float> other(count * 40, NAN);
            const std::array products = {kernels::Product{&first.packed, out.data(), 150},
                                         kernels::Product{&second.packed, other.data(), 40}};
            multiplier.rows(x.data(), columns, count, products);
            QVERIFY(worst(first, x, out, 150) < boundOfRows);
            QVERIFY(worst(second, x, other, 40) < bound);
            QVERIFY(std::isnan(other[23])); // nothing beside the matrix is touched
            std::ranges::fill(out, NAN);
            std::ranges::fill(other, NAN);
            multiplier.tokens(x.data(), columns, count, products);
            pool.settle(); // matrices and outputs of the test go before the pool
            QVERIFY(worst(first, x, out, 150) < bound);
            QVERIFY(worst(second, x, other, 40) < bound);
            QVERIFY(std::isnan(other[23]));
        }
    }

    /// Types with a scale for every 32 weights: the panels compute what the strips compute.
    void promptsAndTokensAreTheSameInGroupsOf32_data() { multiplies_data(); }

    void promptsAndTokensAreTheSameInGroupsOf32()
    {
        QFETCH(int, type);
        QFETCH(int, tier);
        QFETCH(bool, exact);
        const auto weightType = static_cast<WeightType>(type);
        const bool same = kernels::activationGroup(weightType) == kernels::ActivationGroup::Of32;
        kernels::ThreadPool pool(2);
        Multiplier multiplier(pool, {static_cast<kernels::Tier>(tier), exact});
        // The second matrix is of another kind, half a chunk of columns is left, and 7 rows are.
        for (const std::size_t columns : {std::size_t{768}, same ? 576 : std::size_t{256}}) {
            QVERIFY(multiplier.prepare(columns).has_value());
            const Made first = makeMatrix(weightType, 53, columns, pool);
            const Made second = makeMatrix(WeightType::BF16, 40, columns, pool);
            for (const std::size_t count : {11UL, 12UL, 13UL, 43UL}) {
                auto x = made::floats(count * columns, 15);
                std::fill_n(x.begin(), columns, 1.0F); // all at the end of their range
                std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(columns), columns, 0.0F);
                std::vector<float> prompt(count * 93, NAN);
                std::vector<float> tokens(count * 93, NAN);
                const auto products = [&](std::vector<float>& out) {
                    return std::array{kernels::Product{&first.packed, out.data(), 93},
                                      kernels::Product{&second.packed, out.data() + 53, 93}};
                };
                multiplier.rows(x.data(), columns, count, products(prompt));
                multiplier.tokens(x.data(), columns, count, products(tokens));
                pool.settle(); // matrices and outputs of the test go before the pool
                QVERIFY(std::ranges::none_of(prompt, [](float v) { return std::isnan(v); }));
                bool equal = true;
                bool equalOfBfloats = true;
                for (std::size_t row = 0; row < count; ++row) {
                    const auto at = static_cast<std::ptrdiff_t>(row * 93);
                    equal &= std::equal(prompt.begin() + at, prompt.begin() + at + 53,
                                        tokens.begin() + at);
                    equalOfBfloats &= std::equal(prompt.begin() + at + 53, prompt.begin() + at + 93,
                                                 tokens.begin() + at + 53);
                }
                QCOMPARE(equal, same || exact);
                QCOMPARE(equalOfBfloats, exact); // two definitions: the comparison can tell
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

    /// The same of generated tokens, of both groups of activations in one call, and for any number
    /// of threads.
    void tokensAreIndependent_data()
    {
        QTest::addColumn<int>("tier");
        for (const kernels::Tier tier : kernels::availableTiers())
            QTest::addRow("%s", kernels::nameOf(tier).data()) << static_cast<int>(tier);
    }

    void tokensAreIndependent()
    {
        QFETCH(int, tier);
        const Multiplier::Options options = {.tier = static_cast<kernels::Tier>(tier)};
        const std::size_t columns = 768;
        const std::size_t most = 70; // more than are taken in hand at once
        kernels::ThreadPool one(1);
        kernels::ThreadPool three(3);
        const Made first = makeMatrix(WeightType::Q4_K, 150, columns, one);
        const Made second = makeMatrix(WeightType::Q8_0, 23, columns, one);
        const auto x = made::floats(most * columns, 14);
        std::vector<float> alone(most * 173);
        Multiplier single(one, options);
        QVERIFY(single.prepare(columns).has_value());
        for (std::size_t row = 0; row < most; ++row) {
            float* out = alone.data() + row * 173;
            const std::array products = {kernels::Product{&first.packed, out, 150},
                                         kernels::Product{&second.packed, out + 150, 23}};
            single.tokens(x.data() + row * columns, columns, 1, products);
        }
        for (kernels::ThreadPool* pool : {&one, &three}) {
            Multiplier multiplier(*pool, options);
            QVERIFY(multiplier.prepare(columns).has_value());
            for (const std::size_t count : {2UL, 3UL, 7UL, 9UL, 33UL, most}) {
                std::vector<float> all(count * 173, NAN);
                const std::array products = {
                    kernels::Product{&first.packed, all.data(), 173},
                    kernels::Product{&second.packed, all.data() + 150, 173}};
                multiplier.tokens(x.data(), columns, count, products);
                pool->settle(); // matrices and outputs of the test go before the pool
                QVERIFY(std::ranges::equal(all, std::span(alone).first(count * 173)));
            }
        }
    }

    /// oneDNN in the place of our own panels of bfloat16: right, for any rows beside a row the same
    /// bits, and no others than numbers (rows that fill a tile up are not looked at).
    void leavesPanelsToTheLibrary()
    {
        if (!kernels::hasBfloatProducts())
            QSKIP("this processor has no bfloat16 products");
        kernels::ThreadPool pool(2);
        Multiplier own(pool, {.library = false});
        Multiplier multiplier(pool, {.library = true});
        bool different = false;
        for (const WeightType type : {WeightType::F32, WeightType::F16, WeightType::BF16}) {
            for (const std::size_t columns : {std::size_t{45}, std::size_t{576}}) {
                QVERIFY(own.prepare(columns).has_value());
                QVERIFY(multiplier.prepare(columns).has_value());
                const Made matrix = makeMatrix(type, 70, columns, pool);
                const std::size_t count = 37;
                const auto x = made::floats(count * columns, 16);
                std::vector<float> all(count * 70, NAN);
                std::vector<float> ours(count * 70, NAN);
                const std::array whole = {kernels::Product{&matrix.packed, all.data(), 70}};
                const std::array same = {kernels::Product{&matrix.packed, ours.data(), 70}};
                multiplier.rows(x.data(), columns, count, whole);
                own.rows(x.data(), columns, count, same);
                QVERIFY(worst(matrix, x, all, 70) < 0.03);
                QVERIFY(worst(matrix, x, ours, 70) < 0.03);
                different |= all != ours; // else the option chooses nothing
                for (const std::size_t row : {0UL, 15UL, 36UL}) {
                    std::vector<float> alone(70);
                    const std::array single = {kernels::Product{&matrix.packed, alone.data(), 70}};
                    multiplier.rows(x.data() + row * columns, columns, 1, single);
                    QVERIFY(std::ranges::equal(alone, std::span(all).subspan(row * 70, 70)));
                }
            }
        }
        QVERIFY(different);
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
        multiplier.tokens(x.data(), columns, 3, products);
        pool.settle(); // matrices and outputs of the test go before the pool
        QVERIFY(worst(matrix, x, out, 70) < 1e-5);
    }
};

QTEST_GUILESS_MAIN(TestMultiplier)
#include "tst_multiplier.moc"
