// SPDX-License-Identifier: Apache-2.0
// Every bundle that imports, from the shared samples and the demo, merged into the records: twice,
// and the second time changes nothing.
#include "storage/import/codec.h"
#include "storage/records/record_store.h"
#include "tests/storage/support.h"

#include <QDir>
#include <QFile>

#include <memory>

using audit::Kind;

class TestMergedSamples : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void mergingTwiceIsMergingOnce_data()
    {
        QTest::addColumn<QString>("file");
        if (QDir(QStringLiteral(SHARED_DATA)).exists())
            QVERIFY(QDir(QStringLiteral(SHARED_DATA "/records/fhir")).exists());
        for (const QString& folder :
             {QStringLiteral(SHARED_DATA "/records/fhir"), QStringLiteral(DEMO)}) {
            const QDir dir(folder);
            for (const QString& name : dir.entryList({QStringLiteral("*.json")}, QDir::Files))
                QTest::newRow(qPrintable(name)) << dir.filePath(name);
        }
    }

    void mergingTwiceIsMergingOnce()
    {
        QFETCH(QString, file);
        QFile source(file);
        QVERIFY(source.open(QIODevice::ReadOnly));
        const std::string original = source.readAll().toStdString();
        const auto document = imports::readFhirBundle(original);
        if (!document) {
            // Refused rightly, as tst_samples shows by an independent count.
            QVERIFY(document.error().code == imports::Errc::SeveralPatients ||
                    document.error().code == imports::Errc::MixedPatients);
            return;
        }
        Scratch scratch;
        const auto key = valueOf(storage::Secret::random());
        const auto store =
            valueOf(records::RecordStore::open(scratch.folder() / "records.db", key));
        const auto merge = [&](const char* when) {
            return valueOf(store->merge(scratch.receipt(Kind::Merge), document->chart,
                                        std::as_bytes(std::span(original)), when));
        };
        const auto first = merge("2026-01-01T00:00:00Z");
        QVERIFY(first.newPatient && !first.alreadyThere && first.added > 0);
        const std::string before = everythingOf(*store, scratch, first.patient);
        QVERIFY(before.size() > 200);

        const auto second = merge("2026-02-02T00:00:00Z");
        QCOMPARE(second.patient, first.patient);
        QVERIFY(second.alreadyThere && !second.newPatient);
        QCOMPARE(second.added, std::size_t(0));
        QVERIFY(everythingOf(*store, scratch, first.patient) == before);
    }

    void theSamePatientsNewerDocumentDoesChangeSomething()
    {
        // The control: the comparison above sees a change.
        QFile source(QStringLiteral(DEMO "/bertram-samplewood.json"));
        QVERIFY(source.open(QIODevice::ReadOnly));
        QByteArray original = source.readAll();
        Scratch scratch;
        const auto key = valueOf(storage::Secret::random());
        const auto store =
            valueOf(records::RecordStore::open(scratch.folder() / "records.db", key));
        std::vector<std::string> seen;
        for (int version = 0; version < 2; ++version) {
            const auto document = imports::readFhirBundle(original.toStdString());
            QVERIFY(document);
            const auto outcome = valueOf(
                store->merge(scratch.receipt(Kind::Merge), document->chart,
                             std::as_bytes(std::span(original.constData(),
                                                     static_cast<std::size_t>(original.size()))),
                             "2026-01-01T00:00:00Z"));
            QCOMPARE(outcome.newPatient, version == 0);
            seen.push_back(everythingOf(*store, scratch, outcome.patient));
            original.replace("0.01", "0.02");
        }
        QVERIFY(seen[0] != seen[1]);
    }

private:
    /// What the records tell of a patient, as bytes; also whom a search finds.
    static std::string everythingOf(records::RecordStore& store, Scratch& scratch,
                                    const std::string& patient)
    {
        imports::ImportedDocument all{
            .format = "fhir-r4-bundle",
            .chart = valueOf(store.chart(scratch.receipt(Kind::PatientOpen), patient)),
            .resources = {},
            .warnings = {}};
        std::string text = imports::encodeDocument(std::move(all));
        for (const auto& found :
             valueOf(store.search(scratch.receipt(Kind::PatientSearch), "", 10, 0)))
            text += found.id + ' ' + found.name + ' ' + found.dataAsOf + '\n';
        return text;
    }
};

QTEST_GUILESS_MAIN(TestMergedSamples)
#include "tst_merged_samples.moc"
