// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/analytes.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/numbers.h"
#include "inference/evidence/words.h"

#include <QTest>

using evidence::DateFit;
using evidence::datesIn;

class TestDatesAndWords : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsDates_data()
    {
        QTest::addColumn<QString>("dates");
        const auto row = [](const char* text, const char* dates) {
            QTest::newRow(text) << QString::fromUtf8(dates);
        };
        row("on 2026-03-02", "2026-3-2");
        row("2026-03-02T08:14:00Z and 2025-12", "2026-3-2 2025-12-0");
        row("02-Mar-2026", "2026-3-2");
        row("2nd of March 2026", "2026-3-2");
        row("March 2, 2026", "2026-3-2");
        row("Mar 2026", "2026-3-0");
        row("31/12/2025", "2025-12-31");
        row("12/31/2025", "2025-12-31");
        row("02/03/2026", "2026-3-2?");
        row("in March", "0-3-0");
        row("since 2019", "2019-0-0");
        row("she may march 2 miles", "");
        row("2000 mg and in 2000 mg", "");
        row("blood pressure 132/84", "");
        row("4.1.2 and 1.5", "");
        row("99/99/9999", "");
    }
    void readsDates()
    {
        QFETCH(QString, dates);
        QStringList found;
        for (const auto& date : datesIn(QTest::currentDataTag()))
            found << QString::asprintf("%d-%d-%d%s", date.year, date.month, date.day,
                                       date.ambiguous ? "?" : "");
        QCOMPARE(found.join(QLatin1Char(' ')), dates);
    }

    void fitsDates()
    {
        const auto one = [](const char* text) { return datesIn(text).at(0); };
        QCOMPARE(fit(one("March 2026"), one("02-Mar-2026")), DateFit::Fits);
        QCOMPARE(fit(one("02-Mar-2026"), one("March 2026")), DateFit::TooFine);
        QCOMPARE(fit(one("03-Mar-2026"), one("02-Mar-2026")), DateFit::Differs);
        QCOMPARE(fit(one("02/03/2026"), one("02-Mar-2026")), DateFit::Ambiguous);
        QCOMPARE(fit(one("02/03/2026"), one("03-Feb-2026")), DateFit::Ambiguous);
        QCOMPARE(fit(one("02/03/2026"), one("02/03/2026")), DateFit::Fits);
        QCOMPARE(fit(one("02/03/2026"), one("02-Apr-2026")), DateFit::Differs);
    }

    void showsDatesAsPreciseAsRecorded()
    {
        QCOMPARE(evidence::shown(records::parseDate("2026-03-02T23:59:00+01:00")),
                 std::string("02-Mar-2026"));
        QCOMPARE(evidence::shown(records::parseDate("2026-03")), std::string("Mar-2026"));
        QCOMPARE(evidence::shown(records::parseDate("2026")), std::string("2026"));
        QCOMPARE(evidence::shown(records::parseDate("around\nEaster")),
                 std::string("around / Easter"));
    }

    void readsNumbers_data()
    {
        QTest::addColumn<QString>("numbers");
        const auto row = [](const char* text, const char* numbers) {
            QTest::newRow(text) << QString::fromUtf8(numbers);
        };
        row("4.10 mmol/L", "4.1|mmol/l|");
        row("500mg", "500|mg|");
        row("1,234 ug", "1234|ug|");
        row("5 mcg", "5|ug|");
        row("<0.01 ng/mL", "0.01|ng/ml|<");
        row("less than 5", "5||<");
        row("HbA1c 7.2% and B12", "7.2|%|");
        row("132/84 mmHg", "132|mmhg| 84|mmhg|");
        row("7.2 x10*9/L", "7.2|10^9/l|");
        row("two tablets", "2|tablet|");
        row("the 2nd day", "");
        row("range 3.5-5.1", "3.5||r 5.1||r");
        row("T-score -2.1", "-2.1||");
    }
    void readsNumbers()
    {
        QFETCH(QString, numbers);
        QStringList found;
        for (const auto& number : evidence::numbersIn(QTest::currentDataTag(), {}))
            found << QString::fromStdString(number.value + "|" + number.unit + "|" +
                                            number.comparator) +
                         (number.range ? QStringLiteral("r") : QString());
        QCOMPARE(found.join(QLatin1Char(' ')), numbers);
    }

    void foldsWords()
    {
        for (const auto& [a, b] : {std::pair("stopped", "stopping"), std::pair("anaemia", "anemia"),
                                   std::pair("oedema", "edema"), std::pair("allergies", "allergy"),
                                   std::pair("tumour", "tumor"), std::pair("causes", "caused"),
                                   std::pair("hospitalisation", "hospitalization")})
            QCOMPARE(evidence::stemOf(a), evidence::stemOf(b));
        QVERIFY(evidence::stemOf("hyperkalaemia") != evidence::stemOf("hypokalaemia"));
        QCOMPARE(evidence::wordsOf("Mother's Fièvre 39").at(1).text, std::string("fievre"));
    }

    void keepsTextOnOneLine()
    {
        QCOMPARE(evidence::oneLine(" a\r\n\r\n b\tc\x01"
                                   "d "),
                 std::string("a / b c d"));
        QCOMPARE(evidence::oneLine("a\xE2\x80\x8B\xF3\xA0\x81\x81\xE2\x80\xAE"
                                   "b"),
                 std::string("ab"));
        QCOMPARE(evidence::oneLine("a\xFF"
                                   "b\xC0\xAF"),
                 std::string("a\xEF\xBF\xBD"
                             "b\xEF\xBF\xBD\xEF\xBF\xBD"));
        QCOMPARE(evidence::oneLine("a\xE2\x80\xA8"
                                   "b"),
                 std::string("a / b"));
        QCOMPARE(evidence::shortened("abcd\xC3\xA9"
                                     "fgh",
                                     8),
                 std::string("abcd..."));
    }

    void namesDrugsAndMeasurements()
    {
        QCOMPARE(evidence::drugNamed("coumadin"), std::string("warfarin"));
        QCOMPARE(evidence::drugNamed("madeupril"), std::string());
        QCOMPARE(evidence::drugNamed("zofenopril"), std::string("zofenopril"));
        for (const char* word :
             {"control", "april", "patient", "alcohol", "cholesterol", "potassium", "statin"})
            QVERIFY2(evidence::drugNamed(word).empty(), word);
        QCOMPARE(evidence::ingredientsOf(
                     "Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet"),
                 (std::set<std::string>{"oxycodone", "paracetamol"}));
        QCOMPARE(evidence::strengthOf("Lisinopril 10 MG Oral Tablet"), std::string("10 mg"));
        QCOMPARE(evidence::analyteNamed("k")->name, std::string_view("potassium"));
        const auto* haemoglobin = evidence::analyteNamed("hb");
        QVERIFY(hasName(*haemoglobin, "Hemoglobin [Mass/volume] in Blood"));
        QVERIFY(!hasName(*haemoglobin, "Hemoglobin A1c/Hemoglobin.total in Blood"));
        QVERIFY(
            !hasName(*evidence::analyteNamed("potassium"), "Potassium [Moles/volume] in Urine"));
    }
};

QTEST_GUILESS_MAIN(TestDatesAndWords)
#include "tst_dates_and_words.moc"
