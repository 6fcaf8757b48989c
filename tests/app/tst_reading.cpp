// SPDX-License-Identifier: Apache-2.0
// How values of the record are put into words, rows and highlighted text.
#include "tests/app/fixtures.h"

#include "app/evidence/chart_rows.h"
#include "app/evidence/json_outline.h"
#include "app/evidence/source_view.h"
#include "app/format.h"
#include "app/patients/similar_names.h"

#include <QtTest>

namespace {

/// The first words of each row; headings with a "#".
QStringList leadsOf(const QList<app::Row>& rows)
{
    QStringList leads;
    for (const app::Row& row : rows)
        leads += (row.heading ? QStringLiteral("# ") : QString()) + row.cells.first().lead;
    return leads;
}

} // namespace

class TestReading : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsDatesAsPreciselyAsTheyWereRecorded_data()
    {
        QTest::addColumn<QString>("recorded");
        QTest::addColumn<QString>("shown");
        QTest::newRow("day") << "2026-03-02" << "02-Mar-2026";
        QTest::newRow("month") << "2019-03" << "Mar-2019";
        QTest::newRow("year") << "2019" << "2019";
        QTest::newRow("instant") << "2026-11-02T08:10:30.5+01:00" << "02-Nov-2026 08:10";
        QTest::newRow("utc") << "2026-11-22T08:14:00Z" << "22-Nov-2026 08:14 UTC";
        QTest::newRow("not a date") << "about Easter" << "about Easter";
        QTest::newRow("month 13") << "2019-13-01" << "2019";
        QTest::newRow("none") << "" << "";
    }

    void showsDatesAsPreciselyAsTheyWereRecorded()
    {
        QFETCH(QString, recorded);
        QFETCH(QString, shown);
        QCOMPARE(app::shownDate(recorded), shown);
    }

    void countsYearsUntilTheBirthdayOrTheDeath()
    {
        app::PatientSummary patient;
        patient.born = QStringLiteral("1945-07-14");
        QCOMPARE(app::shownBirth(patient, QDate(2026, 7, 13)), QStringLiteral("14-Jul-1945 (80y)"));
        QCOMPARE(app::shownBirth(patient, QDate(2026, 7, 14)), QStringLiteral("14-Jul-1945 (81y)"));
        patient.died = QStringLiteral("2001-01-01");
        QCOMPARE(app::shownBirth(patient, QDate(2026, 7, 14)), QStringLiteral("14-Jul-1945 (55y)"));
        patient = {};
        QCOMPARE(app::shownBirth(patient, QDate(2026, 7, 14)), QStringLiteral("Not Known"));
        patient.born = QStringLiteral("1980-02");
        QCOMPARE(app::shownBirth(patient, QDate(2026, 7, 14)),
                 QStringLiteral("Feb-1980 (about 46y)"));
    }

    void tellsNoKnownAllergiesFromNoneRecorded()
    {
        app::Chart chart;
        chart.allergyStatement = QStringLiteral("none_known");
        const QString known = app::shownAllergies(chart);
        chart.allergyStatement = QStringLiteral("not_recorded");
        QCOMPARE(known, QStringLiteral("No known allergies"));
        chart.allergyStatement = QStringLiteral("none_known");
        chart.allergyWords = QStringLiteral("No known food allergy");
        QCOMPARE(app::shownAllergies(chart), QStringLiteral("No known food allergy"));
        chart.allergyStatement = QStringLiteral("not_recorded");
        QCOMPARE(app::shownAllergies(chart), QStringLiteral("None recorded"));
        chart.allergies = {fixtures::ada().allergies.first()};
        chart.allergies.first().resolved = true;
        chart.allergyStatement = QStringLiteral("recorded");
        QVERIFY(!app::shownAllergies(chart).contains(QStringLiteral("Penicillin")));
    }

    void showsReactionsWithoutBracketsInBrackets_data()
    {
        QTest::addColumn<QStringList>("reactions");
        QTest::addColumn<QString>("shown");
        QTest::newRow("severity") << QStringList{QStringLiteral("Anaphylaxis (severe)")}
                                  << "Latex: anaphylaxis, severe";
        QTest::newRow("two") << QStringList{QStringLiteral("Rash (mild)"), QStringLiteral("Hives")}
                             << "Latex: rash, mild; hives";
        QTest::newRow("plain two")
            << QStringList{QStringLiteral("rash"), QStringLiteral("hives")} << "Latex: rash, hives";
        QTest::newRow("nested") << QStringList{QStringLiteral("Swelling (face (left), lips)")}
                                << "Latex: swelling, face, left, lips";
        QTest::newRow("square") << QStringList{QStringLiteral("Wheeze [moderate]")}
                                << "Latex: wheeze, moderate";
        QTest::newRow("bracket first")
            << QStringList{QStringLiteral("(mild) itching")} << "Latex: mild itching";
        QTest::newRow("bracket only") << QStringList{QStringLiteral("()")} << "Latex";
        QTest::newRow("none") << QStringList{} << "Latex";
        // Look-alikes: capitals that mean something stay.
        QTest::newRow("a name") << QStringList{QStringLiteral("Stevens-Johnson syndrome")}
                                << "Latex: Stevens-Johnson syndrome";
        QTest::newRow("letters") << QStringList{QStringLiteral("DRESS")} << "Latex: DRESS";
    }

    void showsReactionsWithoutBracketsInBrackets()
    {
        QFETCH(QStringList, reactions);
        QFETCH(QString, shown);
        app::Chart chart;
        chart.allergyStatement = QStringLiteral("recorded");
        app::Allergy latex;
        latex.name = QStringLiteral("Latex");
        latex.reactions = reactions;
        chart.allergies = {latex};
        QCOMPARE(app::shownAllergies(chart), shown);
    }

    void seesWhichNamesMayBeTakenForEachOther_data()
    {
        QTest::addColumn<QString>("first");
        QTest::addColumn<QString>("second");
        QTest::addColumn<bool>("similar");
        const auto row = [](const char* first, const char* second, bool similar) {
            QTest::addRow("%s / %s", first, second)
                << QString::fromUtf8(first) << QString::fromUtf8(second) << similar;
        };
        row("SMITH, Anna (Ms)", "SMITH, Anna (Mrs)", true);
        row("SMITH, Anna", "SMITH, Anne Maria", true);
        row("SMITH, Anna", "SMYTH, Hanna", false); // two names that differ
        row("SMITH, Anna", "SMYTH, Anna", true);
        row("SMITH, Anna", "SMITH, Andrew", true); // "SMITH, A."
        row("OKONKWO, Ada", "OKNOKWO, Ada", true);
        row("NØRGÅRD, Élodie", "NØRGARD, Elodie", true);
        row("MARTIN, Simon", "SIMON, Martin", true);
        row("SMITH", "SMITH, Anna", true);
        row("SMITH, Anna", "SMITH, Zoe", false);
        row("LI, Ada", "LU, Ada", false);
        row("OKONKWO, Ada", "TESTMANN, Ben", false);
        row("", "", false);
    }

    void seesWhichNamesMayBeTakenForEachOther()
    {
        QFETCH(QString, first);
        QFETCH(QString, second);
        QFETCH(bool, similar);
        QCOMPARE(app::areSimilar(first, second), similar);
        QCOMPARE(app::areSimilar(second, first), similar);
    }

    void takesCitationMarksOutOfSentences()
    {
        QCOMPARE(app::withoutMarks(QStringLiteral("Stopped [1] in March [2, 3].")),
                 QStringLiteral("Stopped in March."));
        QCOMPARE(app::withoutMarks(QStringLiteral("Stopped [4] [4] in March [1][1] or May [1-3].")),
                 QStringLiteral("Stopped in March or May."));
        QCOMPARE(app::withoutMarks(QStringLiteral("Repeat requested. [1].")),
                 QStringLiteral("Repeat requested."));
        QCOMPARE(app::withoutMarks(QStringLiteral("Value [see note] kept.")),
                 QStringLiteral("Value [see note] kept."));
        QCOMPARE(app::withoutMarks(QStringLiteral("Potassium 4.1 [4] [4].")),
                 QStringLiteral("Potassium 4.1."));
        QCOMPARE(app::withoutRepeats({4, 2, 4, 2, 1}), (QList<int>{4, 2, 1}));
    }

    void hasASentenceForEveryFailure()
    {
        const QString unknown = app::sentenceFor({.code = QStringLiteral("new_code")});
        QVERIFY(unknown.contains(QStringLiteral("(new_code)")));
        for (const char* code :
             {"unreachable", "wrong_daemon", "wrong_passphrase", "unauthorized", "locked",
              "forbidden", "not_admitted", "not_initialised", "not_found", "audit_unavailable",
              "engine_unavailable", "engine_failed", "busy", "too_many_requests", "too_large",
              "interrupted", "still_running"})
            QVERIFY2(!app::sentenceFor({.code = QString::fromLatin1(code)})
                          .contains(QStringLiteral("(%1)").arg(QString::fromLatin1(code))),
                     code);
        const QString counts =
            app::sentenceFor({QStringLiteral("context_too_long"), 5210, 512, 4096});
        QVERIFY(counts.contains(QStringLiteral("5210")) && counts.contains(QStringLiteral("512")) &&
                counts.contains(QStringLiteral("4096")));
    }

    void listsActiveMedicationsFirstAndSaysWhatIsNotFinal()
    {
        const QList<app::Row> drugs = app::medicationRows(fixtures::ada());
        QCOMPARE(
            leadsOf(drugs),
            QStringList({QStringLiteral("# Active"), QStringLiteral("Losartan 50 mg tablet"),
                         QStringLiteral("# Past"), QStringLiteral("Lisinopril 10 mg tablet")}));
        QVERIFY(drugs.last().cells.last().second.contains(QStringLiteral("persistent dry cough")));
        const QList<app::Row> labs = app::labRows(fixtures::ada(), QStringLiteral("potassium"));
        QCOMPARE(labs.size(), 2);
        QCOMPARE(labs.first().cells.at(1).lead, QStringLiteral("5.4"));
        QCOMPARE(labs.first().cells.at(1).flag, QStringLiteral("H"));
        QCOMPARE(labs.first().cells.at(2).second, QStringLiteral("preliminary"));
        QVERIFY(labs.last().cells.at(2).second.isEmpty());
    }

    void saysInBothRowsWhichSourcesDisagree()
    {
        app::Chart chart = fixtures::ada();
        for (const app::Row& row : app::medicationRows(chart))
            QVERIFY(!row.cells.last().spoken().contains(QStringLiteral("disagree"))); // control
        app::Medication listed = chart.medications.first();
        listed.state = QStringLiteral("active");
        listed.disagrees = {{QStringLiteral("Order 03-Mar-2026"), QStringLiteral("stopped")}};
        chart.medications.first().disagrees = {
            {QStringLiteral("Medication list 20-Mar-2026"), QStringLiteral("active")},
            {QStringLiteral("Clinic letter 03-Apr-2026"), QStringLiteral("Back on lisinopril.")}};
        chart.medications += listed;
        QStringList told;
        for (const app::Row& row : app::medicationRows(chart)) {
            if (row.cells.last().flag.contains(QStringLiteral("Sources disagree")))
                told += row.cells.last().spoken();
        }
        QCOMPARE(told.size(), 2);
        QVERIFY2(told[0].contains(QStringLiteral("Order 03-Mar-2026 says stopped")),
                 qPrintable(told[0]));
        QVERIFY2(told[1].contains(QStringLiteral("Medication list 20-Mar-2026 says active · "
                                                 "Clinic letter 03-Apr-2026 says "
                                                 "\u201cBack on lisinopril.\u201d")),
                 qPrintable(told[1]));
    }

    void listsProblemsAndAllergiesWithWhatIsPastApart()
    {
        app::Chart chart = fixtures::ada();
        const QList<app::Row> rows = app::problemRows(chart);
        QCOMPARE(
            leadsOf(rows),
            QStringList({QStringLiteral("# Allergies"), QStringLiteral("Penicillin"),
                         QStringLiteral("# Active problems"),
                         QStringLiteral("Chronic kidney disease stage 3"),
                         QStringLiteral("Essential hypertension"),
                         QStringLiteral("# Past problems and allergies"), QStringLiteral("Nickel"),
                         QStringLiteral("Community-acquired pneumonia")}));
        QVERIFY(rows[1].cells[0].second.contains(QStringLiteral("anaphylaxis")));
        QCOMPARE(rows[1].source.resourceId, QStringLiteral("a1"));
        QVERIFY(rows[3].cells[0].second.contains(QStringLiteral("differential")));
        QCOMPARE(rows[3].cells[1].rest, QStringLiteral("state not recorded"));
        for (const app::Row& row : rows)
            QCOMPARE(row.source.document.isEmpty(), row.heading);

        chart.allergies.clear();
        chart.allergyStatement = QStringLiteral("not_recorded");
        QCOMPARE(leadsOf(app::problemRows(chart)).first(),
                 QStringLiteral("# Allergies: none recorded"));
        chart.allergyStatement = QStringLiteral("none_known");
        app::Allergy statement;
        statement.name = QStringLiteral("No known food allergy");
        statement.source =
            fixtures::source(QStringLiteral("AllergyIntolerance"), QStringLiteral("s"));
        chart.allergyStatements = {statement};
        const QList<app::Row> said = app::problemRows(chart);
        QCOMPARE(said[0].cells[0].lead, QStringLiteral("Allergies"));
        QCOMPARE(said[1].cells[0].lead, statement.name);
        QCOMPARE(said[1].source.resourceId, QStringLiteral("s"));
    }

    void laysJsonOutWithoutChangingIt()
    {
        const QByteArray json =
            "{\"b\":1.50,\"a\":[{\"x\":\"q\\\"}\"},{\"x\":-2e3}],\"e\":{},\"t\":true}";
        const app::JsonOutline outline = app::outlineOf(json);
        QVERIFY(outline.whole);
        QString packed = outline.text;
        packed.remove(QLatin1Char('\n')).remove(QLatin1Char(' '));
        QCOMPARE(packed.toUtf8(), json);
        const auto* second = outline.find(QStringLiteral("a[1].x"));
        QVERIFY(second != nullptr);
        QCOMPARE(outline.text.mid(second->begin, second->end - second->begin),
                 QStringLiteral("\"x\": -2e3"));
        QVERIFY(outline.find(QStringLiteral("a[2]")) == nullptr);
    }

    void showsWhatIsNotJsonAsItCame()
    {
        const QByteArray json = "{\"a\":[1,{\"b\":\"c\"}]}";
        for (qsizetype length = 0; length < json.size(); ++length) {
            const app::JsonOutline outline = app::outlineOf(json.left(length));
            QVERIFY(!outline.whole);
            QCOMPARE(outline.text.toUtf8(), json.left(length));
        }
        const QByteArray deep(5000, '[');
        QVERIFY(!app::outlineOf(deep).whole);
    }

    void countsBytesNotLetters()
    {
        const QByteArray text = QStringLiteral("für 4 µmol ∑").toUtf8();
        QCOMPARE(app::positionOfByte(text, text.indexOf("4")), 4);
        QCOMPARE(app::positionOfByte(text, text.size()), QString::fromUtf8(text).size());
        QCOMPARE(app::positionOfByte(text, -5), 0);
        QCOMPARE(app::positionOfByte(text, 99999), QString::fromUtf8(text).size());
    }
};

QTEST_GUILESS_MAIN(TestReading)
#include "tst_reading.moc"
