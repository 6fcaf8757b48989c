// SPDX-License-Identifier: Apache-2.0
#include "audit/cbor.h"
#include "audit/entry.h"

#include <QTest>

namespace {

std::vector<std::byte> fromHex(const char* text)
{
    const QByteArray raw = QByteArray::fromHex(text);
    const auto bytes =
        std::as_bytes(std::span(raw.constData(), static_cast<std::size_t>(raw.size())));
    return {bytes.begin(), bytes.end()};
}

QByteArray toHex(audit::Bytes bytes)
{
    return QByteArray(reinterpret_cast<const char*>(bytes.data()),
                      static_cast<qsizetype>(bytes.size()))
        .toHex();
}

audit::Entry sample()
{
    audit::Entry entry;
    entry.index = 300;
    entry.eventId.fill(std::byte{0xE1});
    entry.wallTime = 1'700'000'000'000'000;
    entry.monotonicTime = 70'000;
    entry.bootId.fill(std::byte{0xB0});
    entry.kind = 50;
    entry.outcome = 4;
    entry.reason = "ok_1";
    entry.actor = "grace";
    entry.session = "s1";
    entry.peerUid = 1000;
    entry.peerPid = 23;
    entry.closes = 24;
    entry.plain = {{"zz", "1"}, {"abc", "\xC3\xA9"}};
    entry.commitments["patient"].fill(std::byte{0xC0});
    entry.checkpointed = 256;
    return entry;
}

// Written by hand from docs/formats/audit-log.md, with the integer and length heads of RFC 8949.
const char* const kGolden = "b1"       // 17 pairs
                            "0001"     // version 1
                            "0119012c" // index 300
                            "0250"
                            "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
                            "031b00060a24181e4000" // 1.7e15 microseconds
                            "041a00011170"
                            "0550"
                            "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
                            "061832" // kind 50
                            "0704"
                            "08646f6b5f31"
                            "09656772616365"
                            "0a627331"
                            "0b1903e8"
                            "0c17"   // the largest number of one byte
                            "0d1818" // the smallest of two
                            "0ea2"
                            "627a7a6131"
                            "6361626362c3a9" // shorter keys first
                            "0fa1"
                            "6770617469656e74"
                            "5820"
                            "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
                            "10190100";

} // namespace

class TestCbor : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void writesTheGoldenBytes()
    {
        const auto bytes = audit::encode(sample());
        QVERIFY(bytes.has_value());
        QCOMPARE(toHex(*bytes), QByteArray(kGolden));
    }

    void readsWhatItWrote()
    {
        const auto entry = audit::decode(fromHex(kGolden));
        QVERIFY(entry.has_value());
        QCOMPARE(entry->index, 300U);
        QCOMPARE(entry->closes.value_or(0), 24U);
        QCOMPARE(entry->plain, sample().plain);
        QCOMPARE(entry->commitments, sample().commitments);
        QCOMPARE(toHex(*audit::encode(*entry)), QByteArray(kGolden));
    }

    void refusesEveryTruncation()
    {
        const auto bytes = fromHex(kGolden);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            QVERIFY2(!audit::decode(std::span(bytes).first(size)),
                     qPrintable(QString::number(size)));
        auto longer = bytes;
        longer.push_back(std::byte{0});
        QVERIFY(!audit::decode(longer));
    }

    void acceptsOnlyBytesThatItWouldWrite()
    {
        const auto golden = fromHex(kGolden);
        int accepted = 0;
        for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
            auto bytes = golden;
            bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            const auto entry = audit::decode(bytes);
            if (!entry)
                continue;
            ++accepted; // another value, but then in its own canonical encoding
            QCOMPARE(toHex(*audit::encode(*entry)), toHex(bytes));
        }
        QVERIFY(accepted > 0 && accepted < static_cast<int>(golden.size() * 8));
    }

    void refusesOtherEncodings_data()
    {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::newRow("the integer in more bytes than needed")
            << QByteArray("0c17") << QByteArray("0c1817");
        QTest::newRow("four bytes for two") << QByteArray("0b1903e8") << QByteArray("0b1a000003e8");
        QTest::newRow("eight bytes for four")
            << QByteArray("041a00011170") << QByteArray("041b0000000000011170");
        QTest::newRow("the map's keys in another order")
            << QByteArray("627a7a61316361626362c3a9") << QByteArray("6361626362c3a9627a7a6131");
        QTest::newRow("a key twice")
            << QByteArray("627a7a61316361626362c3a9") << QByteArray("627a7a6131627a7a6131");
        QTest::newRow("text of indefinite length")
            << QByteArray("0a627331") << QByteArray("0a7f627331ff");
        QTest::newRow("text that is not UTF-8") << QByteArray("62c3a9") << QByteArray("62c328");
        QTest::newRow("an overlong character") << QByteArray("62c3a9") << QByteArray("62c1a9");
        QTest::newRow("a negative integer") << QByteArray("0704") << QByteArray("0724");
        QTest::newRow("an outcome above a byte") << QByteArray("0704") << QByteArray("07190100");
        QTest::newRow("another version") << QByteArray("b10001") << QByteArray("b10002");
        QTest::newRow("a reserved head") << QByteArray("0c17") << QByteArray("0c1c");
        QTest::newRow("a tag before the value") << QByteArray("0704") << QByteArray("07c104");
    }

    void refusesOtherEncodings()
    {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        QByteArray hex(kGolden);
        QCOMPARE(hex.count(from), 1);
        hex.replace(from, to);
        QVERIFY(!audit::decode(fromHex(hex.constData())));
    }

    void knowsUtf8()
    {
        for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xEF\xBF\xBF",
                                 "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
            QVERIFY2(audit::isUtf8(good), good);
        for (const char* bad :
             {"\x80", "\xC2", "\xC0\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
              "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xFF"})
            QVERIFY2(!audit::isUtf8(bad), bad);
    }
};

QTEST_GUILESS_MAIN(TestCbor)
#include "tst_cbor.moc"
