// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/strip_layout.h"
#include "inference/kernels/weight_type.h"
#include "tests/inference/kernels/made_weights.h"

#include <QFile>
#include <QTest>
#include <bit>
#include <cmath>

using kernels::WeightType;

namespace {

/// Blocks and what the gguf package for Python reads from them (make_blocks.py).
struct Reference {
    std::vector<std::byte> blocks;
    std::vector<float> values;
};

Reference referenceFor(WeightType type)
{
    const std::string name(kernels::nameOf(type));
    QFile file(QStringLiteral(TEST_DATA "/blocks/") + QString::fromStdString(name) +
               QStringLiteral(".bin"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray bytes = file.readAll();
    std::uint32_t sizes[2]; // values, bytes of the blocks
    std::memcpy(sizes, bytes.constData(), sizeof sizes);
    Reference reference{std::vector<std::byte>(sizes[1]), std::vector<float>(sizes[0])};
    if (static_cast<std::size_t>(bytes.size()) !=
        sizeof sizes + sizes[1] + sizes[0] * sizeof(float))
        return {};
    std::memcpy(reference.blocks.data(), bytes.constData() + sizeof sizes, sizes[1]);
    std::memcpy(reference.values.data(), bytes.constData() + sizeof sizes + sizes[1],
                sizes[0] * sizeof(float));
    return reference;
}

std::size_t differentBits(std::span<const float> a, std::span<const float> b)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        count += std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]) ? 1 : 0;
    return count;
}

} // namespace

class TestDequantize : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyType_data()
    {
        QTest::addColumn<int>("type");
        for (const WeightType type : made::kTypes) {
            if (type != WeightType::F32) // its values are its bytes
                QTest::newRow(kernels::nameOf(type).data()) << static_cast<int>(type);
        }
    }

    void everyType()
    {
        QFETCH(int, type);
        const auto weightType = static_cast<WeightType>(type);
        Reference reference = referenceFor(weightType);
        QVERIFY(!reference.values.empty());
        const std::size_t count = reference.values.size();
        QCOMPARE(kernels::rowBytes(weightType, count), reference.blocks.size());
        std::vector<float> values(count, NAN);
        kernels::dequantizeRow(weightType, reference.blocks, values);
        QCOMPARE(differentBits(values, reference.values), std::size_t{0});

        // The control: nearly every byte matters, but for weights whose scale is zero.
        const std::size_t bytes = kernels::blockOf(weightType).bytes;
        std::size_t matter = 0;
        for (std::byte& byte : std::span(reference.blocks).last(bytes)) {
            byte ^= std::byte{0x55};
            kernels::dequantizeRow(weightType, reference.blocks, values);
            matter += differentBits(values, reference.values) > 0 ? 1 : 0;
            byte ^= std::byte{0x55};
        }
        QVERIFY(4 * matter > 3 * bytes);
    }

    void rowLengths()
    {
        for (const WeightType type : made::kTypes) {
            const std::size_t block = kernels::blockOf(type).values;
            for (const std::size_t columns : {32UL, 576UL, 640UL, 896UL, 960UL, 1024UL}) {
                const bool fits = columns % block == 0;
                QCOMPARE(kernels::rowBytes(type, columns) > 0, fits);
                QCOMPARE(kernels::stripBytes(type, columns) > 0, fits);
            }
            QCOMPARE(kernels::rowBytes(type, 33) > 0, block == 1);
        }
    }

    void floats()
    {
        const auto values = made::floats(100, 1);
        std::vector<float> read(100);
        kernels::dequantizeRow(WeightType::F32, std::as_bytes(std::span(values)), read);
        QCOMPARE(differentBits(read, values), std::size_t{0});
    }
};

QTEST_GUILESS_MAIN(TestDequantize)
#include "tst_dequantize.moc"
