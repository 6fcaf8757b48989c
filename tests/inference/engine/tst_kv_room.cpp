// SPDX-License-Identifier: Apache-2.0
// Keys and values find room, or are refused with the numbers.
#include "inference/engine/kv_kinds.h"
#include "inference/engine/kv_room.h"

#include <QTest>

using engine::KvRoom;
using engine::MemoryLimits;
using engine::pagesIn;

namespace {

constexpr std::uint64_t kMega = 1'000'000;
constexpr KvRoom kRoom{.page = kMega, .contextLength = 32'768, .context = 0};

} // namespace

class TestKvRoom : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void takesAsMuchAsIsUseful()
    {
        QCOMPARE(pagesIn(kRoom, 2'000 * kMega, {}).value(), 1'073U); // a GiB
        KvRoom small = kRoom;
        small.page = 100'000;
        QCOMPARE(pagesIn(small, 0, {}).value(), 10'737U);
        KvRoom large = kRoom;
        large.contextLength = 131'072; // more than a GiB
        QCOMPARE(pagesIn(large, 0, {}).value(), 131'072U / 32 + 1);
        // Half of what is left.
        QCOMPARE(pagesIn(kRoom, 2'000 * kMega, {.memory = 2'100 * kMega}).value(), 50U);
        QCOMPARE(pagesIn(kRoom, 2'000 * kMega, {.memory = 2'001 * kMega}).value(), 1U);
    }

    void whatIsAskedForIsThere()
    {
        KvRoom asked = kRoom;
        asked.context = 2'048; // 64 pages
        QCOMPARE(asked.least(), 64 * kMega);
        const MemoryLimits just = {.memory = 1'064 * kMega, .memoryLimit = 4'000 * kMega};
        QCOMPARE(pagesIn(asked, 1'000 * kMega, just).value(), 64U);
        QVERIFY(pagesIn(asked, 1'000 * kMega, {.memory = 1'500 * kMega}).value() >= 64U);
        const auto refused = pagesIn(asked, 1'000 * kMega + 1, just);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, model::Errc::OutOfMemory);
        QCOMPARE(refused.error().detail,
                 std::string("the models need 1000 MB of memory and keys and values of 2048 tokens "
                             "64 MB, 1064 MB are left of 4000 MB"));
        // Without a wish a page is the least.
        QVERIFY(!pagesIn(kRoom, 1'000 * kMega, {.memory = 1'000 * kMega}));
        QVERIFY(!pagesIn(kRoom, 1'000 * kMega, {.memory = 900 * kMega}));
    }

    void extremesAreNoOverflow()
    {
        KvRoom asked = kRoom;
        asked.contextLength = UINT32_MAX;
        asked.context = UINT32_MAX;
        QVERIFY(!pagesIn(asked, 5, {.memory = 1U << 30}));
        QCOMPARE(pagesIn(asked, 5, {}).value(), 134'217'728U);
        QVERIFY(!pagesIn(kRoom, UINT64_MAX - 1, {.memory = UINT64_MAX - 2}));
    }

    void moreThanTheModelKnowsIsRefused()
    {
        KvRoom asked = kRoom;
        asked.context = asked.contextLength;
        QVERIFY(pagesIn(asked, 0, {}));
        ++asked.context;
        const auto refused = pagesIn(asked, 0, {});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, model::Errc::ContextTooLong);
        QVERIFY(refused.error().detail.contains("32769") &&
                refused.error().detail.contains("32768"));
    }

    void kindsHaveNames()
    {
        using Keys = kernels::KeyFormat;
        using Values = kernels::ValueFormat;
        QVERIFY(engine::keysNamed("f16") == Keys::Half &&
                engine::valuesNamed("f16") == Values::Half);
        QVERIFY(engine::keysNamed("bf16") == Keys::Bfloat &&
                engine::valuesNamed("bf16") == Values::Bfloat);
        QVERIFY(engine::keysNamed("int8") == Keys::Int8 &&
                engine::valuesNamed("int8") == Values::Int8);
        for (const char* other : {"", "f32", "F16", "int", "int8 "})
            QVERIFY(!engine::keysNamed(other) && !engine::valuesNamed(other));
    }
};

QTEST_GUILESS_MAIN(TestKvRoom)
#include "tst_kv_room.moc"
