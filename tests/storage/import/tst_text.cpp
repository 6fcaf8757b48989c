// SPDX-License-Identifier: Apache-2.0
#include "storage/import/attachment.h"
#include "storage/import/base64.h"
#include "storage/import/hidden_text.h"
#include "storage/import/markup.h"

#include <QTest>

using imports::Notice;
using imports::Warnings;

namespace {

std::uint64_t counted(const Warnings& warnings, std::string_view code)
{
    for (const imports::Warning& warning : warnings.list()) {
        if (warning.code == code)
            return warning.count;
    }
    return 0;
}

} // namespace

class TestText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void removesWhatNobodySees_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("shown");
        QTest::addColumn<int>("removed");
        const auto row = [](const char* name, const QString& text, const QString& shown,
                            int removed) { QTest::newRow(name) << text << shown << removed; };
        const auto tag = [](const QString& ascii) {
            QString hidden;
            for (const QChar c : ascii)
                hidden +=
                    QString::fromUcs4(std::array<char32_t, 1>{0xE0000U + c.unicode()}.data(), 1);
            return hidden;
        };
        row("plain", QStringLiteral("Kalium 4.1\r\n\tok"), QStringLiteral("Kalium 4.1\r\n\tok"), 0);
        row("umlauts", QStringLiteral("M\u00FCller \u2013 5 \u00B5g"),
            QStringLiteral("M\u00FCller \u2013 5 \u00B5g"), 0);
        row("tag characters", QStringLiteral("well") + tag(QStringLiteral("ignore the record")),
            QStringLiteral("well"), 17);
        row("zero width", QStringLiteral("po\u200Btas\u2060si\uFEFFum"),
            QStringLiteral("potassium"), 3);
        row("joiner in Latin", QStringLiteral("pot\u200Dassium"), QStringLiteral("potassium"), 1);
        row("joiner in Persian", QStringLiteral("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645"),
            QStringLiteral("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645"), 0);
        row("bidirectional override", QStringLiteral("dose \u202E01\u202C mg"),
            QStringLiteral("dose 01 mg"), 2);
        row("selector behind a heart", QStringLiteral("\u2764\uFE0F"),
            QStringLiteral("\u2764\uFE0F"), 0);
        row("run of selectors", QStringLiteral("\u2764\uFE0F\uFE01\uFE02"),
            QStringLiteral("\u2764\uFE0F"), 2);
        row("selector behind a letter", QStringLiteral("a\uFE01b"), QStringLiteral("ab"), 1);
        row("control characters", QStringLiteral("a\u0001b\u007Fc\u009Bd"), QStringLiteral("abcd"),
            3);
        row("soft hyphen", QStringLiteral("warfa\u00ADrin"), QStringLiteral("warfarin"), 1);
    }

    void removesWhatNobodySees()
    {
        QFETCH(QString, text);
        QFETCH(QString, shown);
        QFETCH(int, removed);
        std::string bytes = text.toStdString();
        QCOMPARE(imports::removeHidden(bytes), static_cast<std::uint64_t>(removed));
        QCOMPARE(QString::fromStdString(bytes), shown);
    }

    void findsTheFirstBadByte()
    {
        QCOMPARE(imports::firstInvalidUtf8("good \xC3\xA9"), std::string_view::npos);
        QCOMPARE(imports::firstInvalidUtf8("bad \xC3("), std::size_t{4});
        QCOMPARE(imports::firstInvalidUtf8("\xC0\xAF"), std::size_t{0});         // overlong
        QCOMPARE(imports::firstInvalidUtf8("a\xED\xA0\x80"), std::size_t{1});    // surrogate
        QCOMPARE(imports::firstInvalidUtf8("\xF4\x90\x80\x80"), std::size_t{0}); // > U+10FFFF
        QCOMPARE(imports::firstInvalidUtf8("ab\xE2\x82"), std::size_t{2});       // cut off
    }

    void readsMarkupAsAReaderSeesIt_data()
    {
        QTest::addColumn<QByteArray>("markup");
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("hidden");
        const auto row = [](const char* name, const char* markup, const char* text, int hidden) {
            QTest::newRow(name) << QByteArray(markup) << QByteArray(text) << hidden;
        };
        row("paragraphs", "<div><p>One  two\n three</p><p>Four</p></div>", "One two three\nFour",
            0);
        row("table",
            "<table><tr><th>K</th><td>4.1</td></tr><tr><td>Na</td><td>139</td></tr></table>",
            "K | 4.1\nNa | 139", 0);
        row("entities", "5 &lt; 6 &amp; &#956;g &#x2265; &nbsp;x &unknown; &",
            "5 < 6 & \xCE\xBCg \xE2\x89\xA5 x &unknown; &", 0);
        row("comment and script", "a<!-- <b>no</b> --><script>alert('no')</script>b", "ab", 0);
        row("hidden by style", "a<p style='display: none'>ignore <b>all</b></p>b", "a\nb", 1);
        row("hidden by attribute", "a<span hidden>no</span> <i class=\"x\" HIDDEN=\"\">no</i>b",
            "a b", 2);
        row("nested hidden", "<div style=\"visibility:hidden\"><div>no</div>no</div>yes", "yes", 1);
        row("quoted >", "<a title=\"x > y\">link</a>", "link", 0);
        row("careless <", "K < 3.5 and <5 mg", "K < 3.5 and <5 mg", 0);
        row("never closed", "text <b", "text", 0);
        row("comment never closed", "text <!-- no", "text", 0);
        row("CDATA", "<![CDATA[a<b]]>", "a<b", 0);
        row("processing instruction", "<?xml version='1.0'?><!DOCTYPE x>t", "t", 0);
    }

    void readsMarkupAsAReaderSeesIt()
    {
        QFETCH(QByteArray, markup);
        QFETCH(QByteArray, text);
        QFETCH(int, hidden);
        const imports::PlainText plain = imports::plainTextOf(markup.toStdString());
        QCOMPARE(QByteArray::fromStdString(plain.text), text);
        QCOMPARE(plain.hiddenParts, static_cast<std::uint64_t>(hidden));
    }

    void decodesBase64Strictly()
    {
        QCOMPARE(*imports::decodeBase64(""), std::string());
        QCOMPARE(*imports::decodeBase64("TQ=="), std::string("M"));
        QCOMPARE(*imports::decodeBase64("TWE="), std::string("Ma"));
        QCOMPARE(*imports::decodeBase64("TW\r\n Fu"), std::string("Man"));
        QCOMPARE(*imports::decodeBase64("+/+/"), std::string("\xFB\xFF\xBF"));
        for (const char* wrong :
             {"T", "TQ", "TQ=", "TWE", "TR==", "TWF=", "TQ==TQ==", "T-==", "===="})
            QVERIFY2(!imports::decodeBase64(wrong), wrong);
    }

    void readsAttachmentsByTheirType()
    {
        Warnings warnings;
        QCOMPARE(imports::readAttachment("text/plain; charset=utf-8", "caf\xC3\xA9", warnings).text,
                 std::string("caf\xC3\xA9"));
        QCOMPARE(
            imports::readAttachment("text/plain;charset=\"ISO-8859-1\"", "caf\xE9", warnings).text,
            std::string("caf\xC3\xA9"));
        QCOMPARE(
            imports::readAttachment("text/plain; charset=windows-1252", "5 \x80", warnings).text,
            std::string("5 \xE2\x82\xAC"));
        QCOMPARE(imports::readAttachment("text/html", "<p>a</p><p>b</p>", warnings).text,
                 std::string("a\nb"));
        QCOMPARE(imports::readAttachment("application/xhtml+xml", "<p>a</p>", warnings).text,
                 std::string("a"));
        QVERIFY(warnings.list().empty());
        QCOMPARE(imports::readAttachment("text/html", "a<p hidden>b</p>&#8203;c", warnings).text,
                 std::string("a\nc"));
        QCOMPARE(counted(warnings, "hidden_markup"), std::uint64_t{1});
        QCOMPARE(counted(warnings, "hidden_text"), std::uint64_t{1});
    }

    void saysWhyAnAttachmentIsNotRead_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char* name, const char* type, QByteArray bytes) {
            QTest::newRow(name) << QByteArray(type) << bytes;
        };
        row("PDF", "application/pdf", "%PDF-1.4");
        row("scan", "image/tiff", "II*");
        row("RTF", "text/rtf", "{\\rtf1}");
        row("UTF-16", "text/plain; charset=utf-16", QByteArray("a\0b\0", 4));
        row("not UTF-8", "text/plain", "caf\xE9");
        row("no type, binary", "", QByteArray("a\0b", 3));
        row("unknown", "application/x-thing", "abc");
    }

    void saysWhyAnAttachmentIsNotRead()
    {
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, bytes);
        Warnings warnings;
        const auto read =
            imports::readAttachment(type.toStdString(), bytes.toStdString(), warnings);
        QVERIFY(!read.unreadableReason.empty());
        QVERIFY(read.text.empty());
    }
};

QTEST_GUILESS_MAIN(TestText)
#include "tst_text.moc"
