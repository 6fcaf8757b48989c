// SPDX-License-Identifier: Apache-2.0
// The normalised record: both directions, and bytes that lie.
#include "bundle_text.h"

#include "storage/import/codec.h"
#include "tests/support/mutated.h"
#include "tests/support/run_options.h"

#include <QFile>
#include <QTest>

#include <random>

using bundle_text::of;
using bundle_text::withPatient;
using imports::decodeDocument;
using imports::encodeDocument;
using imports::Errc;
using imports::ImportedDocument;

namespace {

ImportedDocument small()
{
    auto document = imports::readFhirBundle(withPatient(
        {of("Observation",
            "'id':'k','meta':{'lastUpdated':'2026-01-02T03:04:05Z'},'status':'final',"
            "'code':{'text':'K','coding':[{'system':'l','code':'c'}]},"
            "'valueQuantity':{'value':4.10,'unit':'mmol/"
            "L'},'referenceRange':[{'low':{'value':3.5}}]"),
         of("AllergyIntolerance",
            "'code':{'text':'X'},'reaction':[{'manifestation':[{'text':'Y'}]}]"),
         of("MedicationRequest", "'status':'active','medicationCodeableConcept':{'text':'M'}"),
         of("Condition", "'code':{'text':'C'},'onsetDateTime':'2019-03-02T08:14:00+01:00'"),
         of("Encounter", "'status':'finished'"), of("Procedure", "'code':{'text':'P'}"),
         of("DocumentReference",
            "'content':[{'attachment':{'contentType':'text/plain','data':'YQ=='}},"
            "{'attachment':{'contentType':'image/png','data':'YQ=='}}]"),
         of("Condition", "'verificationStatus':{'coding':[{'code':'refuted'}]}")}));
    return document ? std::move(*document) : ImportedDocument{};
}

Errc codeOf(const std::string& bytes)
{
    const auto decoded = decodeDocument(bytes);
    return decoded ? Errc::Unreadable : decoded.error().code;
}

} // namespace

class TestNormalised : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void comesBackAsItWas_data()
    {
        QTest::addColumn<QString>("file");
        for (const char* name :
             {"anna-testfield.json", "bertram-samplewood.json", "clara-mockridge.json"})
            QTest::newRow(name) << QStringLiteral(DEMO "/") + QString::fromLatin1(name);
    }

    void comesBackAsItWas()
    {
        QFETCH(QString, file);
        QFile bundle(file);
        QVERIFY(bundle.open(QIODevice::ReadOnly));
        const auto document = imports::readFhirBundle(bundle.readAll().toStdString());
        QVERIFY(document);
        const std::string encoded = encodeDocument(*document);
        const auto decoded = decodeDocument(encoded);
        QVERIFY(decoded);
        // Nothing is left out: the same bytes come out of what was read from them.
        QVERIFY(encodeDocument(*decoded) == encoded);
        QCOMPARE(decoded->resources, document->resources);
        QCOMPARE(decoded->warnings, document->warnings);
        QCOMPARE(decoded->chart.observations.size(), document->chart.observations.size());
        QCOMPARE(decoded->chart.patient.born, document->chart.patient.born);
        QCOMPARE(decoded->chart.documents.back().text, document->chart.documents.back().text);
        QCOMPARE(decoded->chart.observations.front().effective,
                 document->chart.observations.front().effective);
    }

    void hasTheBytesOfItsPage()
    {
        // The example of docs/formats/normalised-record.md.
        const std::string refusal = imports::encodeRefusal(
            {Errc::SeveralPatients, "entry[0] and entry[3] are both a Patient"});
        QCOMPARE(QByteArray::fromStdString(refusal).toHex(),
                 QByteArray("434c4e5202020328000000656e7472795b305d20616e6420656e7472795b335d206172"
                            "6520626f746820"
                            "6120506174"
                            "69656e74"));
        const std::string document = encodeDocument(small());
        QCOMPARE(QByteArray::fromStdString(document.substr(0, 24)).toHex(),
                 QByteArray("434c4e5202010e000000666869722d72342d62756e646c65"));
    }

    void readsADocumentWithoutVersions()
    {
        // As version 1 wrote it, and as it may still lie in an inbox.
        const ImportedDocument document = small();
        QCOMPARE(document.chart.versions.size(), std::size_t{1});
        std::string bytes = encodeDocument(document);
        const std::string empty = [&] {
            ImportedDocument without = document;
            without.chart.versions.clear();
            return encodeDocument(without);
        }();
        QVERIFY(decodeDocument(bytes)->chart.versions == document.chart.versions);
        std::string first = empty.substr(0, empty.size() - 4);
        first[4] = 1;
        const auto decoded = decodeDocument(first);
        QVERIFY(decoded);
        QVERIFY(decoded->chart.versions.empty());
        QVERIFY(encodeDocument(*decoded) == empty);
        bytes[4] = 3;
        QCOMPARE(codeOf(bytes), Errc::BadEncoding);
    }

    void carriesARefusal()
    {
        const auto decoded = decodeDocument(imports::encodeRefusal({Errc::MixedPatients, "why"}));
        QVERIFY(!decoded);
        QCOMPARE(decoded.error().code, Errc::MixedPatients);
        QCOMPARE(decoded.error().detail, std::string("why"));
    }

    void refusesEveryCut()
    {
        const std::string bytes = encodeDocument(small());
        QVERIFY(decodeDocument(bytes));
        for (std::size_t length = 0; length < bytes.size(); ++length)
            QCOMPARE(codeOf(bytes.substr(0, length)), Errc::BadEncoding);
        QCOMPARE(codeOf(bytes + "x"), Errc::BadEncoding);
    }

    void survivesEveryFlippedBit()
    {
        const std::string bytes = encodeDocument(small());
        std::size_t refused = 0;
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            std::string damaged = bytes;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
            const auto decoded = decodeDocument(damaged);
            // Either it is refused, or what was read is what the bytes say.
            if (decoded)
                QVERIFY(encodeDocument(*decoded) == damaged);
            else
                ++refused;
        }
        QVERIFY(refused > bytes.size()); // lengths, counts, hashes, UTF-8
    }

    void survivesMutations()
    {
        const std::string bytes = encodeDocument(small());
        std::mt19937 random(20261124);
        int refused = 0;
        const int rounds = support::rounds(4000, 1000000);
        for (int round = 0; round < rounds; ++round) {
            const std::string damaged = support::mutated(bytes, random);
            const auto decoded = decodeDocument(damaged);
            if (decoded)
                QVERIFY(encodeDocument(*decoded) == damaged);
            else
                ++refused;
        }
        QVERIFY(refused > rounds / 2 && refused < rounds);
    }

    void asksForNoMoreThanWasSent()
    {
        // A count of four thousand million elements in a few bytes.
        std::string bytes = encodeDocument(small());
        const std::size_t counts = 4 + 1 + 1 + 4 + 14;
        bytes.replace(counts, 4, "\xFF\xFF\xFF\xFF");
        QCOMPARE(codeOf(bytes), Errc::BadEncoding);
    }

    void checksWhatItReads_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("as it is (control)") << 0;
        QTest::newRow("no hash") << 1;
        QTest::newRow("empty span") << 2;
        QTest::newRow("no number") << 3;
        QTest::newRow("readable without being so") << 4;
        QTest::newRow("not UTF-8") << 5;
        QTest::newRow("no such state") << 6;
    }

    void checksWhatItReads()
    {
        QFETCH(int, what);
        ImportedDocument document = small();
        records::Chart& chart = document.chart;
        switch (what) {
        case 1:
            chart.observations[0].source.document = "../../etc/passwd";
            break;
        case 2:
            chart.observations[0].source.end = chart.observations[0].source.begin;
            break;
        case 3:
            chart.observations[0].quantity->value = "4.1; DROP TABLE";
            break;
        case 4:
            chart.documents[0].unreadableReason = "lost";
            break;
        case 5:
            chart.conditions[0].code.text = "\xFF";
            break;
        case 6:
            chart.conditions[0].state = static_cast<records::ConditionState>(9);
            break;
        default:
            break;
        }
        const auto decoded = decodeDocument(encodeDocument(document));
        QCOMPARE(decoded.has_value(), what == 0);
        if (!decoded)
            QCOMPARE(decoded.error().code, Errc::BadEncoding);
    }
};

QTEST_GUILESS_MAIN(TestNormalised)
#include "tst_normalised.moc"
