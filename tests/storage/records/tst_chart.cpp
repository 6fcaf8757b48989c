// SPDX-License-Identifier: Apache-2.0
#include "storage/records/chart.h"

#include <QTest>

#include <algorithm>
#include <array>

using records::Date;
using records::parseDate;

class TestChart : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsDatesAsPreciseAsRecorded_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("year");
        QTest::addColumn<int>("month");
        QTest::addColumn<int>("day");
        QTest::addColumn<bool>("hasInstant");
        QTest::addColumn<qint64>("instant");

        const auto row = [](const char* text, int year, int month, int day, bool has, qint64 at) {
            QTest::newRow(text) << QByteArray(text) << year << month << day << has << at;
        };
        row("2019", 2019, 0, 0, false, 0);
        row("2019-03", 2019, 3, 0, false, 0);
        row("2019-03-02", 2019, 3, 2, false, 0);
        row("2019-03-02T08:14:00+01:00", 2019, 3, 2, true, 1551510840);
        row("2019-03-02T08:14:00.123Z", 2019, 3, 2, true, 1551514440);
        row("2019-03-02T08:14Z", 2019, 3, 2, true, 1551514440);
        row("1969-12-31T23:59:59-01:00", 1969, 12, 31, true, 3599);
        row("1940-12-31T00:00:00Z", 1940, 12, 31, true, -915235200);
        row("2020-02-29", 2020, 2, 29, false, 0);
        row("2019-03-02T08:14:00", 2019, 3, 2, false, 0);
    }

    void readsDatesAsPreciseAsRecorded()
    {
        QFETCH(QByteArray, text);
        const Date date = parseDate(text.toStdString());
        QFETCH(int, year);
        QCOMPARE(int{date.year}, year);
        QFETCH(int, month);
        QCOMPARE(int{date.month}, month);
        QFETCH(int, day);
        QCOMPARE(int{date.day}, day);
        QCOMPARE(date.text, text.toStdString());
        QVERIFY(date.known());
        QFETCH(bool, hasInstant);
        QCOMPARE(date.instantSeconds.has_value(), hasInstant);
        if (hasInstant) {
            QFETCH(qint64, instant);
            QCOMPARE(qint64{*date.instantSeconds}, instant);
        }
    }

    void showsNoUnitThatIsNone_data()
    {
        QTest::addColumn<QByteArray>("unit");
        QTest::addColumn<QByteArray>("shown");
        for (const char* none : {"", "1", "{ratio}", "{score}", "{INR}", "1{ratio}", "{ 1 }"})
            QTest::newRow((QByteArray("none: ") + none).constData())
                << QByteArray(none) << QByteArray();
        for (const char* unit : {"mmol/L", "%", "{copies}/mL", "10*9/L", "1/min", "{a}/{b}", "10",
                                 "/uL", "mm[Hg]", "ratio", "{open"})
            QTest::newRow(unit) << QByteArray(unit) << QByteArray(unit);
    }

    void showsNoUnitThatIsNone()
    {
        QFETCH(QByteArray, unit);
        QFETCH(QByteArray, shown);
        QCOMPARE(std::string(records::shownUnit(unit.toStdString())), shown.toStdString());
    }

    void keepsTheTextOfWhatIsNoDate_data()
    {
        QTest::addColumn<QByteArray>("text");
        for (const char* text : {"",
                                 "childhood",
                                 "19",
                                 "20190302",
                                 "2019-13",
                                 "2019-00",
                                 "2019-02-30",
                                 "2021-02-29",
                                 "2019-3-2",
                                 "0000",
                                 "2019-03-02 08:14",
                                 "2019-03-02T25:00:00Z",
                                 "2019-03-02T08:61:00Z",
                                 "2019-03-02T08:14:00+25:00",
                                 "2019-03-02T08:14:00Zulu",
                                 "2019-03-02T",
                                 "2019-03-02T24:30:00Z",
                                 "2019-",
                                 "2019-03-02T08:14:00.Z",
                                 "02/03/2019"})
            QTest::newRow(*text != '\0' ? text : "empty") << QByteArray(text);
    }

    void keepsTheTextOfWhatIsNoDate()
    {
        QFETCH(QByteArray, text);
        const Date date = parseDate(text.toStdString());
        QVERIFY(!date.known());
        QCOMPARE(date.month, std::int8_t{0});
        QCOMPARE(date.day, std::int8_t{0});
        QVERIFY(!date.instantSeconds);
        QCOMPARE(date.text, text.toStdString());
    }

    void ordersInstantsByTimeNotByText()
    {
        // 23:30 in New York is 04:30 UTC of the next day, after 01:00 UTC.
        const Date late = parseDate("2024-01-01T23:30:00-05:00");
        const Date early = parseDate("2024-01-02T01:00:00Z");
        QVERIFY(records::earlier(early, late));
        QVERIFY(!records::earlier(late, early));
    }

    void isAStrictWeakOrder()
    {
        // In order; unknown first, the coarser before what it contains.
        const std::array<const char*, 11> ordered{"childhood",
                                                  "1999-12-31T23:00:00Z",
                                                  "2000",
                                                  "2000-01",
                                                  "2000-01-01",
                                                  "2000-01-01T00:00:00Z",
                                                  "2000-01-02",
                                                  "2000-02",
                                                  "2000-02-01T10:00:00+01:00",
                                                  "2000-02-01T09:30:00Z",
                                                  "2001"};
        for (std::size_t i = 0; i < ordered.size(); ++i) {
            for (std::size_t j = 0; j < ordered.size(); ++j)
                QCOMPARE(records::earlier(parseDate(ordered[i]), parseDate(ordered[j])), i < j);
        }
    }

    void namesAConceptByTextThenDisplayThenCode()
    {
        records::Concept named;
        QCOMPARE(named.name(), std::string());
        named.codings.push_back({"http://loinc.org", "2823-3", ""});
        QCOMPARE(named.name(), std::string("2823-3"));
        named.codings.push_back({"local", "K", "Potassium"});
        QCOMPARE(named.name(), std::string("Potassium"));
        named.text = "Kalium";
        QCOMPARE(named.name(), std::string("Kalium"));
    }

    void showsANameInBannerForm_data()
    {
        QTest::addColumn<QByteArray>("family");
        QTest::addColumn<QByteArray>("given");
        QTest::addColumn<QByteArray>("prefix");
        QTest::addColumn<QByteArray>("shown");
        const auto row = [](const char* family, const char* given, const char* prefix,
                            const char* shown) {
            QTest::newRow(*shown != '\0' ? shown : "nothing recorded")
                << QByteArray(family) << QByteArray(given) << QByteArray(prefix)
                << QByteArray(shown);
        };
        row("Smith", "Anna", "Ms", "SMITH, Anna (Ms)");
        row("Müller", "Jörg Émile", "", "MÜLLER, Jörg Émile");
        row("", "Anna", "", "Anna");
        row("Smith", "", "Dr", "SMITH (Dr)");
        row("", "", "", "");
    }

    void showsANameInBannerForm()
    {
        QFETCH(QByteArray, family);
        QFETCH(QByteArray, given);
        QFETCH(QByteArray, prefix);
        QFETCH(QByteArray, shown);
        records::Patient patient;
        patient.family = family.toStdString();
        patient.given = given.toStdString();
        patient.prefix = prefix.toStdString();
        QCOMPARE(patient.displayName(), shown.toStdString());
    }

    void findsTheMedicalRecordNumber()
    {
        records::Patient patient;
        QCOMPARE(patient.medicalRecordNumber(), std::string());
        patient.identifiers = {{"ssn", "999-12-3456", false}, {"hospital", "M-17", true}};
        QCOMPARE(patient.medicalRecordNumber(), std::string("M-17"));
    }
};

QTEST_GUILESS_MAIN(TestChart)
#include "tst_chart.moc"
