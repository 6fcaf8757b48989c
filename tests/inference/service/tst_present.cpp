// SPDX-License-Identifier: Apache-2.0
// What a client is told of a chart.
#include "inference/service/present.h"

#include "inference/api/json.h"

#include <QTest>

#include <format>

namespace {

records::Allergy allergy(std::string name, bool statement)
{
    records::Allergy made;
    made.code.text = std::move(name);
    made.noKnownAllergy = statement;
    return made;
}

records::Date day(std::int16_t year, std::int8_t month, std::int8_t dayOfMonth)
{
    records::Date made;
    made.text = std::format("{:04}-{:02}-{:02}", int{year}, int{month}, int{dayOfMonth});
    made.year = year;
    made.month = month;
    made.day = dayOfMonth;
    return made;
}

records::Medication drug(const char* name, const char* id, records::MedicationKind kind,
                         records::MedicationState state, records::Date started)
{
    records::Medication made;
    made.code.text = name;
    made.kind = kind;
    made.state = state;
    made.started = std::move(started);
    made.source.resourceType = "MedicationRequest";
    made.source.resourceId = id;
    return made;
}

} // namespace

class TestPresent : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsAllergiesInTheRecordsWords_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("words");
        QTest::newRow("all") << "No known allergies" << "";
        QTest::newRow("one") << "No known allergy (situation)" << "";
        QTest::newRow("short") << "NKA." << "";
        QTest::newRow("empty list") << "Nil Known" << "";
        QTest::newRow("food") << "No known food allergy" << "No known food allergy";
        QTest::newRow("drugs") << "NKDA" << "NKDA";
        QTest::newRow("latex") << "No known latex allergy" << "No known latex allergy";
    }

    void tellsAllergiesInTheRecordsWords()
    {
        QFETCH(QString, name);
        QFETCH(QString, words);
        records::Chart chart;
        chart.allergies = {allergy(name.toStdString(), true)};
        const api::Chart shown = service::present(chart);
        QCOMPARE(shown.allergyStatement, std::string("none_known"));
        QCOMPARE(shown.allergyWords, words.toStdString());
    }

    void aNoteMayLimitAStatement()
    {
        records::Chart chart;
        chart.allergies = {allergy("No known allergies", true)};
        chart.allergies[0].note = "but see the letter of 2019";
        QCOMPARE(service::present(chart).allergyWords,
                 std::string("No known allergies (see its note)"));
    }

    void joinsStatementsOfSeveralKinds()
    {
        records::Chart chart;
        chart.allergies = {allergy("No known food allergy", true),
                           allergy("No known latex allergy", true),
                           allergy("No known food allergy", true)};
        QCOMPARE(service::present(chart).allergyWords,
                 std::string("No known food allergy; No known latex allergy"));
        chart.allergies.push_back(allergy("No known allergies", true));
        QVERIFY(service::present(chart).allergyWords.empty());
    }

    void saysWhichSourcesContradictAMedication()
    {
        records::Chart chart;
        chart.medications = {drug("Ramipril 5 mg capsule", "a", records::MedicationKind::Statement,
                                  records::MedicationState::Active, day(2020, 2, 3)),
                             drug("Ramipril 5 mg capsule", "b", records::MedicationKind::Request,
                                  records::MedicationState::Stopped, day(2020, 2, 3)),
                             drug("Bisoprolol 2.5 mg tablet", "c", records::MedicationKind::Request,
                                  records::MedicationState::Active, day(2020, 2, 3))};
        chart.medications[1].ended = day(2022, 5, 6);
        const api::Chart shown = service::present(chart);
        QCOMPARE(shown.medications.size(), std::size_t{3});
        QCOMPARE(shown.medications[0].disagrees.size(), std::size_t{1});
        QCOMPARE(shown.medications[0].disagrees[0].label, std::string("Order 06-May-2022"));
        QCOMPARE(shown.medications[0].disagrees[0].says, std::string("stopped"));
        QCOMPARE(shown.medications[1].disagrees.size(), std::size_t{1});
        QCOMPARE(shown.medications[1].disagrees[0].label,
                 std::string("Medication list 03-Feb-2020"));
        QCOMPARE(shown.medications[1].disagrees[0].says, std::string("active"));
        QVERIFY(shown.medications[2].disagrees.empty());

        const auto decoded = api::decode<api::Chart>(api::encode(shown));
        QVERIFY(decoded.has_value());
        QCOMPARE(decoded->medications[0].disagrees[0].says, std::string("stopped"));
    }

    void tellsTheNoteThatContradictsAMedication()
    {
        records::Chart chart;
        chart.medications = {drug("Ramipril 5 mg capsule", "a", records::MedicationKind::Request,
                                  records::MedicationState::Active, day(2020, 2, 3))};
        records::Document note;
        note.title = "Clinic letter";
        note.date = day(2022, 5, 6);
        note.text = "Ramipril was stopped today.";
        note.readable = true;
        note.source.resourceId = "n";
        chart.documents = {note};
        const api::Chart shown = service::present(chart);
        QCOMPARE(shown.medications[0].disagrees.size(), std::size_t{1});
        QCOMPARE(shown.medications[0].disagrees[0].label, std::string("Clinic letter 06-May-2022"));
        QCOMPARE(shown.medications[0].disagrees[0].says,
                 std::string("Ramipril was stopped today."));
    }

    void ordersOneAfterTheOtherAreNoDisagreement()
    {
        records::Chart chart; // stopped, and ordered again a year later
        chart.medications = {drug("Ramipril 5 mg capsule", "a", records::MedicationKind::Request,
                                  records::MedicationState::Active, day(2023, 2, 3)),
                             drug("Ramipril 5 mg capsule", "b", records::MedicationKind::Request,
                                  records::MedicationState::Stopped, day(2020, 2, 3))};
        chart.medications[1].ended = day(2022, 5, 6);
        for (const api::Medication& shown : service::present(chart).medications)
            QVERIFY(shown.disagrees.empty());
    }

    void aLabHasNoUnitThatIsNone()
    {
        for (const char* unit : {"1", "{ratio}"}) {
            records::Observation inr;
            inr.quantity = records::Quantity{"1.2", "", unit};
            records::Observation potassium;
            potassium.quantity = records::Quantity{"4.1", "", "mmol/L"};
            records::Chart chart;
            chart.observations = {inr, potassium};
            const api::Chart shown = service::present(chart);
            QCOMPARE(shown.labs.at(0).value, std::string("1.2"));
            QCOMPARE(shown.labs.at(0).unit, std::string());
            QCOMPARE(shown.labs.at(1).unit, std::string("mmol/L"));
        }
    }

    void anAllergyOutweighsEveryStatement()
    {
        records::Chart chart;
        chart.allergies = {allergy("No known food allergy", true), allergy("Penicillin", false)};
        const api::Chart shown = service::present(chart);
        QCOMPARE(shown.allergyStatement, std::string("recorded"));
        QVERIFY(shown.allergyWords.empty());
        QCOMPARE(shown.allergies.size(), std::size_t{1});
    }
};

QTEST_GUILESS_MAIN(TestPresent)
#include "tst_present.moc"
