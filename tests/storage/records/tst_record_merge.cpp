// SPDX-License-Identifier: Apache-2.0
// What becomes of a later document: which version of a resource counts.
#include "tests/storage/records/made_up_chart.h"

#include <set>

using made_up::Archive;
using made_up::Made;
using records::Chart;

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
};

QTEST_GUILESS_MAIN(TestRecordMerge)
#include "tst_record_merge.moc"
