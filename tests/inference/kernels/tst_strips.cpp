// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/thread_pool.h"
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <cmath>
#include <cstring>

using kernels::WeightType;

namespace {

constexpr std::size_t kRows = kernels::kStripRows;

/// Row lengths that the type can hold: of real models, and one block alone.
std::vector<std::size_t> columnsOf(WeightType type)
{
    if (kernels::blockOf(type).values == 256)
        return {256, 768};
    return {32, 576, 640, 896, 960};
}

std::byte* bytesOf(std::vector<float>& values)
{
    return reinterpret_cast<std::byte*>(values.data());
}

/// A strip and its weights; tst_dequantize holds dequantizeRow to the format's definition.
struct Made {
    WeightType type;
    std::size_t columns;
    std::vector<std::byte> strip;
    std::vector<std::vector<float>> rows;

    [[nodiscard]] std::size_t index() const { return static_cast<std::size_t>(type); }
};

Made makeStrip(WeightType type, std::size_t columns, made::Bits bits)
{
    Made made{type, columns, {}, {}};
    made.strip.resize(kernels::stripBytes(type, columns));
    for (std::size_t lane = 0; lane < kRows; ++lane) {
        const auto row = made::row(type, columns, bits, static_cast<unsigned>(lane) + 1);
        kernels::packRow(type, columns, row.data(), lane, made.strip.data());
        kernels::dequantizeRow(type, row, made.rows.emplace_back(columns));
    }
    return made;
}

/// Activations and their rounded form.
struct Activations {
    std::vector<float> values;
    std::vector<std::int8_t> rounded;
    std::vector<float> scales;
    std::vector<std::int16_t> sums16;
    std::vector<std::int16_t> sums32;
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
    const std::size_t columns = values.size();
    Activations a;
    a.values = std::move(values);
    a.rounded.resize(columns);
    a.scales.resize(columns / 32);
    a.sums16.resize(columns / 16);
    a.sums32.resize(columns / 32);
    const auto input = a.input();
    const kernels::KernelTable& generic = kernels::kernelsOf(kernels::Tier::Generic);
    switch (kernels::activationGroup(type)) {
    case kernels::ActivationGroup::Of32:
        a.group = 32;
        generic.quantize32(a.values.data(), columns, input.quantized);
        break;
    case kernels::ActivationGroup::Of256:
        a.group = 256;
        generic.quantize256(a.values.data(), columns, input.quantized);
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
                for (const made::Bits bits : {made::Bits::Random, made::Bits::NoneSet,
                                              made::Bits::AllSet, made::Bits::Extreme}) {
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
        const kernels::KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        for (const std::size_t columns : columnsOf(weightType)) {
            const Made made = makeStrip(weightType, columns, static_cast<made::Bits>(bits));
            expands(made, kernels);
            // The last: every activation at the end of its range, with the sign that adds up.
            dots(made, kernels, made::floats(columns, 7));
            dots(made, kernels, std::vector<float>(columns, 1.0F));
            dots(made, kernels, std::vector<float>(columns, -1.0F));
        }
    }

    void bitsDoNotDependOnTheNumberOfRows_data() { everyTypeAndTier_data(); }

    void bitsDoNotDependOnTheNumberOfRows()
    {
        QFETCH(int, type);
        QFETCH(int, tier);
        QFETCH(int, bits);
        constexpr std::size_t kMost = 17;
        constexpr std::size_t kStride = kRows + 3;
        const auto weightType = static_cast<WeightType>(type);
        const auto dot = kernels::kernelsOf(static_cast<kernels::Tier>(tier)).dotStrip[type];
        for (const std::size_t columns : columnsOf(weightType)) {
            const Made made = makeStrip(weightType, columns, static_cast<made::Bits>(bits));
            std::vector<Activations> rows;
            std::vector<kernels::RowInput> inputs;
            std::vector<float> alone(kMost * kRows);
            rows.reserve(kMost);
            for (std::size_t r = 0; r < kMost; ++r) {
                // Some rows at the end of their range: what saturates must do so in no company.
                auto values = r % 5 == 4 ? std::vector<float>(columns, r % 2 == 0 ? 1.0F : -1.0F)
                                         : made::floats(columns, static_cast<unsigned>(r) + 21);
                rows.push_back(activationsFor(weightType, std::move(values)));
                inputs.push_back(rows.back().input());
                dot(made.strip.data(), columns, &inputs[r], 1, alone.data() + r * kRows, kRows);
            }
            if (static_cast<made::Bits>(bits) == made::Bits::Random) // others may be all zero
                QVERIFY(std::memcmp(alone.data(), alone.data() + kRows, sizeof(float)) != 0);
            for (std::size_t count = 1; count <= kMost; ++count) {
                std::vector<float> out(kMost * kStride, NAN);
                dot(made.strip.data(), columns, inputs.data(), count, out.data(), kStride);
                for (std::size_t r = 0; r < kMost; ++r) {
                    const float* row = out.data() + r * kStride;
                    QCOMPARE(std::memcmp(row, alone.data() + r * kRows, kRows * sizeof(float)) == 0,
                             r < count);
                    QVERIFY(std::isnan(row[kRows])); // nothing beside the strip is touched
                }
            }
        }
    }

    /// The factors of MXFP4 go from subnormal numbers to infinity.
    void exponentsOfBothEnds()
    {
        constexpr std::uint8_t kExponents[kRows] = {0,   1,   2,   3,   4,   60,  126, 127,
                                                    128, 129, 200, 250, 251, 252, 254, 255};
        const auto index = static_cast<std::size_t>(WeightType::MXFP4);
        std::vector<std::byte> strip(kernels::stripBytes(WeightType::MXFP4, 32));
        std::vector<std::vector<float>> rows;
        for (std::size_t lane = 0; lane < kRows; ++lane) {
            auto row = made::row(WeightType::MXFP4, 32, made::Bits::Random, 5);
            row[0] = static_cast<std::byte>(kExponents[lane]);
            kernels::packRow(WeightType::MXFP4, 32, row.data(), lane, strip.data());
            kernels::dequantizeRow(WeightType::MXFP4, row, rows.emplace_back(32));
        }
        for (const kernels::Tier tier : kernels::availableTiers()) {
            std::vector<float> out(32 * kernels::kPanelRows, NAN);
            kernels::kernelsOf(tier).plain.expand[index](strip.data(), 32, bytesOf(out));
            for (std::size_t i = 0; i < 32 * kRows; ++i)
                QCOMPARE(out[i % 32 * kernels::kPanelRows + i / 32], rows[i / 32][i % 32]);
        }
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
            .plain.expand[static_cast<std::size_t>(WeightType::Q8_0)](matrix->strip(1), 96,
                                                                      bytesOf(out));
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

    /// What a type takes in memory, beside its file.
    void stripsAreHardlyLargerThanTheFile()
    {
        for (const WeightType type : made::kTypes) {
            const auto file =
                static_cast<double>(kRows * kernels::rowBytes(type, 1024)); // whole blocks of all
            const auto strip = static_cast<double>(kernels::stripBytes(type, 1024));
            const double most = type == WeightType::Q3_K ? 1.04 : 1.03; // its scales are unpacked
            QVERIFY2(strip >= file && strip <= most * file, kernels::nameOf(type).data());
        }
    }

private:
    static void expands(const Made& made, const kernels::KernelTable& kernels)
    {
        std::vector<float> single(made.columns * kernels::kPanelRows, NAN);
        kernels.plain.expand[made.index()](made.strip.data(), made.columns, bytesOf(single));
        for (std::size_t lane = 0; lane < kRows; ++lane) {
            for (std::size_t k = 0; k < made.columns; ++k) {
                const double want = made.rows[lane][k];
                const double got = single[k * kernels::kPanelRows + lane];
                QVERIFY(std::abs(got - want) <= 1e-6 * std::abs(want) + 1e-6);
            }
        }
    }

    /// Against the plain sum, and closer still against the generic tier: whole numbers are summed
    /// there without rounding, so that the tiers differ by a few roundings of whole blocks.
    static void dots(const Made& made, const kernels::KernelTable& kernels,
                     std::vector<float> values)
    {
        Activations x = activationsFor(made.type, std::move(values));
        const auto dot = [&](const kernels::KernelTable& table, float* out) {
            const kernels::RowInput row = x.input();
            table.dotStrip[made.index()](made.strip.data(), made.columns, &row, 1, out, kRows);
        };
        float out[kRows];
        float generic[kRows];
        dot(kernels, out);
        dot(kernels::kernelsOf(kernels::Tier::Generic), generic);
        for (std::size_t lane = 0; lane < kRows; ++lane) {
            double want = 0;
            double magnitude = 0;
            for (std::size_t k = 0; k < made.columns; ++k) {
                const double product = made.rows[lane][k] * x.value(k);
                want += product;
                magnitude += std::abs(product);
            }
            const QString what = QStringLiteral("row %1 of %2: %3, generic %4, not %5")
                                     .arg(lane)
                                     .arg(made.columns)
                                     .arg(static_cast<double>(out[lane]))
                                     .arg(static_cast<double>(generic[lane]))
                                     .arg(want);
            QVERIFY2(std::abs(out[lane] - want) <= 4e-6 * magnitude + 1e-6, qPrintable(what));
            QVERIFY2(std::abs(double{out[lane]} - generic[lane]) <= 4e-6 * magnitude + 1e-6,
                     qPrintable(what));
        }
    }
};

QTEST_GUILESS_MAIN(TestStrips)
#include "tst_strips.moc"
