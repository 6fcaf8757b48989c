// SPDX-License-Identifier: Apache-2.0
// What a client is told of a chart.
#include "inference/service/present.h"

#include <QTest>

namespace {

records::Allergy allergy(std::string name, bool statement)
{
    records::Allergy made;
    made.code.text = std::move(name);
    made.noKnownAllergy = statement;
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
