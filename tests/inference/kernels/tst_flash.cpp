// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/kernels/made_pages.h"

#include <QTest>

using kernels::Flash;
using kernels::KeyFormat;
using kernels::Tier;
using kernels::ValueFormat;

namespace {

struct Kind {
    std::string name;
    Tier tier;
    bool exact; // products of float32
};

std::vector<Kind> kinds()
{
    std::vector<Kind> kinds;
    for (const Tier tier : kernels::availableTiers()) {
        kinds.push_back({std::string(kernels::nameOf(tier)), tier, true});
        if (kernels::flashOf(tier, false) != kernels::flashOf(tier, true))
            kinds.push_back({std::string(kernels::nameOf(tier)) + " bfloat", tier, false});
    }
    return kinds;
}

/// Queries of @p tokens tokens at the end of the pages' positions, @p group for each.
struct Rows {
    std::vector<float> numbers;
    std::vector<const float*> queries;
    std::vector<std::uint32_t> from, visible;

    Rows(const made::Pages& pages, std::size_t tokens, std::size_t group, std::uint32_t window,
         float spread)
        : numbers(made::floats(tokens * group * pages.head.keyLength, 9, spread))
    {
        for (std::size_t row = 0; row < tokens * group; ++row) {
            queries.push_back(numbers.data() + row * pages.head.keyLength);
            const auto seen =
                static_cast<std::uint32_t>(pages.positions - tokens + row / group + 1);
            visible.push_back(seen);
            from.push_back(window == 0 || seen < window ? 0 : seen - window);
        }
    }
};

/// [rows][valueLength], with only the rows from @p first to @p end in the call.
std::vector<float> attend(Flash flash, const made::Pages& pages, const Rows& rows,
                          std::size_t first, std::size_t end)
{
    std::vector<float> out((end - first) * pages.head.valueLength, NAN);
    std::vector<float*> places;
    for (std::size_t row = 0; row < end - first; ++row)
        places.push_back(out.data() + row * pages.head.valueLength);
    const std::size_t bytes = kernels::flashScratch(pages.head.keyLength, pages.head.valueLength);
    // What an earlier call left there is not to matter: bytes that are no numbers.
    std::vector<std::byte> memory(bytes + 64, std::byte{0xFF});
    auto* scratch = reinterpret_cast<std::byte*>(
        (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
    flash({pages.head, rows.queries.data() + first, rows.from.data() + first,
           rows.visible.data() + first, end - first, places.data(), scratch});
    return out;
}

made::Pages makePages(std::size_t positions, std::size_t keyLength, std::size_t valueLength,
                      KeyFormat keys, ValueFormat values)
{
    return made::pagesOf(kernels::kernelsOf(kernels::bestTier()),
                         {.keyLength = keyLength,
                          .valueLength = valueLength,
                          .keyFormat = keys,
                          .valueFormat = values},
                         made::floats(positions * keyLength, 1),
                         made::floats(positions * valueLength, 2));
}

} // namespace

class TestFlash : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void matchesThePlainSum_data()
    {
        QTest::addColumn<int>("format");
        QTest::addColumn<int>("length");
        QTest::addColumn<int>("group");
        for (int format = 0; format < 4; ++format) {
            QTest::addRow("heads of 128 in sixes, %d", format) << format << 128 << 6;
            QTest::addRow("heads of 64 in threes, %d", format) << format << 64 << 3;
            QTest::addRow("heads of 40 in sevens, %d", format) << format << 40 << 7;
            QTest::addRow("heads of 8, alone, %d", format) << format << 8 << 1;
        }
    }

    void matchesThePlainSum()
    {
        QFETCH(int, format);
        QFETCH(int, length);
        QFETCH(int, group);
        const auto d = static_cast<std::size_t>(length);
        const auto g = static_cast<std::size_t>(group);
        for (const std::uint32_t window : {0U, 50U}) {
            for (const std::size_t positions : {27, 64, 203}) {
                const made::Pages pages =
                    makePages(positions, d, d - d / 4, static_cast<KeyFormat>(format),
                              static_cast<ValueFormat>((format + 2) % 4));
                const Rows rows(pages, std::min<std::size_t>(27, kernels::kFlashRows / g), g,
                                window, 0.3F);
                for (const Kind& kind : kinds())
                    compare(kind, pages, rows);
            }
        }
    }

    /// Scores of some hundreds, as a key bias makes them; nothing overflows, one position wins.
    void largeScores()
    {
        const made::Pages pages = makePages(130, 64, 64, KeyFormat::Half, ValueFormat::Int8);
        const Rows rows(pages, 20, 2, 0, 30.0F);
        for (const Kind& kind : kinds()) {
            const auto got = attend(kernels::flashOf(kind.tier, kind.exact), pages, rows, 0, 40);
            for (const float value : got)
                QVERIFY(std::isfinite(value) && std::abs(value) < 10);
        }
    }

    /// A row's bits are its own: alone, in other tiles, beside rows that see more.
    void rowsDontDependOnEachOther()
    {
        const made::Pages pages = makePages(210, 64, 64, KeyFormat::Half, ValueFormat::Int8);
        const Rows rows(pages, 64, 3, 0, 0.3F);
        for (const Kind& kind : kinds()) {
            const Flash flash = kernels::flashOf(kind.tier, kind.exact);
            const auto whole = attend(flash, pages, rows, 0, 192);
            for (const std::size_t step : {1, 5, 48, 100}) {
                std::vector<float> cut;
                for (std::size_t first = 0; first < 192; first += step) {
                    const auto some =
                        attend(flash, pages, rows, first, std::min<std::size_t>(192, first + step));
                    cut.insert(cut.end(), some.begin(), some.end());
                }
                QVERIFY2(cut == whole, kind.name.c_str());
            }
        }
    }

    /// Pages that no row sees may be gone.
    void leavesUnseenPagesAlone()
    {
        made::Pages pages = makePages(203, 16, 16, KeyFormat::Half, ValueFormat::Int8);
        const Rows rows(pages, 5, 2, 60, 0.3F);
        const auto want = attend(kernels::flashOf(Tier::Generic, true), pages, rows, 0, 10);
        for (std::size_t page = 0; page < 4; ++page) // the window begins at 139, block 2
            pages.pointers[page] = nullptr;
        QCOMPARE(attend(kernels::flashOf(Tier::Generic, true), pages, rows, 0, 10), want);
    }

private:
    static void compare(const Kind& kind, const made::Pages& pages, const Rows& rows)
    {
        const std::size_t count = rows.queries.size();
        const auto got = attend(kernels::flashOf(kind.tier, kind.exact), pages, rows, 0, count);
        // Queries, keys and weights in eight bits of mantissa, or in 24: scores of about 3.4 are
        // off by a hundredth, the worst of some thousands by several.
        const double bound = kind.exact ? 2e-5 : 5e-2;
        double most = 0;
        double squares = 0;
        for (std::size_t row = 0; row < count; ++row) {
            const auto want =
                made::attention(pages, rows.queries[row], rows.from[row], rows.visible[row]);
            for (std::size_t i = 0; i < want.size(); ++i) {
                const double off = std::abs(got[row * want.size() + i] - want[i]);
                most = off <= most ? most : off;
                squares += off * off;
            }
        }
        QVERIFY(std::sqrt(squares / static_cast<double>(got.size())) < bound / 8);
        QVERIFY2(
            most < bound,
            qPrintable(
                QStringLiteral("%1: off by %2").arg(QString::fromStdString(kind.name)).arg(most)));
    }
};

QTEST_GUILESS_MAIN(TestFlash)
#include "tst_flash.moc"
