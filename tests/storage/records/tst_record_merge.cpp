// SPDX-License-Identifier: Apache-2.0
// What becomes of a later document: which version of a resource counts, and whose it is.
#include "storage/migrations.h"
#include "storage/records/fact_codec.h"
#include "storage/records/record_schema.h"
#include "storage/sealing.h"
#include "tests/storage/records/made_up_chart.h"

#include <set>

using made_up::Archive;
using made_up::Made;
using records::Chart;

namespace fs = std::filesystem;

namespace {

constexpr auto kOld = "2024-01-01T10:00:00Z";
constexpr auto kNew = "2024-06-01T10:00:00+02:00";

} // namespace

class TestRecordMerge : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theNewerVersionStandsInWhateverOrderItComes_data()
    {
        QTest::addColumn<bool>("newestFirst");
        QTest::newRow("as they were written") << false;
        QTest::newRow("the older export last") << true;
    }

    void theNewerVersionStandsInWhateverOrderItComes()
    {
        QFETCH(bool, newestFirst);
        Made old("exported in January");
        old.addPotassium("corrected", "9.9");
        old.addPotassium("withdrawn", "8.8");
        old.addPotassium("unchanged", "4.0");
        old.chart.patient.family = "Maiden";
        Made fresh("exported in June");
        fresh.addPotassium("corrected", "3.3");
        fresh.addPotassium("unchanged", "4.0");
        fresh.chart.withdrawn = {fresh.source("Observation", "withdrawn")};
        for (const char* id : {"corrected", "withdrawn", "unchanged"}) {
            old.date("Observation", id, kOld);
            fresh.date("Observation", id, kNew);
        }
        old.date("Patient", "pat-1", kOld);
        old.chart.patient.identifiers.push_back({"urn:old", "O-1", false});
        fresh.date("Patient", "pat-1", kNew);

        Archive archive;
        const auto patient = archive.merge(newestFirst ? fresh : old).patient;
        const auto second = archive.merge(newestFirst ? old : fresh);
        QCOMPARE(second.patient, patient);
        QCOMPARE(second.added, newestFirst ? 0U : 2U);
        archive.reopen();
        const Chart chart = archive.chart(patient);
        std::multiset<std::string> values;
        for (const auto& observation : chart.observations)
            values.insert(observation.quantity->value);
        QCOMPARE(values, (std::multiset<std::string>{"3.3", "4.0"}));
        QCOMPARE(chart.patient.family, fresh.chart.patient.family);
        QVERIFY(chart.patient.source == fresh.chart.patient.source);
        QCOMPARE(chart.patient.identifiers.size(), 3U); // they add up in both orders
        // Both documents can be read, whichever counts.
        for (const Made* made : {&old, &fresh})
            QVERIFY(archive.store->original(archive.scratch.receipt(), patient, made->hash, 0, 0));
    }

    void withoutADateTheLaterImportCounts()
    {
        Archive archive;
        Made dated("dated");
        dated.addPotassium("obs-1", "4.1");
        dated.date("Observation", "obs-1", kNew);
        const auto patient = archive.merge(dated).patient;
        const auto value = [&] { return archive.chart(patient).observations[0].quantity->value; };
        Made undated("undated");
        undated.addPotassium("obs-1", "4.2");
        archive.merge(undated);
        QCOMPARE(value(), "4.2");
        Made older("older than what was ever known");
        older.addPotassium("obs-1", "4.3");
        older.date("Observation", "obs-1", kOld);
        archive.merge(older);
        QCOMPARE(value(), "4.2");
        Made same("the same date, another value");
        same.addPotassium("obs-1", "4.4");
        same.date("Observation", "obs-1", kNew);
        archive.merge(same);
        QCOMPARE(value(), "4.4");
    }

    void aWithdrawalIsRememberedBeforeTheResourceIsKnown()
    {
        Archive archive;
        Made fresh("withdrawn in June");
        fresh.chart.withdrawn = {fresh.source("Observation", "obs-1")};
        fresh.date("Observation", "obs-1", kNew);
        const auto patient = archive.merge(fresh).patient;
        Made old("told in January");
        old.addPotassium("obs-1", "9.9");
        old.date("Observation", "obs-1", kOld);
        archive.merge(old);
        QVERIFY(archive.chart(patient).observations.empty());
        Made again("told again in July");
        again.addPotassium("obs-1", "4.4");
        again.date("Observation", "obs-1", "2024-07-01T00:00:00Z");
        archive.merge(again);
        QCOMPARE(archive.chart(patient).observations.size(), 1U);
    }

    void everyIdOfAPatientIsKept()
    {
        Archive archive;
        const auto patient = archive.merge(Made("first id")).patient;
        Made moved("the same number, another id");
        moved.chart.patient.resourceId = "pat-2";
        QCOMPARE(archive.merge(moved).patient, patient);
        for (const std::string id : {"pat-1", "pat-2"}) { // without a number, under each id
            Made later("later " + id);
            later.chart.patient.resourceId = id;
            later.chart.patient.identifiers.clear();
            const auto outcome = archive.merge(later);
            QVERIFY(!outcome.newPatient);
            QCOMPARE(outcome.patient, patient);
        }
        Made stranger("an id of nobody"); // control
        stranger.chart.patient.resourceId = "pat-3";
        stranger.chart.patient.identifiers.clear();
        QVERIFY(archive.merge(stranger).newPatient);
        Made chance("an id that two patients had");
        chance.chart.patient.identifiers = {{"urn:hospital", "MRN-777", true}};
        QVERIFY(archive.merge(chance).newPatient);
        Made whose("whose is it");
        whose.chart.patient.identifiers.clear();
        QCOMPARE(archive.tryMerge(whose).error().detail, "identifiers_of_two_patients");
    }

    void readsADatabaseOfTheFirstVersion()
    {
        Archive archive;
        archive.store.reset();
        fs::remove(archive.file());
        {
            const auto key = valueOf(storage::derive(archive.key, "records-database"));
            auto database = valueOf(
                storage::Database::open(archive.file(), key, storage::Database::Mode::Create));
            const auto first = std::span(records::kRecordSteps).first(1);
            QVERIFY(storage::migrate(database, archive.file(), first));
            const Made made("of version 1");
            const auto body = records::encodeFact(made.chart.patient);
            auto insert = valueOf(database.prepare(
                "INSERT INTO patient VALUES(1, 'p1', 'pat-1', 'NØRGÅRD', '1980-03-02', 'female',"
                " '', '2026-01-01T00:00:00Z', ?1, 1, 2, ?2)"));
            QVERIFY(insert.bind(1, made.hash).bind(2, body).run());
        }
        archive.reopen();
        QVERIFY(fs::exists(archive.file().string() + ".before-v2"));
        QCOMPARE(archive.chart("p1").patient.family, "Nørgård");
        Made later("later");
        later.chart.patient.identifiers.clear();
        later.addPotassium("obs-1", "4.1");
        later.date("Observation", "obs-1", kNew);
        QCOMPARE(archive.merge(later).patient, "p1");
        QCOMPARE(archive.chart("p1").observations.size(), 1U);
    }
};

QTEST_GUILESS_MAIN(TestRecordMerge)
#include "tst_record_merge.moc"
