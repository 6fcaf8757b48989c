// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>

using kernels::WeightType;

namespace {

constexpr std::size_t kRows = kernels::kStripRows;
constexpr std::size_t kColumns = 768; // three blocks of 256

/// The value of weight @p i of a row, worked out from the format's definition and in double, apart
/// from the code under test.
double weightAt(WeightType type, std::span<const std::byte> row, std::size_t i)
{
    const kernels::Block block = kernels::blockOf(type);
    const auto* b =
        reinterpret_cast<const std::uint8_t*>(row.data()) + i / block.values * block.bytes;
    const auto half = [](const std::uint8_t* p) {
        return double{kernels::floatFromHalf(static_cast<std::uint16_t>(p[0] + 256 * p[1]))};
    };
    const std::size_t e = i % block.values;
    switch (type) {
    case WeightType::F32: {
        float value;
        std::memcpy(&value, b, 4);
        return value;
    }
    case WeightType::F16:
        return half(b);
    case WeightType::BF16:
        return double{kernels::floatFromBfloat(static_cast<std::uint16_t>(b[0] + 256 * b[1]))};
    case WeightType::Q4_1:
        return half(b) * (e < 16 ? b[4 + e] % 16 : b[4 + e - 16] / 16) + half(b + 2);
    case WeightType::Q8_0:
        return half(b) * static_cast<std::int8_t>(b[2 + e]);
    case WeightType::Q4_K: {
        const std::size_t g = e / 32;
        const std::uint8_t* s = b + 4;
        const int scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | ((s[g - 4] >> 6) << 4);
        const int minimum = g < 4 ? s[g + 4] & 63 : (s[g + 4] >> 4) | ((s[g] >> 6) << 4);
        const int byte = b[16 + 32 * (g / 2) + e % 32];
        return half(b) * scale * (g % 2 == 0 ? byte % 16 : byte / 16) - half(b + 2) * minimum;
    }
    case WeightType::Q6_K: {
        const std::size_t h = e / 128;
        const std::size_t quarter = e % 128 / 32;
        const std::size_t l = e % 32;
        const int low = b[64 * h + l + (quarter % 2 == 1 ? 32 : 0)];
        const int high = b[128 + 32 * h + l] >> (2 * quarter) & 3;
        const int q = (quarter < 2 ? low % 16 : low / 16) + 16 * high - 32;
        return half(b + 208) * static_cast<std::int8_t>(b[192 + e / 16]) * q;
    }
    }
    return 0;
}

struct Made {
    std::vector<std::vector<std::byte>> rows;
    std::vector<std::byte> strip;
};

Made makeStrip(WeightType type, made::Bits bits)
{
    Made made;
    made.strip.resize(kernels::stripBytes(type, kColumns));
    for (std::size_t lane = 0; lane < kRows; ++lane) {
        made.rows.push_back(made::row(type, kColumns, bits, static_cast<unsigned>(lane) + 1));
        kernels::packRow(type, kColumns, made.rows[lane].data(), lane, made.strip.data());
    }
    return made;
}

/// Activations and their rounded form.
struct Activations {
    std::vector<float> values;
    std::vector<std::int8_t> rounded = std::vector<std::int8_t>(kColumns);
    std::vector<float> scales = std::vector<float>(kColumns / 32);
    std::vector<std::int16_t> sums16 = std::vector<std::int16_t>(kColumns / 16);
    std::vector<std::int16_t> sums32 = std::vector<std::int16_t>(kColumns / 32);
    std::size_t group = 1;

    kernels::RowInput input()
    {
        return {values.data(), {rounded.data(), scales.data(), sums16.data(), sums32.data()}};
    }
    [[nodiscard]] double value(std::size_t i) const
    {
        return group == 1 ? double{values[i]} : double{scales[i / group]} * rounded[i];
    }
};

Activations activationsFor(WeightType type, std::vector<float> values)
{
    Activations a;
    a.values = std::move(values);
    const auto input = a.input();
    const kernels::KernelTable& generic = kernels::kernelsOf(kernels::Tier::Generic);
    switch (kernels::activationGroup(type)) {
    case kernels::ActivationGroup::Of32:
        a.group = 32;
        generic.quantize32(a.values.data(), kColumns, input.quantized);
        break;
    case kernels::ActivationGroup::Of256:
        a.group = 256;
        generic.quantize256(a.values.data(), kColumns, input.quantized);
        break;
    case kernels::ActivationGroup::None:
        break;
    }
    return a;
}

} // namespace

class TestStrips : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyTypeAndTier_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("tier");
        QTest::addColumn<int>("bits");
        for (const WeightType type : made::kTypes) {
            for (const kernels::Tier tier : kernels::availableTiers()) {
                for (const made::Bits bits :
                     {made::Bits::Random, made::Bits::AllSet, made::Bits::Extreme}) {
                    const QByteArray name = QByteArray(kernels::nameOf(type)) + ' ' +
                                            QByteArray(kernels::nameOf(tier)) + ' ' +
                                            QByteArray::number(static_cast<int>(bits));
                    QTest::newRow(name.constData())
                        << static_cast<int>(type) << static_cast<int>(tier)
                        << static_cast<int>(bits);
                }
            }
        }
    }

    void everyTypeAndTier()
    {
        QFETCH(int, type);
        QFETCH(int, tier);
        QFETCH(int, bits);
        const auto weightType = static_cast<WeightType>(type);
        const Made made = makeStrip(weightType, static_cast<made::Bits>(bits));
        const kernels::KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        const auto index = static_cast<std::size_t>(type);

        dequantizesTheRows(weightType, made);
        expands(weightType, made, kernels, index);
        // The last: every activation at the end of its range, with the sign that adds up.
        dots(weightType, made, kernels, made::floats(kColumns, 7));
        dots(weightType, made, kernels, std::vector<float>(kColumns, 1.0F));
        dots(weightType, made, kernels, std::vector<float>(kColumns, -1.0F));
    }

    void packsWholeMatrices()
    {
        kernels::ThreadPool pool(2);
        std::vector<std::byte> bytes;
        for (unsigned row = 0; row < 21; ++row) { // one strip and five rows
            const auto one = made::row(WeightType::Q8_0, 96, made::Bits::Random, row);
            bytes.insert(bytes.end(), one.begin(), one.end());
        }
        const auto matrix = kernels::PackedMatrix::pack(WeightType::Q8_0, 21, 96, bytes, pool);
        QVERIFY(matrix.has_value());
        QCOMPARE(matrix->strips(), std::size_t{2});
        std::vector<float> out(96 * kernels::kPanelRows, NAN);
        kernels::kernelsOf(kernels::Tier::Generic)
            .expandSingle[static_cast<std::size_t>(WeightType::Q8_0)](matrix->strip(1), 96,
                                                                      out.data());
        std::vector<float> row(96);
        kernels::dequantizeRow(WeightType::Q8_0, std::span(bytes).subspan(20 * 102, 102), row);
        for (std::size_t k = 0; k < 96; ++k) {
            QCOMPARE(out[k * kernels::kPanelRows + 4], row[k]);
            QCOMPARE(out[k * kernels::kPanelRows + 5], 0.0F); // fills the strip up
        }
    }

    void refusesWhatCannotBe()
    {
        kernels::ThreadPool pool(1);
        const std::vector<std::byte> bytes(144);
        const auto pack = [&](WeightType type, std::size_t rows, std::size_t columns) {
            const auto packed = kernels::PackedMatrix::pack(type, rows, columns, bytes, pool);
            return packed ? std::optional<kernels::Errc>() : packed.error().code;
        };
        QCOMPARE(pack(WeightType::Q4_K, 1, 256), std::nullopt);
        QCOMPARE(pack(WeightType::Q4_K, 1, 128), kernels::Errc::Unsupported);
        QCOMPARE(pack(WeightType::Q4_K, 2, 256), kernels::Errc::BadSize);
        QCOMPARE(pack(WeightType::Q4_K, 0, 256), kernels::Errc::Unsupported);
        QCOMPARE(pack(WeightType::F32, SIZE_MAX / 2, 1), kernels::Errc::BadSize);
    }

private:
    static void dequantizesTheRows(WeightType type, const Made& made)
    {
        std::vector<float> values(kColumns);
        for (const auto& row : made.rows) {
            kernels::dequantizeRow(type, row, values);
            for (std::size_t i = 0; i < kColumns; ++i) {
                const double want = weightAt(type, row, i);
                QVERIFY(std::abs(values[i] - want) <= 1e-6 * std::abs(want) + 1e-4);
            }
        }
    }

    static void expands(WeightType type, const Made& made, const kernels::KernelTable& kernels,
                        std::size_t index)
    {
        std::vector<float> single(kColumns * kernels::kPanelRows, NAN);
        std::vector<std::uint16_t> bfloat(kColumns * kernels::kPanelRows);
        kernels.expandSingle[index](made.strip.data(), kColumns, single.data());
        kernels.expandBfloat[index](made.strip.data(), kColumns, bfloat.data());
        for (std::size_t lane = 0; lane < kRows; ++lane) {
            for (std::size_t k = 0; k < kColumns; ++k) {
                const double want = weightAt(type, made.rows[lane], k);
                const double got = single[k * kernels::kPanelRows + lane];
                QVERIFY(std::abs(got - want) <= 1e-6 * std::abs(want) + 1e-4);
                const double rounded = kernels::floatFromBfloat(
                    bfloat[(k / 2 * kernels::kPanelRows + lane) * 2 + k % 2]);
                QVERIFY(std::abs(rounded - got) <= std::abs(got) / 256);
            }
        }
    }

    static void dots(WeightType type, const Made& made, const kernels::KernelTable& kernels,
                     std::vector<float> values)
    {
        Activations x = activationsFor(type, std::move(values));
        float out[kRows];
        kernels.dotStrip[static_cast<std::size_t>(type)](made.strip.data(), kColumns, x.input(),
                                                         out);
        for (std::size_t lane = 0; lane < kRows; ++lane) {
            double want = 0;
            double magnitude = 0;
            for (std::size_t k = 0; k < kColumns; ++k) {
                const double product = weightAt(type, made.rows[lane], k) * x.value(k);
                want += product;
                magnitude += std::abs(product);
            }
            const QString what = QStringLiteral("row %1: %2, not %3")
                                     .arg(lane)
                                     .arg(static_cast<double>(out[lane]))
                                     .arg(want);
            QVERIFY2(std::abs(out[lane] - want) <= 4e-6 * magnitude + 1e-6, qPrintable(what));
        }
    }
};

QTEST_GUILESS_MAIN(TestStrips)
#include "tst_strips.moc"
