// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/kernels/made_pages.h"

#include <QTest>
#include <array>

using kernels::kAttentionRows;
using kernels::KeyFormat;
using kernels::ValueFormat;

namespace {

constexpr KeyFormat kKeyFormats[] = {KeyFormat::Half, KeyFormat::Bfloat, KeyFormat::Int8,
                                     KeyFormat::Single};
constexpr ValueFormat kValueFormats[] = {ValueFormat::Half, ValueFormat::Bfloat, ValueFormat::Int8,
                                         ValueFormat::Single};

/// What a format may lose of numbers of about one.
double bound(KeyFormat format)
{
    constexpr double kBounds[] = {2e-3, 2e-2, 2e-2, 0};
    return kBounds[static_cast<std::size_t>(format)];
}

made::Pages makePages(const kernels::KernelTable& kernels, KeyFormat keyFormat,
                      ValueFormat valueFormat, std::size_t keyLength, std::size_t valueLength)
{
    constexpr std::size_t kPositions = 203;
    return made::pagesOf(kernels,
                         {.keyLength = keyLength,
                          .valueLength = valueLength,
                          .keyFormat = keyFormat,
                          .valueFormat = valueFormat},
                         made::floats(kPositions * keyLength, 1),
                         made::floats(kPositions * valueLength, 2));
}

} // namespace

class TestAttention : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void matchesThePlainSum_data()
    {
        QTest::addColumn<int>("tier");
        QTest::addColumn<int>("keys");
        QTest::addColumn<int>("values");
        QTest::addColumn<int>("length");
        for (const kernels::Tier tier : kernels::availableTiers()) {
            for (const int length : {8, 16, 40, 128}) {
                for (int format = 0; format < 4; ++format) {
                    QTest::addRow("%s %d %d", kernels::nameOf(tier).data(), length, format)
                        << static_cast<int>(tier) << format << (format + 2) % 4 << length;
                }
            }
        }
    }

    void matchesThePlainSum()
    {
        QFETCH(int, tier);
        QFETCH(int, keys);
        QFETCH(int, values);
        QFETCH(int, length);
        const auto d = static_cast<std::size_t>(length);
        const kernels::KernelTable& kernels = kernels::kernelsOf(static_cast<kernels::Tier>(tier));
        // Values that are shorter than keys, as a latent layer has them.
        const made::Pages pages =
            makePages(kernels, kKeyFormats[keys], kValueFormats[values], d, d - d / 4);
        for (std::size_t rows = 1; rows <= kAttentionRows; ++rows) {
            compare(kernels, pages, rows, 0, 0);
            compare(kernels, pages, rows, 128, 0);
            compare(kernels, pages, rows, 64, 70); // of a window
        }
    }

    void aRowThatSeesNothingWeighsNothing()
    {
        for (const kernels::Tier tier : kernels::availableTiers()) {
            const kernels::KernelTable& kernels = kernels::kernelsOf(tier);
            const made::Pages pages =
                makePages(kernels, KeyFormat::Half, ValueFormat::Int8, 16, 16);
            const auto query = made::floats(16, 3);
            const std::array<const float*, 2> queries = {query.data(), query.data()};
            const std::array<std::uint32_t, 2> from{};
            const std::array<std::uint32_t, 2> visible = {64, 100};
            std::vector<float> out(2 * 16, NAN);
            std::array<float, 2> maxima{};
            std::array<float, 2> weights{NAN, NAN};
            kernels.attend({pages.head, queries.data(), from.data(), visible.data(), 2, 64, 100,
                            out.data(), maxima.data(), weights.data()});
            QCOMPARE(weights[0], 0.0F);
            QCOMPARE(out[0], 0.0F);
            QVERIFY(weights[1] >= 1.0F);
        }
    }

    void storesTheNearest()
    {
        const auto keys = made::floats(203 * 40, 1);
        for (const kernels::Tier tier : kernels::availableTiers()) {
            for (std::size_t format = 0; format < 4; ++format) {
                const made::Pages pages = makePages(kernels::kernelsOf(tier), kKeyFormats[format],
                                                    kValueFormats[format], 40, 30);
                for (std::size_t i = 0; i < keys.size(); ++i) {
                    QVERIFY(std::abs(pages.key(i / 40, i % 40) - keys[i]) <=
                            bound(kKeyFormats[format]));
                }
            }
        }
    }

    /// Every tier stores the same bits; also of zeros, of the largest and of tiny numbers.
    void everyTierStoresTheSame()
    {
        constexpr std::size_t kLength = 40;
        auto keys = made::floats(64 * kLength, 5);
        for (std::size_t i = 0; i < kLength; ++i) {
            keys[i] = 0;
            keys[kLength + i] *= 1e-6F;
            keys[2 * kLength + i] *= 1e-9F;
            keys[3 * kLength + i] *= 1e8F;
        }
        keys[4 * kLength + 3] = 354; // a key bias of Qwen's
        for (std::size_t format = 0; format < 4; ++format) {
            const kernels::KvHead head{.keyLength = kLength,
                                       .valueLength = kLength,
                                       .keyFormat = kKeyFormats[format],
                                       .valueFormat = kValueFormats[format]};
            const auto want =
                made::pagesOf(kernels::kernelsOf(kernels::Tier::Generic), head, keys, keys);
            for (const kernels::Tier tier : kernels::availableTiers()) {
                const auto got = made::pagesOf(kernels::kernelsOf(tier), head, keys, keys);
                QVERIFY(got.pages == want.pages);
            }
            if (kKeyFormats[format] == KeyFormat::Int8) {
                // The neighbours of the large element lose, those of the next group don't.
                QVERIFY(std::abs(want.key(4, 35) - keys[4 * kLength + 35]) < 0.02F);
            }
        }
    }

private:
    static void compare(const kernels::KernelTable& kernels, const made::Pages& pages,
                        std::size_t rows, std::size_t begin, std::uint32_t firstSeen)
    {
        const std::size_t length = pages.head.keyLength;
        const std::size_t stride = kernels::valueStride(pages.head.valueLength);
        const auto queries = made::floats(rows * length, 9, 0.3F);
        std::array<const float*, kAttentionRows> pointers{};
        std::array<std::uint32_t, kAttentionRows> visible{};
        std::array<std::uint32_t, kAttentionRows> from{};
        for (std::size_t r = 0; r < rows; ++r) {
            pointers[r] = queries.data() + r * length;
            from[r] = firstSeen == 0 ? 0 : firstSeen + static_cast<std::uint32_t>(r);
            // From one position on, across the edge of a block; the last row sees all of them.
            visible[r] = static_cast<std::uint32_t>(
                r + 1 == rows ? pages.positions
                              : std::max<std::size_t>(begin, from[r]) + 1 + r * 9);
        }
        std::vector<float> out(rows * stride, NAN);
        std::array<float, kAttentionRows> maxima{};
        std::array<float, kAttentionRows> weights{};
        kernels.attend({pages.head, pointers.data(), from.data(), visible.data(), rows, begin,
                        pages.positions, out.data(), maxima.data(), weights.data()});
        for (std::size_t r = 0; r < rows; ++r) {
            const auto want = made::attention(pages, pointers[r],
                                              std::max<std::size_t>(begin, from[r]), visible[r]);
            for (std::size_t d = 0; d < pages.head.valueLength; ++d)
                QVERIFY(std::abs(out[r * stride + d] / weights[r] - want[d]) < 1e-5);
        }
    }
};

QTEST_GUILESS_MAIN(TestAttention)
#include "tst_attention.moc"
