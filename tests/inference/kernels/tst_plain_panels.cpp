// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/plain_multiplier.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <array>
#include <cmath>

using kernels::kPanelRows;
using kernels::kPlainColumns;
using kernels::PlainKernels;
using kernels::WeightType;

namespace {

constexpr std::array kTypes = {WeightType::F32, WeightType::F16, WeightType::BF16};

std::byte* bytesOf(auto& values)
{
    return reinterpret_cast<std::byte*>(values.data());
}

/// What a number is as an element.
float rounded(const PlainKernels& kernels, float value)
{
    return kernels.elementBytes == 4 ? value
                                     : kernels::floatFromBfloat(kernels::bfloatFromFloat(value));
}

/// Elements as numbers: of a row, or of a panel.
struct Elements {
    std::vector<std::byte> bytes;

    Elements(const PlainKernels& kernels, std::size_t count)
        : bytes(count * kernels.elementBytes, std::byte{0xFF}) // not a number in either form
        , m_bytes(kernels.elementBytes)
    {
    }
    [[nodiscard]] float at(std::size_t i) const
    {
        if (m_bytes == 4) {
            float value = 0;
            std::memcpy(&value, bytes.data() + 4 * i, 4);
            return value;
        }
        std::uint16_t value = 0;
        std::memcpy(&value, bytes.data() + 2 * i, 2);
        return kernels::floatFromBfloat(value);
    }
    [[nodiscard]] float weight(std::size_t k, std::size_t row) const
    {
        return at(m_bytes == 4 ? k * kPanelRows + row : (k / 2 * kPanelRows + row) * 2 + k % 2);
    }

private:
    std::size_t m_bytes;
};

/// Every tier in float32, and in bfloat16 where the processor multiplies those.
struct Way {
    QByteArray name;
    const PlainKernels* kernels;
};
std::vector<Way> ways()
{
    std::vector<Way> all;
    for (const kernels::Tier tier : kernels::availableTiers()) {
        const QByteArray name(kernels::nameOf(tier).data());
        all.push_back({name, &kernels::plainOf(tier, true)});
        const PlainKernels& fast = kernels::plainOf(tier, false);
        if (&fast != all.back().kernels)
            all.push_back({name + " bfloat16", &fast});
    }
    return all;
}

void addWays()
{
    QTest::addColumn<int>("way");
    for (std::size_t i = 0; i < ways().size(); ++i)
        QTest::addRow("%s", ways()[i].name.data()) << static_cast<int>(i);
}

const PlainKernels& chosen(int way)
{
    return *ways()[static_cast<std::size_t>(way)].kernels;
}

/// One row with the numbers at the ends of each range and those that lie between two bfloat16.
std::vector<float> specials(std::size_t count, unsigned seed)
{
    auto values = made::floats(count, seed);
    constexpr std::array kSpecial = {0.0F,      -0.0F,        65504.0F,       -65504.0F,
                                     0x1p-14F,  1.00390625F,  1.01171875F,    -1.00390625F,
                                     0x1.01p0F, 0x1.018p-10F, 0x1.00fffep10F, -0x1.ffp15F};
    for (std::size_t i = 0; i < std::min(count, kSpecial.size()); ++i)
        values[i] = kSpecial[i];
    return values;
}

std::vector<std::byte> rowOf(WeightType type, std::span<const float> values)
{
    std::vector<std::byte> bytes(kernels::rowBytes(type, values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint16_t small = type == WeightType::F16 ? kernels::halfFromFloat(values[i])
                                                            : kernels::bfloatFromFloat(values[i]);
        if (type == WeightType::F32)
            std::memcpy(bytes.data() + 4 * i, &values[i], 4);
        else
            std::memcpy(bytes.data() + 2 * i, &small, 2);
    }
    return bytes;
}

} // namespace

class TestPlainPanels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void widensWeights_data() { addWays(); }

    /// Every weight comes to its place as the nearest element, and a zero behind an odd column.
    void widensWeights()
    {
        QFETCH(int, way);
        const PlainKernels& kernels = chosen(way);
        for (const WeightType type : kTypes) {
            for (const std::size_t columns : {1UL, 2UL, 45UL, 256UL}) {
                std::vector<std::byte> strip(kernels::stripBytes(type, columns));
                std::vector<std::vector<float>> rows;
                for (unsigned lane = 0; lane < 16; ++lane) {
                    const auto row = rowOf(type, specials(columns, lane));
                    kernels::packRow(type, columns, row.data(), lane, strip.data());
                    kernels::dequantizeRow(type, row, rows.emplace_back(columns));
                }
                Elements panel(kernels, (columns + 1) * kPanelRows);
                kernels.expand[static_cast<std::size_t>(type)](
                    strip.data(), columns, panel.bytes.data() + kernels::kPlainStripBytes);
                for (std::size_t lane = 0; lane < 16; ++lane) {
                    for (std::size_t k = 0; k < columns; ++k) {
                        QVERIFY(std::isnan(panel.weight(k, lane))); // nothing beside it is touched
                        QCOMPARE(panel.weight(k, 16 + lane), rounded(kernels, rows[lane][k]));
                    }
                    if (columns % 2 != 0)
                        QCOMPARE(panel.weight(columns, 16 + lane), 0.0F);
                }
            }
        }
    }

    void widensActivations_data() { addWays(); }

    void widensActivations()
    {
        QFETCH(int, way);
        const PlainKernels& kernels = chosen(way);
        for (const std::size_t columns : {1UL, 15UL, 16UL, 33UL, 256UL}) {
            auto x = specials(columns, 3);
            x.back() = 3.4e38F;
            Elements row(kernels, columns + 1);
            kernels.widen(x.data(), columns, row.bytes.data());
            for (std::size_t i = 0; i < columns; ++i)
                QCOMPARE(row.at(i), rounded(kernels, x[i]));
            QVERIFY(std::isnan(row.at(columns)));
        }
    }

    void multiplies_data() { addWays(); }

    /// Against sums in float64, from nothing and from a tile, and the same bits as alone for every
    /// row in a row count that fills no tile.
    void multiplies()
    {
        QFETCH(int, way);
        const PlainKernels& kernels = chosen(way);
        for (const std::size_t columns : {1UL, 2UL, 31UL, 256UL}) {
            const std::size_t even = (columns + 1) / 2 * 2;
            std::vector<std::byte> strip(kernels::stripBytes(WeightType::F16, columns));
            Elements panel(kernels, even * kPanelRows);
            for (std::size_t s = 0; s < 2; ++s) {
                for (unsigned lane = 0; lane < 16; ++lane) {
                    const auto row = rowOf(WeightType::F16, specials(columns, 16 * s + lane));
                    kernels::packRow(WeightType::F16, columns, row.data(), lane, strip.data());
                }
                kernels.expand[static_cast<std::size_t>(WeightType::F16)](
                    strip.data(), columns, panel.bytes.data() + s * kernels::kPlainStripBytes);
            }
            for (const std::size_t rows : {1UL, 2UL, 5UL, 11UL, 12UL, 13UL, 31UL})
                compare(kernels, panel, columns, rows);
        }
    }

    void matricesHaveOneDefinition_data() { addWays(); }

    /// Odd columns, a last block and a last panel that are not full: right, and the same bits for a
    /// row alone, among others, by one thread and by several.
    void matricesHaveOneDefinition()
    {
        QFETCH(int, way);
        const PlainKernels& kernels = chosen(way);
        constexpr std::size_t kRows = 75; // five strips
        constexpr std::size_t kMost = 70;
        kernels::ThreadPool pool(2);
        for (const WeightType type : kTypes) {
            for (const std::size_t columns : {45UL, 512UL, 769UL}) {
                std::vector<std::byte> bytes;
                std::vector<float> values(kRows * columns);
                for (unsigned row = 0; row < kRows; ++row) {
                    const auto one = rowOf(type, made::floats(columns, row));
                    kernels::dequantizeRow(type, one,
                                           std::span(values).subspan(row * columns, columns));
                    bytes.insert(bytes.end(), one.begin(), one.end());
                }
                const auto matrix =
                    kernels::PackedMatrix::pack(type, kRows, columns, bytes, pool).value();
                kernels::PlainMultiplier multiplier(kernels, 2);
                QVERIFY(multiplier.prepare(kMost, columns).has_value());
                const auto x = made::floats(kMost * columns, 9);
                const auto product = [&](std::size_t first, std::size_t count) {
                    std::vector<float> out(count * kRows, NAN);
                    pool.run(count, [&](std::size_t row, unsigned) {
                        multiplier.takeRow(x.data() + (first + row) * columns, columns, row);
                    });
                    pool.run(kernels::PlainMultiplier::panels(matrix), [&](std::size_t panel,
                                                                           unsigned worker) {
                        multiplier.multiply(matrix, panel, count, out.data(), kRows, worker);
                    });
                    return out;
                };
                const auto all = product(0, kMost);
                for (std::size_t i = 0; i < all.size(); ++i) {
                    const auto a = std::span(x).subspan(i / kRows * columns, columns);
                    const auto b = std::span(values).subspan(i % kRows * columns, columns);
                    double want = 0;
                    double magnitude = 0;
                    for (std::size_t k = 0; k < columns; ++k) {
                        const double one = double{rounded(kernels, a[k])} * rounded(kernels, b[k]);
                        want += one;
                        magnitude += std::abs(one);
                    }
                    QVERIFY(std::abs(all[i] - want) <= 2e-6 * magnitude);
                }
                for (std::size_t count = 1; count < kMost; count += 3) {
                    const std::size_t first = (kMost - count) / 2;
                    QVERIFY(
                        std::ranges::equal(product(first, count),
                                           std::span(all).subspan(first * kRows, count * kRows)));
                }
            }
        }
    }

private:
    static void compare(const PlainKernels& kernels, const Elements& panel, std::size_t columns,
                        std::size_t rows)
    {
        auto x = specials(rows * columns, 21);
        Elements elements(kernels, rows * kPlainColumns);
        for (std::size_t row = 0; row < rows; ++row) {
            std::byte* to = elements.bytes.data() + row * kPlainColumns * kernels.elementBytes;
            kernels.widen(x.data() + row * columns, columns, to);
            if (columns % 2 != 0)
                std::memset(to + columns * kernels.elementBytes, 0, kernels.elementBytes);
        }
        const auto before = made::floats(rows * kPanelRows, 22);
        auto tile = before;
        constexpr std::size_t kWide = kPanelRows + 8;
        std::vector<float> wide(rows * kWide, NAN);
        kernels::PlainTask task = {panel.bytes.data(), elements.bytes.data(), columns, rows,
                                   tile.data(),        {tile.data()}};
        kernels.multiply(task);
        task.tile = nullptr;
        task.out = {wide.data(), kWide};
        kernels.multiply(task);
        for (std::size_t row = 0; row < rows; ++row) {
            std::vector<float> alone(kPanelRows);
            task.x = elements.bytes.data() + row * kPlainColumns * kernels.elementBytes;
            task.rows = 1;
            task.out = {alone.data()};
            kernels.multiply(task);
            QVERIFY(std::isnan(wide[row * kWide + kPanelRows])); // nothing beside it is touched
            for (std::size_t n = 0; n < kPanelRows; ++n) {
                double want = 0;
                double magnitude = 0;
                for (std::size_t k = 0; k < columns; ++k) {
                    const double one =
                        double{elements.at(row * kPlainColumns + k)} * panel.weight(k, n);
                    want += one;
                    magnitude += std::abs(one);
                }
                const float start = before[row * kPanelRows + n];
                QVERIFY(std::abs(wide[row * kWide + n] - want) <= 2e-6 * magnitude);
                QVERIFY(std::abs(tile[row * kPanelRows + n] - start - want) <=
                        2e-6 * (magnitude + std::abs(start)));
                QCOMPARE(alone[n], wide[row * kWide + n]);
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestPlainPanels)
#include "tst_plain_panels.moc"
