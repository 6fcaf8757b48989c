// SPDX-License-Identifier: Apache-2.0
#include "storage/import/document.h"
#include "tests/storage/records/made_up_chart.h"

#include <chrono>
#include <ranges>
#include <set>

namespace fs = std::filesystem;
using audit::Kind;
using made_up::Archive;
using made_up::bytesOf;
using made_up::Made;
using records::Chart;
using records::RecordStore;
using storage::Errc;
using storage::Secret;

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

std::string contentOf(const fs::path& path)
{
    QFile file(QString::fromStdString(path.string()));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("a bundle cannot be read");
    return file.readAll().toStdString();
}

} // namespace

class TestRecordStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesBackWhatWasMerged()
    {
        Archive archive;
        Made made("first document");
        made.addPotassium("obs-1", "4.10");
        made.addNote("doc-1", "Potassium was stopped because of hyperkalaemia.");
        auto& allergy = made.chart.allergies.emplace_back();
        allergy.code.text = "Penicillin";
        allergy.reactions = {"Hives (moderate)", ""};
        allergy.source = made.source("AllergyIntolerance", "al-1");
        auto& drug = made.chart.medications.emplace_back();
        drug.code.text = "Furosemide";
        drug.kind = records::MedicationKind::Dispense;
        drug.state = records::MedicationState::Stopped;
        drug.statusReason = "cramps";
        drug.source = made.source("MedicationDispense", "med-1");
        auto& problem = made.chart.conditions.emplace_back();
        problem.code.text = "Asthma";
        problem.state = records::ConditionState::Resolved;
        problem.onset = records::parseDate("1999");
        problem.source = made.source("Condition", "con-1");
        auto& visit = made.chart.encounters.emplace_back();
        visit.classCode = "AMB";
        visit.source = made.source("Encounter", "enc-1");
        auto& other = made.chart.others.emplace_back();
        other.kind = "Immunization";
        other.code.text = "Tetanus";
        other.source = made.source("Immunization", "imm-1");

        const auto outcome = archive.merge(made);
        QVERIFY(outcome.newPatient && !outcome.alreadyThere);
        QCOMPARE(outcome.added, 7U);
        archive.reopen();
        const Chart chart = archive.chart(outcome.patient);
        QCOMPARE(chart.dataAsOf, "2026-01-02T03:04:05Z");
        QCOMPARE(chart.patient.id, outcome.patient);
        QCOMPARE(chart.patient.displayName(), made.chart.patient.displayName());
        QVERIFY(chart.patient.born == made.chart.patient.born);
        QVERIFY(chart.patient.source == made.chart.patient.source);
        QCOMPARE(chart.observations.size(), 1U);
        const auto& observation = chart.observations[0];
        QCOMPARE(observation.quantity->value, "4.10");
        QCOMPARE(observation.quantity->comparator, "<");
        QCOMPARE(observation.low->value, "3.5");
        QVERIFY(!observation.high.has_value());
        QCOMPARE(observation.standing, records::Standing::Corrected);
        QVERIFY(observation.effective == made.chart.observations[0].effective);
        QVERIFY(observation.source == made.chart.observations[0].source);
        QCOMPARE(observation.code.codings[0].code, "2823-3");
        QCOMPARE(chart.allergies[0].reactions, made.chart.allergies[0].reactions);
        QCOMPARE(chart.medications[0].kind, records::MedicationKind::Dispense);
        QCOMPARE(chart.medications[0].statusReason, "cramps");
        QCOMPARE(chart.conditions[0].state, records::ConditionState::Resolved);
        QVERIFY(chart.conditions[0].onset == problem.onset);
        QCOMPARE(chart.encounters[0].classCode, "AMB");
        QCOMPARE(chart.others[0].kind, "Immunization");
        QCOMPARE(chart.documents[0].text, made.chart.documents[0].text);
        QCOMPARE(errorOf(archive.store->chart(archive.scratch.receipt(), "nobody")),
                 Errc::NotFound);
    }

    void sameDocumentChangesNothing()
    {
        Archive archive;
        Made made("document");
        made.addPotassium("obs-1", "4.1");
        const auto first = archive.merge(made);
        const auto second = archive.merge(made);
        QVERIFY(second.alreadyThere && !second.newPatient);
        QCOMPARE(second.patient, first.patient);
        QCOMPARE(second.added, 0U);
        QCOMPARE(archive.chart(first.patient).observations.size(), 1U);
        QCOMPARE(archive.found(""), 1U);
    }

    void newerVersionReplacesTheOlder()
    {
        Archive archive;
        Made first("first");
        first.addPotassium("obs-1", "4.1");
        first.addPotassium("obs-2", "5.0", "component[0]");
        first.addPotassium("obs-2", "5.1", "component[1]");
        first.addNote("doc-1", "Patient mentions migraine.");
        const auto patient = archive.merge(first).patient;
        Made second("second");
        second.addPotassium("obs-1", "4.1"); // the same
        second.addPotassium("obs-2", "5.0", "component[0]");
        second.addPotassium("obs-2", "6.6", "component[1]"); // corrected
        second.addPotassium("obs-3", "3.9");                 // new
        second.addNote("doc-1", "Patient mentions vertigo.");
        QCOMPARE(archive.merge(second).added, 3U);

        const Chart chart = archive.chart(patient);
        QCOMPARE(chart.observations.size(), 4U);
        std::multiset<std::string> values;
        for (const auto& observation : chart.observations)
            values.insert(observation.quantity->value);
        QCOMPARE(values, (std::multiset<std::string>{"3.9", "4.1", "5.0", "6.6"}));
        QCOMPARE(chart.documents.size(), 1U);
        const auto search = [&](std::string_view query) {
            return valueOf(archive.store->passages(archive.scratch.receipt(), patient, query, 9));
        };
        QCOMPARE(search("migraine").size(), 0U); // the old text is no longer searched
        QCOMPARE(search("vertigo").size(), 1U);
        // The old source is still there.
        const auto old =
            valueOf(archive.store->original(archive.scratch.receipt(), patient, first.hash, 0, 0));
        QVERIFY(std::ranges::equal(old, bytesOf("first")));
    }

    void withdrawnResourcesAreTakenBack()
    {
        Archive archive;
        Made first("first");
        first.addPotassium("obs-1", "4.1", "component[0]");
        first.addPotassium("obs-1", "4.2", "component[1]");
        first.addPotassium("obs-2", "4.3");
        first.addPotassium("entry[3]", "4.4");
        first.addNote("doc-1", "Written into the wrong chart: migraine.");
        const auto patient = archive.merge(first).patient;
        Made second("second");
        second.chart.withdrawn = {
            second.source("Observation", "obs-1"), second.source("DocumentReference", "doc-1"),
            second.source("Observation", "entry[3]"), second.source("Observation", "never-seen")};
        QCOMPARE(archive.merge(second).added, 2U);
        const Chart chart = archive.chart(patient);
        QCOMPARE(chart.observations.size(), 2U); // obs-2, and entry 3 of the other document
        QVERIFY(chart.documents.empty());
        const auto receipt = archive.scratch.receipt();
        QVERIFY(valueOf(archive.store->passages(receipt, patient, "migraine", 9)).empty());
    }

    void namelessResourcesAreNotMixedUp()
    {
        Archive archive;
        Made first("first");
        first.addPotassium("entry[3]", "4.1");
        first.addPotassium("entry[4]", "4.2");
        const auto patient = archive.merge(first).patient;
        Made second("second");
        second.addPotassium("entry[3]", "4.2"); // told before, as another entry
        second.addPotassium("entry[4]", "4.3"); // new: does not replace the old entry 4
        QCOMPARE(archive.merge(second).added, 1U);
        QCOMPARE(archive.chart(patient).observations.size(), 3U);
    }

    void samePatientByMedicalRecordElseById()
    {
        Archive archive;
        const auto patient = archive.merge(Made("a")).patient;
        Made sameNumber("b");
        sameNumber.chart.patient.resourceId = "another-id";
        QCOMPARE(archive.merge(sameNumber).patient, patient);
        Made otherNumber("c"); // same Patient.id by chance
        otherNumber.chart.patient.resourceId = "another-id";
        otherNumber.chart.patient.identifiers = {{"urn:hospital", "MRN-777", true}};
        QVERIFY(archive.merge(otherNumber).patient != patient);

        Made noNumber("d");
        noNumber.chart.patient.resourceId = "pat-9";
        noNumber.chart.patient.identifiers.clear();
        const auto byId = archive.merge(noNumber).patient;
        Made again("e");
        again.chart.patient = noNumber.chart.patient;
        again.chart.patient.source = again.source("Patient", "pat-9");
        QCOMPARE(archive.merge(again).patient, byId);
        Made numbered("f"); // the number becomes known later
        numbered.chart.patient.resourceId = "pat-9";
        numbered.chart.patient.identifiers = {{"urn:hospital", "MRN-9", true}};
        QCOMPARE(archive.merge(numbered).patient, byId);

        for (const std::string text : {"g", "h"}) { // nobody can tell who entry[0] is
            Made nameless(text);
            nameless.chart.patient.resourceId = "entry[0]";
            nameless.chart.patient.identifiers.clear();
            QVERIFY(archive.merge(nameless).newPatient);
        }
        // Identifiers add up.
        QCOMPARE(archive.chart(byId).patient.identifiers.size(), 1U);
        QCOMPARE(archive.chart(patient).patient.identifiers.size(), 2U);
    }

    void refusesConflictsWhole()
    {
        Archive archive;
        const auto patient = archive.merge(Made("a")).patient;
        Made other("b");
        other.chart.patient.identifiers = {{"urn:hospital", "MRN-2", true}};
        archive.merge(other);

        Made born("c");
        born.chart.patient.born = records::parseDate("1981-03-02");
        born.addPotassium("obs-1", "9.9");
        const auto refused = archive.tryMerge(born);
        QCOMPARE(errorOf(refused), Errc::Invalid);
        QCOMPARE(refused.error().detail, "birth_date_differs");
        Made coarse("d"); // 1980 does not contradict 1980-03-02
        coarse.chart.patient.born = records::parseDate("1980");
        QCOMPARE(archive.merge(coarse).patient, patient);
        Made two("e");
        two.chart.patient.identifiers.push_back({"urn:hospital", "MRN-2", true});
        QCOMPARE(archive.tryMerge(two).error().detail, "identifiers_of_two_patients");
        Made forged("f");
        forged.original = "another text";
        QCOMPARE(archive.tryMerge(forged).error().detail, "original_differs");

        QCOMPARE(archive.found(""), 2U);
        QVERIFY(archive.chart(patient).observations.empty());
        QCOMPARE(
            errorOf(archive.store->original(archive.scratch.receipt(), patient, born.hash, 0, 0)),
            Errc::NotFound);
    }

    void twoConnectionsWorkAtOnce()
    {
        Archive archive;
        const auto second = valueOf(RecordStore::open(archive.file(), archive.key));
        const auto patient = archive.merge(Made("a")).patient;
        QCOMPARE(valueOf(second->chart(archive.scratch.receipt(), patient)).patient.id, patient);
        QCOMPARE(errorOf(RecordStore::open(archive.file(), valueOf(Secret::random()))),
                 Errc::Corrupt);
    }

    void realBundlesKeepEveryFact()
    {
        const fs::path folder = fs::path(SHARED_DATA) / "records" / "fhir";
        if (!fs::exists(SHARED_DATA))
            QSKIP("the shared data is not on this machine");
        std::vector<fs::directory_entry> bundles;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (entry.is_regular_file() && entry.path().extension() == ".json")
                bundles.push_back(entry);
        }
        std::ranges::sort(bundles, std::ranges::greater(),
                          [](const fs::directory_entry& entry) { return entry.file_size(); });
        QVERIFY(bundles.size() >= 4);
        Archive archive;
        for (const auto& entry : bundles | std::views::take(4)) {
            const std::string original = contentOf(entry.path());
            const auto document = imports::readFhirBundle(original);
            QVERIFY(document.has_value());
            const auto begun = std::chrono::steady_clock::now();
            const auto outcome =
                valueOf(archive.store->merge(archive.scratch.receipt(), document->chart,
                                             bytesOf(original), "2026-01-01T00:00:00Z"));
            const Milliseconds merged = std::chrono::steady_clock::now() - begun;
            Milliseconds read(1e9);
            Chart chart;
            for (int i = 0; i < 3; ++i) {
                const auto receipt = archive.scratch.receipt();
                const auto from = std::chrono::steady_clock::now();
                chart = valueOf(archive.store->chart(receipt, outcome.patient));
                read = std::min<Milliseconds>(read, std::chrono::steady_clock::now() - from);
            }
            qInfo("%.1f MB, %zu resources, %zu observations: merge %.0f ms, chart %.1f ms",
                  static_cast<double>(original.size()) / 1e6, outcome.added,
                  chart.observations.size(), merged.count(), read.count());
            QCOMPARE(chart.observations.size(), document->chart.observations.size());
            QCOMPARE(chart.documents.size(), document->chart.documents.size());
        }
    }
};

QTEST_GUILESS_MAIN(TestRecordStore)
#include "tst_record_store.moc"
