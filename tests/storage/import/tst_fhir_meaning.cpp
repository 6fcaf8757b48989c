// SPDX-License-Identifier: Apache-2.0
// What single resources mean: states, comparators, components, absence, negation, references.
#include "bundle_text.h"

#include "storage/import/document.h"

#include <QTest>

using bundle_text::of;
using bundle_text::withPatient;
using imports::ImportedDocument;
using records::MedicationState;
using records::Standing;

namespace {

ImportedDocument read(std::initializer_list<std::string> resources)
{
    auto document = imports::readFhirBundle(withPatient(resources));
    return document ? std::move(*document) : ImportedDocument{};
}

QByteArray bytes(const std::string& text)
{
    return QByteArray::fromStdString(text);
}

} // namespace

class TestFhirMeaning : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsTheDigitsOfAValue()
    {
        const auto document = read({of(
            "Observation",
            "'id':'k','status':'corrected','category':[{'coding':[{'code':'laboratory'}]}],"
            "'code':{'text':'Potassium','coding':[{'system':'http://loinc.org','code':'2823-3'}]},"
            "'effectiveDateTime':'2026-03','valueQuantity':{'value':4.10,'comparator':'<',"
            "'unit':'mmol/L'},'interpretation':[{'coding':[{'code':'H'}]}],"
            "'referenceRange':[{'low':{'value':3.50,'unit':'mmol/L'},'high':{'value':5.10,'unit':"
            "'mmol/L'}},{'type':{'coding':[{'code':'therapeutic'}],'text':'on digoxin'},"
            "'low':{'value':4.0,'unit':'mmol/"
            "L'}}],'note':[{'text':'Haemolysed','time':'2026-03-04'}]")});
        QCOMPARE(document.chart.observations.size(), std::size_t{1});
        const records::Observation& k = document.chart.observations[0];
        QCOMPARE(k.quantity->value, std::string("4.10"));
        QCOMPARE(k.quantity->comparator, std::string("<"));
        QCOMPARE(k.quantity->unit, std::string("mmol/L"));
        QCOMPARE(k.low->value, std::string("3.50"));
        QCOMPARE(k.high->value, std::string("5.10"));
        QCOMPARE(bytes(k.rangeText), QByteArray("on digoxin: at least 4.0 mmol/L"));
        QCOMPARE(k.interpretation, std::string("H"));
        QVERIFY(k.standing == Standing::Corrected);
        QCOMPARE(k.effective.text, std::string("2026-03"));
        QCOMPARE(int{k.effective.month}, 3);
        QCOMPARE(int{k.effective.day}, 0);
        QCOMPARE(k.note, std::string("Haemolysed (2026-03-04)"));
        QCOMPARE(k.source.path, std::string("valueQuantity"));
        QCOMPARE(k.category, std::string("laboratory"));
    }

    void splitsAPanelIntoItsComponents()
    {
        const auto document =
            read({of("Observation",
                     "'status':'preliminary','code':{'text':'Blood pressure'},'component':["
                     "{'code':{'text':'Systolic'},'valueQuantity':{'value':138,'unit':'mmHg'}},"
                     "{'code':{'text':'Diastolic'},'dataAbsentReason':{'text':'not measured'}}]")});
        const auto& list = document.chart.observations;
        QCOMPARE(list.size(), std::size_t{2});
        QCOMPARE(list[0].panel, std::string("Blood pressure"));
        QCOMPARE(list[0].code.text, std::string("Systolic"));
        QCOMPARE(list[0].source.path, std::string("component[0].valueQuantity"));
        QVERIFY(list[1].standing == Standing::Preliminary);
        QVERIFY(!list[1].quantity);
        QCOMPARE(list[1].absentReason, std::string("not measured"));
        QCOMPARE(list[1].source.path, std::string("component[1]"));
    }

    void readsEveryKindOfValue_data()
    {
        QTest::addColumn<QByteArray>("member");
        QTest::addColumn<QByteArray>("text");
        const auto row = [](const char* member, const char* text) {
            QTest::newRow(member) << QByteArray(member) << QByteArray(text);
        };
        row("'valueString':'trace'", "trace");
        row("'valueBoolean':false", "no");
        row("'valueInteger':3", "3");
        row("'valueDateTime':'2025-12'", "2025-12");
        row("'valueTime':'08:30:00'", "08:30:00");
        row("'valueCodeableConcept':{'coding':[{'code':'260385009','display':'Negative'}]}",
            "Negative");
        row("'valueRange':{'low':{'value':4},'high':{'value':6.0,'unit':'mg'}}", "4 - 6.0 mg");
        row("'valueRatio':{'numerator':{'value':1},'denominator':{'value':128}}", "1:128");
        row("'valuePeriod':{'start':'2025-01','end':'2025-02'}", "2025-01 - 2025-02");
        row("'valueSampledData':{'period':10}", "a sampled curve");
        row("'valueQuantity':{'unit':'mg'}", "");
    }

    void readsEveryKindOfValue()
    {
        QFETCH(QByteArray, member);
        QFETCH(QByteArray, text);
        const auto document =
            read({of("Observation", "'code':{'text':'x'}," + member.toStdString())});
        QCOMPARE(document.chart.observations.size(), std::size_t{1});
        QVERIFY(!document.chart.observations[0].quantity);
        QCOMPARE(bytes(document.chart.observations[0].valueText), text);
    }

    void keepsTheValuesOfOthersApart()
    {
        const auto document =
            read({of("Observation", "'code':{'text':'Heart rate'},'focus':[{'display':'Foetus'}],"
                                    "'valueQuantity':{'value':148,'unit':'/min'}")});
        QVERIFY(document.chart.observations.empty());
        QCOMPARE(document.chart.others.size(), std::size_t{1});
        QCOMPARE(bytes(document.chart.others[0].detail), QByteArray("About: Foetus; 148 /min"));
    }

    void tellsNoKnownAllergyFromAnAllergy_data()
    {
        QTest::addColumn<QByteArray>("code");
        QTest::addColumn<bool>("none");
        const auto row = [](const char* code, bool none) {
            QTest::newRow(code) << QByteArray(code) << none;
        };
        row("'coding':[{'system':'http://snomed.info/sct','code':'716186003'}]", true);
        row("'coding':[{'system':'http://snomed.info/sct','code':'409137002'}]", true);
        row("'coding':[{'system':'http://snomed.info/sct','code':'428607008'}]", true);
        row("'text':'No known allergies'", true);
        row("'text':'No Known Drug Allergies (NKDA)'", true);
        row("'text':'NKA'", true);
        row("'coding':[{'system':'local','code':'716186003','display':'Nuts'}]", false);
        row("'text':'No known allergies except penicillin'", false);
        row("'text':'Nonoxynol'", false);
        row("'text':'Penicillin'", false);
        // A kind of allergy that is not known says nothing of the others, but it is no allergy.
        row("'text':'No known drug or food allergies'", true);
        row("'text':'no known allergies to medications'", true);
        row("'text':'No known latex allergy (situation)'", true);
        row("'text':'NKDA - No known drug allergies'", true);
        row("'text':'Patient denies any drug allergies.'", true);
        row("'text':'Allergies: none known'", true);
        row("'text':'No history of allergies'", true);
        row("'text':'nil known'", true);
        row("'text':'Not allergic'", true);
        // Whatever stands beside the phrase may be the allergy.
        row("'text':'No known drug allergies; penicillin: rash'", false);
        row("'text':'No known allergies apart from latex'", false);
        row("'text':'No known allergies other than peanuts'", false);
        row("'text':'No known drug allergies, food: peanuts'", false);
        row("'text':'No known allergy to penicillin'", false);
        row("'text':'Denies allergies, then rash with co-trimoxazole'", false);
        row("'text':'No known allergies?'", false);
        row("'text':'No known allergies 2019'", false);
        row("'text':'NKDA \u00e9rythromycine'", false);
        row("'text':'\u9752\u9709\u7d20 nka'", false);
        row("'text':'No allergies before 1990, penicillin since'", false);
        row("'text':'Nil known drug allergies, no latex'", false);
        row("'text':'None of the penicillins tolerated'", false);
        row("'text':'Allergy to nickel'", false);
        row("'text':'No'", false);
        // A code does not outweigh words, nor a reaction that happened.
        row("'text':'Penicillin','coding':[{'system':'http://snomed.info/sct',"
            "'code':'716186003'}]",
            false);
        row("'coding':[{'system':'http://snomed.info/sct','code':'716186003',"
            "'display':'No known allergies except penicillin'}]",
            false);
        row("'text':'NKDA','coding':[{'system':'http://snomed.info/sct','code':'409137002',"
            "'display':'No known drug allergy (situation)'}]",
            true);
    }

    void tellsNoKnownAllergyFromAnAllergy()
    {
        QFETCH(QByteArray, code);
        QFETCH(bool, none);
        const auto document = read(
            {of("AllergyIntolerance", "'clinicalStatus':{'coding':[{'code':'resolved'}]},'code':{" +
                                          code.toStdString() + "}")});
        QCOMPARE(document.chart.allergies.size(), std::size_t{1});
        QCOMPARE(document.chart.allergies[0].noKnownAllergy, none);
        QVERIFY(document.chart.allergies[0].resolved);
    }

    void showsAnAllergyWhoseReactionHappened()
    {
        const auto document = read({of(
            "AllergyIntolerance", "'code':{'text':'No known allergies'},'reaction':[{'substance'"
                                  ":{'text':'Penicillin'},'manifestation':[{'text':'Rash'}]}]")});
        QVERIFY(!document.chart.allergies.at(0).noKnownAllergy);
    }

    void givesABareStatementItsWords()
    {
        const auto document =
            read({of("AllergyIntolerance", "'code':{'coding':[{'system':'http://snomed.info/sct',"
                                           "'code':'429625007'}]}")});
        QVERIFY(document.chart.allergies.at(0).noKnownAllergy);
        QCOMPARE(document.chart.allergies[0].code.name(), std::string("No known food allergy"));
    }

    void takesAnEmptyAllergyListAsAStatement()
    {
        const std::string section =
            "{'title':'Allergies','code':{'coding':[{'code':'48765-2'}]},"
            "'emptyReason':{'coding':[{'code':'nilknown','display':'Nil Known'}]}}";
        const auto said = read({of(
            "Composition", "'title':'Summary','date':'2026-01-02','section':[" + section + "]")});
        QCOMPARE(said.chart.allergies.size(), std::size_t{1});
        QVERIFY(said.chart.allergies[0].noKnownAllergy);
        QCOMPARE(said.chart.allergies[0].source.path, std::string("section[0]"));
        QCOMPARE(bytes(said.chart.documents.at(0).text), QByteArray("Allergies\nNil Known"));
        const auto silent = read({of("Condition", "'code':{'text':'x'}")});
        QVERIFY(silent.chart.allergies.empty());
    }

    void readsAnAllergy()
    {
        const auto document = read({of(
            "AllergyIntolerance",
            "'id':'a','clinicalStatus':{'coding':[{'code':'active'}]},'verificationStatus':"
            "{'coding':[{'code':'unconfirmed'}]},'criticality':'high','category':['medication'],"
            "'code':{'text':'Penicillin'},'recordedDate':'2009-05-11','onsetAge':{'value':12,'unit'"
            ":'years'},"
            "'reaction':[{'manifestation':[{'text':'Hives'},{'text':'Wheeze'}],'severity':'"
            "moderate'}]")});
        const records::Allergy& allergy = document.chart.allergies.at(0);
        QVERIFY(!allergy.noKnownAllergy && !allergy.resolved);
        QCOMPARE(allergy.reactions, std::vector<std::string>{"Hives, Wheeze (moderate)"});
        QCOMPARE(allergy.criticality, std::string("high"));
        QCOMPARE(allergy.verification, std::string("unconfirmed"));
        QCOMPARE(allergy.category, std::string("medication"));
        QCOMPARE(allergy.onset.text, std::string("at age 12 years"));
        QVERIFY(!allergy.onset.known());
    }

    void readsAMedicationWithItsReasons()
    {
        const auto document =
            read({"{'resourceType':'Medication','id':'m','code':{'text':'Lisinopril 10 mg'}}",
                  of("Condition", "'id':'htn','code':{'text':'Hypertension'}"),
                  of("MedicationRequest",
                     "'status':'stopped','intent':'order','authoredOn':'2019-05-14',"
                     "'medicationReference':{'reference':'Medication/m'},"
                     "'reasonReference':[{'reference':'Condition/htn'}],"
                     "'statusReason':{'text':'Persistent dry cough'},'dosageInstruction':[{"
                     "'timing':{'repeat':{'frequency':1,'period':1,'periodUnit':'d','boundsPeriod':"
                     "{'start':'2019-05-14','end':'2024-03-04'}}},'route':{'text':'by mouth'},"
                     "'doseAndRate':[{'doseQuantity':{'value':10,'unit':'mg'}}],'asNeededBoolean':"
                     "true}]")});
        const records::Medication& medication = document.chart.medications.at(0);
        QCOMPARE(medication.code.text, std::string("Lisinopril 10 mg"));
        QVERIFY(medication.state == MedicationState::Stopped);
        QCOMPARE(medication.reason, std::string("Hypertension"));
        QCOMPARE(medication.statusReason, std::string("Persistent dry cough"));
        QCOMPARE(bytes(medication.dosage),
                 QByteArray("10 mg, by mouth, 1 time every 1 d, as needed"));
        QCOMPARE(medication.started.text, std::string("2019-05-14"));
        QCOMPARE(medication.ended.text, std::string("2024-03-04"));
    }

    void readsTheStateOfAMedication_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("members");
        QTest::addColumn<int>("state");
        const auto row = [](const char* type, const char* members, MedicationState state) {
            QTest::newRow(members)
                << QByteArray(type) << QByteArray(members) << static_cast<int>(state);
        };
        row("MedicationRequest", "'status':'active','intent':'order'", MedicationState::Active);
        row("MedicationRequest", "'status':'active','intent':'proposal'", MedicationState::Draft);
        row("MedicationRequest", "'status':'on-hold'", MedicationState::OnHold);
        row("MedicationRequest", "'status':'cancelled'", MedicationState::Cancelled);
        row("MedicationRequest", "'status':'unknown'", MedicationState::Unknown);
        row("MedicationStatement", "'status':'not-taken'", MedicationState::Stopped);
        row("MedicationStatement", "'status':'intended'", MedicationState::Draft);
        row("MedicationAdministration", "'status':'in-progress'", MedicationState::Active);
        row("MedicationAdministration", "'status':'not-done'", MedicationState::Cancelled);
        row("MedicationDispense", "'status':'completed'", MedicationState::Completed);
    }

    void readsTheStateOfAMedication()
    {
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, members);
        QFETCH(int, state);
        const auto document =
            read({of(type.toStdString(),
                     members.toStdString() + ",'medicationCodeableConcept':{'text':'Aspirin'}")});
        QCOMPARE(document.chart.medications.size(), std::size_t{1});
        QCOMPARE(static_cast<int>(document.chart.medications[0].state), state);
    }

    void keepsAProhibitionOutOfTheMedications()
    {
        const auto document =
            read({of("MedicationRequest", "'status':'active','doNotPerform':true,'"
                                          "medicationCodeableConcept':{'text':'Beta-blockers'},"
                                          "'reasonCode':[{'text':'Wheeze'}]")});
        QVERIFY(document.chart.medications.empty());
        QCOMPARE(bytes(document.chart.others.at(0).detail),
                 QByteArray("Order not to give this medicine; reason: Wheeze"));
    }

    void readsAConditionWithItsSide()
    {
        const auto document = read(
            {of("Condition",
                "'clinicalStatus':{'coding':[{'code':'remission'}]},'code':{'text':'Arthritis'},"
                "'verificationStatus':{'coding':[{'code':'provisional'}]},'onsetDateTime':'2017',"
                "'bodySite':[{'text':'Left knee'}],'severity':{'text':'severe'}")});
        const records::Condition& condition = document.chart.conditions.at(0);
        QVERIFY(condition.state == records::ConditionState::Inactive);
        QCOMPARE(condition.verification, std::string("provisional"));
        QCOMPARE(int{condition.onset.year}, 2017);
        QCOMPARE(int{condition.onset.month}, 0);
        QCOMPARE(bytes(condition.note),
                 QByteArray("In remission.\nSeverity: severe\nBody site: Left knee"));
    }

    void keepsTheFamilysIllnessesWithTheFamily()
    {
        const auto document =
            read({"{'resourceType':'FamilyMemberHistory','patient':{'reference':"
                  "'Patient/p'},'relationship':{'text':'Mother'},'condition':["
                  "{'code':{'text':'Allergy to penicillin'},'onsetAge':{'value':40,'unit':"
                  "'years'}},{'code':{'text':'Stroke'}}]}"});
        QVERIFY(document.chart.allergies.empty());
        QVERIFY(document.chart.conditions.empty());
        QCOMPARE(document.chart.others.size(), std::size_t{2});
        QCOMPARE(bytes(document.chart.others[0].detail),
                 QByteArray("Mother; onset at age 40 years"));
        QCOMPARE(document.chart.others[1].source.path, std::string("condition[1]"));
    }

    void readsNotesFromAttachmentsAndBinaries()
    {
        const auto document = read(
            {"{'resourceType':'Binary','id':'b','contentType':'text/"
             "html','data':'PGI+Y291Z2g8L2I+'}",
             of("DocumentReference",
                "'type':{'text':'Progress note'},'date':'2026-01-02','author':[{'display':'Dr X'}],"
                "'content':[{'attachment':{'contentType':'text/plain','data':'ZHJ5IGNvdWdo'}},"
                "{'attachment':{'url':'Binary/b'}},{'attachment':{'contentType':'image/"
                "png','data':'AAAA'}},"
                "{'attachment':{'contentType':'text/plain','data':'A'}},"
                "{'attachment':{'contentType':'text/plain','url':'https://elsewhere.invalid/"
                "x'}}]")});
        const auto& documents = document.chart.documents;
        QCOMPARE(documents.size(), std::size_t{5});
        QCOMPARE(documents[0].text, std::string("dry cough"));
        QCOMPARE(documents[0].title, std::string("Progress note"));
        QCOMPARE(documents[0].author, std::string("Dr X"));
        QCOMPARE(documents[0].source.path, std::string("content[0].attachment"));
        QCOMPARE(documents[1].text, std::string("cough"));
        for (std::size_t i = 2; i < 5; ++i) {
            QVERIFY(!documents[i].readable);
            QVERIFY(!documents[i].unreadableReason.empty());
        }
        QCOMPARE(document.warnings.back().code, std::string("unreadable_document"));
        QCOMPARE(document.warnings.back().count, std::uint64_t{3});
    }

    void keepsATextThatStandsTwiceOnce()
    {
        const std::string attachment = "{'contentType':'text/plain','data':'ZHJ5IGNvdWdo'}";
        const auto document =
            read({of("DiagnosticReport", "'code':{'text':'Note'},'effectiveDateTime':"
                                         "'2026-01-02T08:00:00Z','presentedForm':[" +
                                             attachment + "]"),
                  of("DocumentReference",
                     "'type':{'text':'Note'},'date':'2026-01-02','content':[{'attachment':" +
                         attachment + "}]"),
                  of("DocumentReference",
                     "'type':{'text':'Note'},'date':'2026-01-03','content':[{'attachment':" +
                         attachment + "}]")});
        QCOMPARE(document.chart.documents.size(), std::size_t{2});
        QCOMPARE(document.chart.documents[0].source.resourceType, std::string("DocumentReference"));
        QCOMPARE(document.warnings.at(0).code, std::string("duplicate_text"));
    }

    void readsReportsWithAndWithoutWords()
    {
        const auto document =
            read({of("DiagnosticReport", "'status':'preliminary','code':{'text':'Chest X-ray'},"
                                         "'conclusion':'No effusion.'"),
                  of("Observation", "'id':'k','code':{'text':'Potassium'},'valueInteger':4"),
                  of("DiagnosticReport", "'status':'final','code':{'text':'Panel'},'result':[{'"
                                         "reference':'Observation/k'}]")});
        QCOMPARE(document.chart.documents.size(), std::size_t{1});
        QCOMPARE(document.chart.documents[0].title, std::string("Chest X-ray (preliminary)"));
        QCOMPARE(document.chart.documents[0].text, std::string("No effusion."));
        QCOMPARE(document.chart.others.size(), std::size_t{1});
        QCOMPARE(document.chart.others[0].detail, std::string("Results: Potassium"));
    }

    void removesHiddenTextAndSaysSo()
    {
        const auto document = read({of("Condition", "'code':{'text':'Go\\u200but'}")});
        QCOMPARE(document.chart.conditions.at(0).code.text, std::string("Gout"));
        QCOMPARE(document.warnings.at(0).code, std::string("hidden_text"));
    }

    void readsThePatient()
    {
        const auto document = imports::readFhirBundle(bundle_text::bundleOf(
            {"{'resourceType':'Patient','id':'p','identifier':[{'system':'old','value':'1','use':'"
             "old',"
             "'type':{'coding':[{'code':'MR'}]}},{'system':'s','value':'M-2','type':{'coding':[{'"
             "code':"
             "'MR'}]}}],'name':[{'use':'maiden','family':'Born'},{'use':'official','family':'Now',"
             "'given':['A','B'],'prefix':['Dr']}],'birthDate':'1948-07','deceasedBoolean':true,"
             "'gender':'female','telecom':[{'system':'email','value':'x'},{'system':'phone','value'"
             ":'555'}],"
             "'address':[{'line':['1 Street'],'city':'Town'}]}"}));
        QVERIFY(document);
        const records::Patient& patient = document->chart.patient;
        QCOMPARE(patient.displayName(), std::string("NOW, A B (Dr)"));
        QCOMPARE(patient.medicalRecordNumber(), std::string("M-2"));
        QCOMPARE(patient.born.text, std::string("1948-07"));
        QCOMPARE(patient.died.text, std::string("true"));
        QCOMPARE(patient.phone, std::string("555"));
        QCOMPARE(patient.address, std::string("1 Street, Town"));
        QCOMPARE(patient.resourceId, std::string("p"));
        QVERIFY(patient.id.empty());
    }
};

QTEST_GUILESS_MAIN(TestFhirMeaning)
#include "tst_fhir_meaning.moc"
