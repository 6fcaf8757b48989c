// SPDX-License-Identifier: Apache-2.0
// What the banner makes stand out.
#include "tests/app/fixtures.h"

#include "app/format.h"
#include "app/frame/patient_banner.h"

#include <QLabel>
#include <QtTest>

#include <algorithm>

class TestPatientBanner : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void onlyACurrentAllergyStandsOut_data()
    {
        QTest::addColumn<QList<bool>>("resolved");
        QTest::addColumn<QString>("statement");
        QTest::addColumn<QString>("role");
        const QString recorded = QStringLiteral("recorded");
        QTest::newRow("current") << QList<bool>{false} << recorded << "alert";
        QTest::newRow("one of two is current") << QList<bool>{true, false} << recorded << "alert";
        QTest::newRow("resolved") << QList<bool>{true} << recorded << "value";
        QTest::newRow("all resolved") << QList<bool>{true, true} << recorded << "value";
        QTest::newRow("none known") << QList<bool>{} << QStringLiteral("none_known") << "value";
        QTest::newRow("resolved, none known")
            << QList<bool>{true} << QStringLiteral("none_known") << "value";
        QTest::newRow("not recorded") << QList<bool>{} << QStringLiteral("not_recorded") << "value";
    }

    void onlyACurrentAllergyStandsOut()
    {
        QFETCH(QList<bool>, resolved);
        QFETCH(QString, statement);
        QFETCH(QString, role);
        app::Chart chart;
        chart.allergyStatement = statement;
        for (const bool one : resolved) {
            app::Allergy latex;
            latex.name = QStringLiteral("Latex");
            latex.resolved = one;
            chart.allergies += latex;
        }
        app::PatientBanner banner;
        banner.show(fixtures::ada()); // an alert before, so that it must be taken back
        banner.show(chart);
        const QString text = app::shownAllergies(chart);
        const auto labels = banner.findChildren<QLabel*>();
        const auto shown = std::ranges::find_if(
            labels, [&text](const QLabel* label) { return label->text() == text; });
        QVERIFY(shown != labels.end());
        QCOMPARE((*shown)->property("role").toString(), role);
    }
};

QTEST_MAIN(TestPatientBanner)
#include "tst_patient_banner.moc"
