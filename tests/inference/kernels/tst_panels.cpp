// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/panel_multiplier.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

using kernels::KernelTable;
using kernels::kPanelGroup;
using kernels::kPanelWidth;
using kernels::WeightType;

namespace {

const std::vector<WeightType> kTypes = {WeightType::Q2_K, WeightType::Q3_K, WeightType::Q4_K,
                                        WeightType::Q5_K, WeightType::Q6_K, WeightType::IQ4_XS};

/// One group of a panel, as a tier has made it.
struct Panel {
    std::vector<std::int8_t> values = std::vector<std::int8_t>(kPanelGroup * kPanelWidth);
    std::vector<float> scales = std::vector<float>(kPanelWidth, NAN);
    std::vector<std::int32_t> starts = std::vector<std::int32_t>(kPanelWidth);

    kernels::PanelWeights view() { return {values.data(), scales.data(), starts.data()}; }
    [[nodiscard]] int value(std::size_t row, std::size_t k) const
    {
        return values[(k / 4 * kPanelWidth + row) * 4 + k % 4];
    }
    [[nodiscard]] int sum(std::size_t row) const
    {
        int total = 0;
        for (std::size_t k = 0; k < kPanelGroup; ++k)
            total += value(row, k);
        return total;
    }
};

/// The activations of one group; the bias is what a tier adds to a zero.
struct Activations {
    std::vector<std::uint8_t> values;
    std::vector<float> scales;
    int bias = 0;

    Activations(const KernelTable& kernels, std::span<const float> x)
        : values(x.size())
        , scales(x.size() / kPanelGroup)
    {
        const std::vector<float> zeros(kPanelGroup);
        const auto out = view();
        kernels.quantizePanel(zeros.data(), kPanelGroup, 0, &out);
        bias = values[0];
        for (std::size_t row = 0; row < scales.size(); ++row)
            kernels.quantizePanel(x.data() + row * kPanelGroup, kPanelGroup, row, &out);
    }
    kernels::PanelActivations view() { return {values.data(), scales.data()}; }
    [[nodiscard]] int value(std::size_t row, std::size_t k) const
    {
        const std::uint8_t byte = values[row * kPanelGroup + k];
        return bias == 0 ? static_cast<std::int8_t>(byte) : byte - bias;
    }
};

/// Activations at both ends of their range: whole sums as large as they can be.
std::vector<float> extremes(std::size_t count)
{
    std::vector<float> x(count);
    for (std::size_t i = 0; i < count; ++i)
        x[i] = i / kPanelGroup % 3 == 0 ? 1.0F : i / kPanelGroup % 3 == 1 ? -1.0F : 0.0F;
    return x;
}

void addTiers()
{
    QTest::addColumn<int>("tier");
    for (const kernels::Tier tier : kernels::availableTiers())
        QTest::addRow("%s", kernels::nameOf(tier).data()) << static_cast<int>(tier);
}

} // namespace

class TestPanels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void unpacks_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("tier");
        QTest::addColumn<int>("bits");
        for (const WeightType type : kTypes) {
            for (const kernels::Tier tier : kernels::availableTiers()) {
                for (const made::Bits bits : {made::Bits::Random, made::Bits::NoneSet,
                                              made::Bits::AllSet, made::Bits::Extreme}) {
                    QTest::addRow("%s %s %d", kernels::nameOf(type).data(),
                                  kernels::nameOf(tier).data(), static_cast<int>(bits))
                        << static_cast<int>(type) << static_cast<int>(tier)
                        << static_cast<int>(bits);
                }
            }
        }
    }

    /// Every byte stands for its weight to within half a step and what 8 bits behind the point
    /// leave of 63 times its factor, and the tiers agree
    /// to within one.
    void unpacks()
    {
        QFETCH(int, type);
        QFETCH(int, tier);
        QFETCH(int, bits);
        const auto weightType = static_cast<WeightType>(type);
        const KernelTable& tierKernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        const KernelTable& generic = kernels::kernelsOf(kernels::Tier::Generic);
        std::vector<std::byte> tile(kernels::stripBytes(weightType, kPanelGroup));
        std::vector<std::vector<float>> rows;
        for (std::size_t lane = 0; lane < 16; ++lane) {
            const auto row = made::row(weightType, kPanelGroup, static_cast<made::Bits>(bits),
                                       static_cast<unsigned>(lane) + 1);
            kernels::packRow(weightType, kPanelGroup, row.data(), lane, tile.data());
            kernels::dequantizeRow(weightType, row, rows.emplace_back(kPanelGroup));
        }
        Panel panel;
        Panel plain;
        tierKernels.expandInt8[type](tile.data(), 16, panel.view());
        generic.expandInt8[type](tile.data(), 16, plain.view());
        const Activations none(tierKernels, std::vector<float>(kPanelGroup));
        for (std::size_t lane = 0; lane < 16; ++lane) {
            const double scale = panel.scales[16 + lane];
            QVERIFY(std::isnan(panel.scales[lane])); // nothing beside the strip is touched
            QVERIFY(std::abs(scale - plain.scales[16 + lane]) <= 1e-6 * scale);
            QCOMPARE(panel.starts[16 + lane], -none.bias * panel.sum(16 + lane));
            for (std::size_t k = 0; k < kPanelGroup; ++k) {
                const int value = panel.value(16 + lane, k);
                QVERIFY(value >= -127 && value <= 127);
                QVERIFY(std::abs(value - plain.value(16 + lane, k)) <= 1);
                QVERIFY(std::abs(value * scale - rows[lane][k]) <= 0.65 * scale + 1e-12);
            }
        }
    }

    void roundsActivations_data() { addTiers(); }

    void roundsActivations()
    {
        QFETCH(int, tier);
        const KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        const auto x = made::floats(3 * kPanelGroup, 5, 1e3F);
        const Activations rounded(kernels, x);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const float scale = rounded.scales[i / kPanelGroup];
            const int value = rounded.value(i / kPanelGroup, i % kPanelGroup);
            QVERIFY(std::abs(static_cast<float>(value) * scale - x[i]) <= 0.501F * scale);
        }
        const Activations zeros(kernels, std::vector<float>(kPanelGroup));
        QCOMPARE(zeros.scales[0], 0.0F);
    }

    void multiplies_data() { addTiers(); }

    /// Against whole sums taken one by one: what is left is the rounding of one multiplication and
    /// one addition, and in the extreme rows no whole sum has left its range.
    void multiplies()
    {
        QFETCH(int, tier);
        const KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        std::mt19937 random(3);
        for (const bool extreme : {false, true}) {
            Panel panel;
            for (std::int8_t& value : panel.values)
                value = static_cast<std::int8_t>(extreme ? 127 : int(random() % 255) - 127);
            panel.scales = made::floats(kPanelWidth, 6);
            for (const std::size_t count : {1UL, 2UL, 11UL, 12UL, 13UL, 50UL}) {
                const auto values =
                    extreme ? extremes(count * kPanelGroup) : made::floats(count * kPanelGroup, 7);
                Activations x(kernels, values);
                for (std::size_t row = 0; row < kPanelWidth; ++row)
                    panel.starts[row] = -x.bias * panel.sum(row);
                const auto before = made::floats(count * kPanelWidth, 8);
                auto tile = before;
                const kernels::PanelOut same = {tile.data(), kPanelWidth};
                kernels.multiplyPanel(panel.view(), x.view(), count, tile.data(), same);
                compare(panel, x, before, tile);
                // From nothing into wider rows: 0 + p is p.
                std::vector<float> wide(count * 40, NAN);
                kernels.multiplyPanel(panel.view(), x.view(), count, nullptr, {wide.data(), 40});
                for (std::size_t row = 0; row < count; ++row) {
                    const auto part = std::span(wide).subspan(row * 40, 40);
                    std::ranges::copy(part.first(kPanelWidth), tile.begin() + row * kPanelWidth);
                    QVERIFY(std::isnan(part[kPanelWidth]));
                }
                compare(panel, x, std::vector<float>(before.size()), tile);
            }
        }
    }

    /// The same bits for a row alone, among others, by one thread and by several.
    void rowsAreIndependent_data() { addTiers(); }

    void rowsAreIndependent()
    {
        QFETCH(int, tier);
        constexpr std::size_t kColumns = 768;
        constexpr std::size_t kRows = 75; // five strips, the last panel half empty
        constexpr std::size_t kMost = 70;
        kernels::ThreadPool pool(2);
        std::vector<std::byte> bytes;
        for (unsigned row = 0; row < kRows; ++row) {
            const auto one = made::row(WeightType::Q4_K, kColumns, made::Bits::Random, row);
            bytes.insert(bytes.end(), one.begin(), one.end());
        }
        const auto matrix =
            kernels::PackedMatrix::pack(WeightType::Q4_K, kRows, kColumns, bytes, pool).value();
        kernels::PanelMultiplier multiplier(kernels::kernelsOf(static_cast<kernels::Tier>(tier)),
                                            2);
        QVERIFY(multiplier.takes(WeightType::Q4_K) && !multiplier.takes(WeightType::Q4_0));
        QVERIFY(multiplier.prepare(kMost, kColumns).has_value());
        const auto x = made::floats(kMost * kColumns, 9);
        const auto product = [&](std::size_t first, std::size_t count) {
            std::vector<float> out(count * kRows, NAN);
            pool.run(count, [&](std::size_t row, unsigned) {
                multiplier.quantizeRow(x.data() + (first + row) * kColumns, kColumns, row);
            });
            pool.run(kernels::PanelMultiplier::panels(matrix),
                     [&](std::size_t panel, unsigned worker) {
                         multiplier.multiply(matrix, panel, count, out.data(), kRows, worker);
                     });
            return out;
        };
        const auto all = product(0, kMost);
        for (std::size_t count = 1; count < kMost; count += 3) {
            const std::size_t first = (kMost - count) / 2;
            QVERIFY(std::ranges::equal(product(first, count),
                                       std::span(all).subspan(first * kRows, count * kRows)));
        }
    }

private:
    static void compare(const Panel& panel, const Activations& x, std::span<const float> before,
                        std::span<const float> tile)
    {
        for (std::size_t i = 0; i < tile.size(); ++i) {
            const std::size_t m = i / kPanelWidth;
            const std::size_t n = i % kPanelWidth;
            int sum = 0;
            for (std::size_t k = 0; k < kPanelGroup; ++k)
                sum += x.value(m, k) * panel.value(n, k);
            const double want = double{panel.scales[n]} * x.scales[m] * sum;
            const double magnitude = std::abs(want) + std::abs(double{before[i]});
            QVERIFY(std::abs(tile[i] - want - before[i]) <= 3e-7 * magnitude);
        }
    }
};

QTEST_GUILESS_MAIN(TestPanels)
#include "tst_panels.moc"
