// SPDX-License-Identifier: Apache-2.0
// The daemon's side: a child that answers, refuses, lies, dies or hangs.
#include "bundle_text.h"

#include "storage/import/codec.h"
#include "storage/import/importer.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using imports::Errc;
using imports::importConfined;

namespace {

const std::filesystem::path kImporter = PROGRAMS "/cloister-import";

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text));
}

/// What comes back when a shell, told by the document, plays the importer.
imports::Result<imports::ImportedDocument>
play(const std::string& script, std::chrono::milliseconds limit = std::chrono::seconds(30))
{
    return importConfined("/bin/sh", bytesOf(script), limit);
}

std::string readFile(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
}

} // namespace

class TestImporter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsADocumentInTheChild()
    {
        const std::string text = readFile(QStringLiteral(DEMO "/bertram-samplewood.json"));
        const auto confined = importConfined(kImporter, bytesOf(text));
        QVERIFY(confined);
        const auto here = imports::readFhirBundle(text);
        QVERIFY(here);
        QVERIFY(imports::encodeDocument(*confined) == imports::encodeDocument(*here));
    }

    void handsOnTheRefusal()
    {
        const auto refused = importConfined(kImporter, bytesOf("no bundle"));
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, Errc::BadJson);
        const auto empty = importConfined(kImporter, {});
        QVERIFY(!empty);
        QCOMPARE(empty.error().code, Errc::BadJson);
    }

    void saysWhenThereIsNoImporter()
    {
        const auto missing = importConfined("/nonexistent/cloister-import", bytesOf("{}"));
        QVERIFY(!missing);
        QVERIFY(missing.error().code == Errc::Importer);
    }

    void noticesAChildThatDies()
    {
        const auto killed = play("kill -SEGV $$\n");
        QVERIFY(!killed);
        QCOMPARE(killed.error().code, Errc::Importer);
        QVERIFY(killed.error().detail.find(std::to_string(SIGSEGV)) != std::string::npos);
        const auto left = play("exit 2\n");
        QVERIFY(!left);
        QCOMPARE(left.error().code, Errc::Importer);
    }

    void survivesAChildThatReadsNothing()
    {
        // More than a pipe holds, and nobody at its other end.
        const std::string text = "exec <&-; exit 0\n" + std::string(4 << 20, '#');
        const auto gone = importConfined("/bin/sh", bytesOf(text), std::chrono::seconds(30));
        QVERIFY(!gone);
        QCOMPARE(gone.error().code, Errc::BadEncoding);
    }

    void endsAChildThatHangs()
    {
        // Far longer than this test is let run: it returns because the child is ended.
        const auto hanging = play("sleep 3600\n", std::chrono::milliseconds(300));
        QVERIFY(!hanging);
        QCOMPARE(hanging.error().code, Errc::TimedOut);
    }

    void endsAChildThatHangsBehindItsAnswer_data()
    {
        QTest::addColumn<QByteArray>("script");
        QTest::newRow("closes its output") << QByteArray("exec >&-; exec sleep 3600\n");
        QTest::newRow("closes all") << QByteArray("exec >&- 2>&- <&-; exec sleep 3600\n");
        QTest::newRow("answers first") << QByteArray("printf CLNR; exec >&-; exec sleep 3600\n");
        QTest::newRow("can't be asked to end")
            << QByteArray("trap '' TERM INT HUP PIPE; exec >&-; exec sleep 3600\n");
        QTest::newRow("fills its errors")
            << QByteArray("exec >&-; while :; do echo noise >&2; done\n");
    }

    void endsAChildThatHangsBehindItsAnswer()
    {
        QFETCH(QByteArray, script);
        const auto hanging = play(script.toStdString(), std::chrono::milliseconds(300));
        QVERIFY(!hanging);
        QCOMPARE(hanging.error().code, Errc::TimedOut);
    }

    void waitsForAChildThatIsSlowToEnd()
    {
        // It closed its output as well, but ends in time: what it said is looked at.
        const auto slow = play("printf CLNR; exec >&-; sleep 0.3; exit 0\n");
        QVERIFY(!slow);
        QCOMPARE(slow.error().code, Errc::BadEncoding);
    }

    void believesNothingThatIsNoRecord()
    {
        for (const char* script :
             {"echo hello\n", "exit 0\n", "echo secret >&2\n", "printf CLNR\n"}) {
            const auto lied = play(script);
            QVERIFY(!lied);
            QCOMPARE(lied.error().code, Errc::BadEncoding);
            QVERIFY(lied.error().detail.find("secret") == std::string::npos);
        }
    }

    void believesNothingAboutOtherDocuments()
    {
        // A well-formed record of another document, as a subverted importer could send it.
        const auto other = imports::readFhirBundle(bundle_text::withPatient({}));
        QVERIFY(other);
        const QTemporaryDir folder;
        QVERIFY(folder.isValid());
        const QString path = folder.filePath(QStringLiteral("record"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray::fromStdString(imports::encodeDocument(*other)));
        file.close();
        const auto lied = play("exec cat " + path.toStdString() + "\n");
        QVERIFY(!lied);
        QCOMPARE(lied.error().code, Errc::BadEncoding);
        QCOMPARE(lied.error().detail, std::string("a fact points outside of the document"));
    }
};

QTEST_GUILESS_MAIN(TestImporter)
#include "tst_importer.moc"
