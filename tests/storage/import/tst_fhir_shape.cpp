// SPDX-License-Identifier: Apache-2.0
// Members of a wrong type, and dates that are none: told by place, never by value, never read.
#include "bundle_text.h"

#include "storage/import/document.h"
#include "storage/import/report.h"
#include "storage/import/warnings.h"

#include <QTest>

#include <algorithm>

using bundle_text::bundleOf;
using bundle_text::of;
using bundle_text::withPatient;
using imports::ImportedDocument;

namespace {

ImportedDocument read(const std::string& bundle)
{
    auto document = imports::readFhirBundle(bundle);
    return document ? std::move(*document) : ImportedDocument{};
}

/// The sentences of wrong types, one a line.
QByteArray places(const ImportedDocument& document)
{
    std::string lines;
    for (const imports::Warning& warning : document.warnings) {
        if (warning.code == "wrong_type")
            lines += warning.detail + "\n";
    }
    return QByteArray::fromStdString(lines);
}

bool warns(const ImportedDocument& document, std::string_view code)
{
    return std::ranges::contains(document.warnings, code, &imports::Warning::code);
}

std::string observation(const std::string& members)
{
    return withPatient({of("Observation", "'id':'o','status':'final'," + members)});
}

} // namespace

class TestFhirShape : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsThePlaceOfAWrongType_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("members");
        QTest::addColumn<QByteArray>("place");
        const auto row = [](const char* type, const char* members, const char* place) {
            QTest::newRow(place) << QByteArray(type) << QByteArray(members) << QByteArray(place);
        };
        row("Observation", "'valueQuantity':{'value':'5'}", ".valueQuantity.value is not a number");
        row("Observation", "'code':'text'", ".code is not an object");
        row("Observation", "'valueQuantity':7", ".valueQuantity is not an object");
        row("Observation", "'valueString':7", ".valueString is not a text");
        row("Observation", "'valueInteger':'7'", ".valueInteger is not a number");
        row("Observation", "'valueDateTime':'soon'", ".valueDateTime is not a date");
        row("Observation", "'effectiveDateTime':'2025-02-30'", ".effectiveDateTime is not a date");
        row("Observation", "'effectivePeriod':{'end':'2025-13'}",
            ".effectivePeriod.end is not a date");
        row("Observation", "'component':{'code':{'text':'x'}}", ".component is not a list");
        row("Observation", "'component':[{},{'valueQuantity':{'value':true}}]",
            ".component[1].valueQuantity.value is not a number");
        row("Observation", "'referenceRange':[{'low':{'value':'3'}}]",
            ".referenceRange[0].low.value is not a number");
        row("Observation", "'interpretation':['H']", ".interpretation[0] is not an object");
        row("Observation", "'note':'text'", ".note is not a list");
        row("Condition", "'onsetDateTime':17", ".onsetDateTime is not a date");
        row("Condition", "'clinicalStatus':'active'", ".clinicalStatus is not an object");
        row("Condition", "'code':{'coding':{'code':'x'}}", ".code.coding is not a list");
        row("Condition", "'code':{'coding':[{'display':5}]}",
            ".code.coding[0].display is not a text");
        row("AllergyIntolerance", "'reaction':[{'manifestation':'hives'}]",
            ".reaction[0].manifestation is not a list");
        row("MedicationRequest", "'authoredOn':'05/04/2026'", ".authoredOn is not a date");
        row("MedicationRequest",
            "'dosageInstruction':[{'doseAndRate':[{'doseQuantity':{'value':'2'}}]}]",
            ".dosageInstruction[0].doseAndRate[0].doseQuantity.value is not a number");
        row("MedicationRequest", "'dosageInstruction':[{'timing':{'repeat':{'frequency':'2'}}}]",
            ".dosageInstruction[0].timing.repeat.frequency is not a number");
        row("MedicationStatement", "'dosage':'twice'", ".dosage is not an object");
        row("Encounter", "'period':'2025'", ".period is not an object");
        row("Encounter", "'type':{'text':'x'}", ".type is not a list");
        row("Procedure", "'performedDateTime':'yesterday'", ".performedDateTime is not a date");
    }

    void tellsThePlaceOfAWrongType()
    {
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, members);
        QFETCH(QByteArray, place);
        const auto document = read(withPatient({of("Flag", "'code':{'text':'first'}"),
                                                of(type.toStdString(), members.toStdString())}));
        QCOMPARE(places(document), "entry[2] " + type + place + "; the value was left out.\n");
    }

    void leavesWhatIsRight_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("members");
        const auto row = [](const char* type, const char* members) {
            QTest::newRow(members) << QByteArray(type) << QByteArray(members);
        };
        row("Observation", "'valueQuantity':{'value':5}");
        row("Observation", "'valueQuantity':{'unit':'mg','_value':{'extension':[]}}");
        row("Observation", "'valueString':'7'");
        row("Observation", "'effectiveDateTime':'2024-02-29'");
        row("Observation", "'effectiveDateTime':'2024'");
        row("Observation", "'effectiveInstant':'2024-02-29T10:00:00.123+02:00'");
        row("Observation", "'valueSampledData':{'period':10}");
        row("Observation", "'code':{'coding':[{'code':'x','userSelected':true}]}");
        row("Observation", "'extension':[{'valueQuantity':{'value':'5'}}]");
        row("Observation", "'unknownMember':{'code':5}");
        row("Observation", "'valueDateTime':null");
        row("Condition", "'onsetString':'in childhood'");
        row("Condition", "'onsetAge':{'value':52,'unit':'a'}");
        row("Condition", "'bodySite':[{'text':'left'}]");
        row("Procedure", "'statusReason':{'text':'x'}");
        row("AllergyIntolerance", "'category':['food'],'reaction':[{'severity':'mild'}]");
        row("MedicationRequest",
            "'dosageInstruction':[{'timing':{'repeat':{'period':1,'periodUnit':'d'}}}]");
        row("MedicationAdministration", "'dosage':{'text':'x','dose':{'value':2}}");
        row("FamilyMemberHistory", "'name':'Aunt','condition':[{'onsetString':'young'}]");
        row("Composition", "'identifier':{'value':'x'}");
    }

    void leavesWhatIsRight()
    {
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, members);
        const auto document = read(withPatient({of(type.toStdString(), members.toStdString())}));
        QCOMPARE(places(document), QByteArray());
        QCOMPARE(document.resources.size(), std::size_t{2});
    }

    void aPatientsWrongMembersAreToldAndNotKept()
    {
        const auto document =
            read(bundleOf({"{'resourceType':'Patient','id':'p','name':'Maya','birthDate':19700102,"
                           "'identifier':[{'value':5}]}"}));
        QCOMPARE(places(document),
                 QByteArray("entry[0] Patient.name is not a list; the value was left out.\n"
                            "entry[0] Patient.birthDate is not a date; the value was left out.\n"
                            "entry[0] Patient.identifier[0].value is not a text; the value was "
                            "left out.\n"));
        QVERIFY(document.chart.patient.born.text.empty());
        QVERIFY(document.chart.patient.displayName().empty());
        QVERIFY(warns(document, "unnamed_patient"));
        QVERIFY(warns(document, "unidentified_patient"));
        const QByteArray report = QByteArray::fromStdString(imports::reportJson(document));
        QVERIFY(report.startsWith("{\"format\":\"fhir-r4-bundle\",\"patient\":{\"id\":\"p\","
                                  "\"name\":\"\",\"birthDate\":\"\",\"gender\":\"\"},"
                                  "\"resources\":{\"Patient\":1},\"warnings\":[{\"code\":"));
        QVERIFY(!report.contains("Maya"));
    }

    void aDateThatIsNoneIsNotKept()
    {
        for (const char* date : {"1970-13-45", "1970-02-30", "70-01-01", "1970-1-1", "1970-01-01 ",
                                 "01.02.1970", "unknown", ""}) {
            const auto document =
                read(bundleOf({"{'resourceType':'Patient','id':'p','name':[{'family':'Rot'}],"
                               "'birthDate':'" +
                               std::string(date) + "'}"}));
            QVERIFY2(document.chart.patient.born == records::Date(), date);
            QVERIFY2(places(document).contains("Patient.birthDate"), date);
        }
        // The control.
        const auto document = read(bundleOf({"{'resourceType':'Patient','id':'p','name':[{'family':"
                                             "'Rot'}],'birthDate':'1970-12'}"}));
        QCOMPARE(document.chart.patient.born.text, std::string("1970-12"));
        QVERIFY(document.warnings.empty());
    }

    void aPatientNobodyCouldKnowIsRefused()
    {
        for (const char* members : {"", ",'name':'Maya'", ",'name':[{'family':7}]",
                                    ",'identifier':[{'system':'s'}]", ",'id':7"}) {
            const auto refused = imports::readFhirBundle(
                bundleOf({"{'resourceType':'Patient'" + std::string(members) + "}"}));
            QVERIFY2(!refused && refused.error().code == imports::Errc::NoPatient, members);
            QVERIFY(!refused.error().detail.contains("Maya"));
        }
        for (const char* members : {",'id':'p'", ",'name':[{'family':'Rot'}]",
                                    ",'identifier':[{'system':'s','value':'1'}]"})
            QVERIFY2(imports::readFhirBundle(
                         bundleOf({"{'resourceType':'Patient'" + std::string(members) + "}"})),
                     members);
    }

    void noNumberIsReadOutOfWhatIsNone_data()
    {
        QTest::addColumn<QByteArray>("members");
        for (const char* members : {"'valueQuantity':{'value':'5','unit':'mmol/L'}",
                                    "'valueQuantity':'5 mmol/L'", "'valueQuantity':{'value':[5]}",
                                    "'valueInteger':'5'", "'valueString':5", "'valueDateTime':'5'"})
            QTest::newRow(members) << QByteArray(members);
    }

    void noNumberIsReadOutOfWhatIsNone()
    {
        QFETCH(QByteArray, members);
        const auto document =
            read(observation("'code':{'text':'Potassium'}," + members.toStdString()));
        QCOMPARE(document.chart.observations.size(), std::size_t{1});
        const records::Observation& one = document.chart.observations[0];
        QVERIFY(!one.quantity);
        QVERIFY(one.valueText.empty());
        QCOMPARE(one.absentReason, std::string("the recorded value is not readable"));
        QVERIFY(!places(document).contains('5'));
    }

    void whatIsAbsentIsNotUnreadable()
    {
        for (const char* members : {"'note':[]", "'valueQuantity':{'unit':'mg'}"}) {
            const auto document = read(observation(std::string("'code':{'text':'x'},") + members));
            QVERIFY(document.chart.observations.at(0).absentReason.empty());
        }
    }

    void whatCouldTurnAStatementRoundLeavesItOut_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("members");
        QTest::addColumn<bool>("out");
        QTest::newRow("refuted") << QByteArray("Condition")
                                 << QByteArray("'verificationStatus':'refuted'") << true;
        QTest::newRow("status") << QByteArray("Observation") << QByteArray("'status':['final']")
                                << true;
        QTest::newRow("do not give")
            << QByteArray("MedicationRequest") << QByteArray("'doNotPerform':'true'") << true;
        QTest::newRow("its coding")
            << QByteArray("Condition") << QByteArray("'clinicalStatus':'resolved'") << false;
        QTest::newRow("right") << QByteArray("MedicationRequest")
                               << QByteArray("'doNotPerform':false") << false;
    }

    void whatCouldTurnAStatementRoundLeavesItOut()
    {
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, members);
        QFETCH(bool, out);
        const auto document = read(
            withPatient({of(type.toStdString(), members.toStdString() + ",'code':{'text':'x'}")}));
        const records::Chart& chart = document.chart;
        QCOMPARE(chart.conditions.empty() && chart.observations.empty() &&
                     chart.medications.empty(),
                 out);
        QCOMPARE(places(document).contains("the resource was left out"), out);
    }

    void manyPlacesAreCountedTogether()
    {
        std::string all = "'component':[";
        for (int i = 0; i < 100; ++i)
            all += std::string(i == 0 ? "" : ",") + "{'code':5}";
        const auto document = read(observation(all + "]"));
        std::uint64_t count = 0;
        std::size_t lines = 0;
        for (const imports::Warning& warning : document.warnings) {
            if (warning.code != "wrong_type")
                continue;
            count += warning.count;
            ++lines;
        }
        QCOMPARE(count, std::uint64_t{100});
        QCOMPARE(lines, imports::Warnings::kMostPlaces + 1);
    }
};

QTEST_GUILESS_MAIN(TestFhirShape)
#include "tst_fhir_shape.moc"
