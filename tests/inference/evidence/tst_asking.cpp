// SPDX-License-Identifier: Apache-2.0
// One vocabulary for look-ups and for evidence: what a clinician may call things, slips of the pen,
// other languages, and what is said where nothing is found.
#include "inference/evidence/gather.h"
#include "inference/evidence/look_up.h"
#include "inference/evidence/spelling.h"

#include "made_chart.h"

#include <QTest>

#include <set>

using evidence::Budget;
using evidence::DirectAnswer;
using evidence::Evidence;
using evidence::EvidenceItem;
using evidence::gather;
using evidence::lookUp;
using evidence::spelled;
using made::kToday;

namespace {

void addOther(records::Chart& chart, const std::string& kind, const std::string& name,
              const std::string& date, const std::string& detail = {})
{
    records::OtherEntry entry;
    entry.kind = kind;
    entry.code = made::named(name);
    entry.detail = detail;
    entry.date = records::parseDate(date);
    entry.source = made::source(kind);
    chart.others.push_back(entry);
}

/// Anna with more of everything.
records::Chart chart()
{
    using enum records::MedicationState;
    records::Chart chart = made::anna();
    chart.patient.source = made::source("Patient");
    chart.patient.address = "1 Example Lane, Madeup";
    chart.patient.identifiers.push_back({"urn:made", "M-4711", true});
    made::addProblem(chart, "Paroxysmal atrial fibrillation", records::ConditionState::Active,
                     "2022-10-04");
    made::addLab(chart, "Fasting glucose [Mass/volume] in Serum", "1558-6", "131", "mg/dL",
                 "2025-06-01");
    made::addLab(chart, "Creatinine", "2160-0", "1.4", "mg/dL", "2026-03-02");
    made::addLab(chart, "Creatinine", "2160-0", "1.1", "mg/dL", "2021-03-02");
    made::addLab(chart, "Hemoglobin [Mass/volume] in Blood", "718-7", "10.8", "g/dL", "2023-02-01");
    made::addPressure(chart, "141", "88", "2024-06-02");
    made::addMedication(chart, "Bisoprolol 2.5 MG Tablet", Active, "2022-10-04");
    made::addMedication(chart, "Apixaban 5 MG Tablet", Active, "2022-10-04");
    addOther(chart, "Immunization", "Influenza, inactivated", "2025-10-02");
    addOther(chart, "Procedure", "Appendectomy", "1962");
    for (const char* date : {"2026-03-02", "2025-03-02", "2024-03-02"}) {
        addOther(chart, "DiagnosticReport", "Kidney profile", date,
                 "Results: Potassium, Creatinine");
    }
    return chart;
}

Evidence gathered(const std::string& question)
{
    return gather(question, chart(), {}, Budget{}, kToday);
}

bool holds(const Evidence& evidence, const QString& text)
{
    return std::ranges::any_of(evidence.items, [&](const EvidenceItem& item) {
        return item.text.contains(text.toStdString());
    });
}

QString kindOf(const std::optional<DirectAnswer>& answer)
{
    return QString::fromUtf8(answer ? evidence::nameOf(answer->kind) : "none");
}

} // namespace

class TestAsking : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsWhatIsCalledOtherwise_data()
    {
        QTest::addColumn<QString>("found");
        const auto row = [](const char* question, const char* found) {
            QTest::newRow(question) << QString::fromUtf8(found);
        };
        row("Any AF?", "atrial fibrillation");
        row("any afib", "atrial fibrillation");
        row("Does she have a-fib?", "atrial fibrillation");
        row("Is there a history of af?", "atrial fibrillation");
        row("BP 2024", "150/95");
        row("BP in 2024", "150/95");
        row("sugars since 2024", "Fasting glucose");
        row("Is her blood sugar under control?", "Fasting glucose");
        row("Tell me the whole story of her blood pressure treatment.", "Losartan");
        row("Tell me the whole story of her blood pressure treatment", "lood pressure 132/84");
        row("Is she diabetic?", "Type 2 diabetes");
        row("Is she a hypertensive?", "Essential hypertension");
        row("Has the patient ever been on ACE inhibitors?", "Lisinopril");
        row("Has she ever taken an ACE-inhibitor?", "Lisinopril");
        row("Did she ever have an angiotensin receptor blocker?", "Losartan");
        row("Is she on a beta blocker?", "Bisoprolol");
        row("Does she take beta-blockers?", "Bisoprolol");
        row("Is she on a blood thinner?", "Apixaban");
        row("Why is she on a DOAC?", "Apixaban");
        row("Do labs show hyperkalaemia?", "Potassium [Moles/volume] in Serum or Plasma 5.6");
        row("Do labs show hyperkalemia?", "Potassium [Moles/volume] in Serum or Plasma 5.6");
        row("Could she be hyperkalaemic if losartan is raised?", "Potassium [Moles/volume]");
        row("Was she ever anaemic?", "10.8 g/dL");
        row("Is she anemic?", "10.8 g/dL");
        row("Any hyperglycaemia?", "Fasting glucose");
        row("Is her kidney function normal?", "Creatinine 1.4");
        row("Did renal function get worse over the years?", "Creatinine 1.1");
        row("Was she hypotensive?", "Blood pressure 132/84");
        row("vaccinations", "Influenza");
        row("Which immunisations has she had?", "Influenza");
        row("Has she been vaccinated against the flu?", "Influenza");
        row("What surgery did she have?", "Appendectomy");
        row("Does her father have AF?", "father had a stroke");
        row("Should I give potassium?", "Potassium");
        row("Is she allergic to latex?", "Allergy: Penicillin");
    }
    void findsWhatIsCalledOtherwise()
    {
        QFETCH(QString, found);
        const Evidence evidence = gathered(QTest::currentDataTag());
        QVERIFY2(!evidence.abstention,
                 evidence.abstention ? evidence.abstention->text.c_str() : "");
        QVERIFY(holds(evidence, found));
        QVERIFY(evidence.coverage.remarks.empty());
    }

    void putsValuesBeforeReports()
    {
        const Evidence evidence = gathered("Why are creatinine and potassium measured?");
        QVERIFY(!evidence.items.empty());
        QCOMPARE(evidence.items.front().topic, evidence::Topic::Observation);
        const auto reports = std::ranges::count_if(evidence.items, [](const EvidenceItem& item) {
            return item.text.starts_with("DiagnosticReport");
        });
        QVERIFY(reports <= 1);
        QVERIFY(!holds(gathered("vaccinations"), QStringLiteral("DiagnosticReport")));
        QVERIFY(!holds(gathered("vaccinations"), QStringLiteral("Appendectomy")));
    }

    void takesLookUps_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("said");
        const auto row = [](const char* question, const char* kind, const char* said) {
            QTest::newRow(question) << QString::fromUtf8(kind) << QString::fromUtf8(said);
        };
        row("Blood sugar", "last_value", "Fasting glucose [Mass/volume] in Serum 131 mg/dL");
        row("last blood sugar?", "last_value", "131 mg/dL");
        row("past medical history", "problems", "Pneumonia");
        row("PMH", "problems", "Paroxysmal atrial fibrillation");
        row("What is her past medical history?", "problems", "Pneumonia");
        row("How old is she?", "demographics", "Age 81; born 14-Jul-1945 [1].");
        row("age", "demographics", "81");
        row("What is Anna's age?", "demographics", "81");
        row("date of birth", "demographics", "Date of birth 14-Jul-1945 [1].");
        row("DOB?", "demographics", "14-Jul-1945");
        row("When was she born?", "demographics", "14-Jul-1945");
        row("What is her sex?", "demographics", "Gender female [1].");
        row("MRN", "demographics", "Medical record number M-4711 [1].");
        row("Where does she live?", "demographics", "1 Example Lane");
        row("Lowest haemoglobin?", "extreme_value", "Lowest of 2 values: Hemoglobin");
        row("Lowest Hb ever?", "extreme_value", "10.8 g/dL on 01-Feb-2023");
        row("highest creatinine ever", "extreme_value", "1.4 mg/dL");
        row("What was her peak potassium?", "extreme_value", "5.6 mmol/L");
        row("last creatinine and potassium", "last_value", "Creatinine 1.4 mg/dL");
        row("latest potassium and the creatinine?", "last_value", "5.6 mmol/L");
        row("last potassium and TSH", "last_value", "No tsh is recorded");
        row("HbA1c last", "last_value", "7.2%");
        row("And the last potassium?", "last_value", "5.6 mmol/L");
        row("and her allergies?", "allergies", "Penicillin");
        row("potasium last value", "last_value", "\"potasium\" is taken as \"potassium\".");
        row("what is the last potassuim", "last_value", "5.6 mmol/L");
        row("last creatinin", "last_value", "1.4 mg/dL");
        row("current medicatons", "active_medications", "Metformin");
        row("alergies", "allergies", "Penicillin");
        row("Should I give her amoxicillin?", "allergies", "Anaphylaxis");
        row("Is she allergic to amoxicillin?", "allergies", "Anaphylaxis");
        row("Can she have cefalexin?", "allergies", "beta lactam");
        row("Is it safe to prescribe a cephalosporin?", "allergies", "Anaphylaxis");
        row("May she take Augmentin?", "allergies", "Anaphylaxis");
        row("Can I give penicillin?", "allergies", "An allergy to penicillin is recorded [1].");
        row("Was tazocin ever given?", "allergies", "nothing else about it");
    }
    void takesLookUps()
    {
        QFETCH(QString, kind);
        QFETCH(QString, said);
        const auto answer = lookUp(QTest::currentDataTag(), chart(), kToday);
        QCOMPARE(kindOf(answer), kind);
        QVERIFY(!answer->abstention);
        const std::string words = made::wordsOf(*answer);
        QVERIFY2(words.contains(said.toStdString()), words.c_str());
        QVERIFY(!answer->items.empty());
    }

    void leavesLookAlikes_data()
    {
        QTest::addColumn<bool>("unused");
        for (const char* question : {"Could she be hyperkalaemic if losartan is raised?",
                                     "Does her father have AF?",
                                     "Should I give potassium?",
                                     "Should I give her losartan?",
                                     "Can she have an ACE inhibitor?",
                                     "Is penicillin what her mother cannot have?",
                                     "Is she allergic to penicillin because of a rash?",
                                     "How old was she when the diabetes was found?",
                                     "How old was her father?",
                                     "How old is the last potassium?",
                                     "What is her mother's date of birth?",
                                     "Where does she live now that her house is sold?",
                                     "lowest dose of losartan",
                                     "highest potassium before losartan",
                                     "highest blood pressure",
                                     "peak flow",
                                     "lowest point of her life",
                                     "last potassium and why it was high",
                                     "last potassium and her mood",
                                     "potassium and creatinine",
                                     "And potassium?",
                                     "And why was the potassium high?",
                                     "And before that?",
                                     "past medical history of her mother",
                                     "Is the age of her kidneys known?",
                                     "BP 2024",
                                     "last meeting",
                                     "What is the ID of the ward?"})
            QTest::newRow(question) << true;
    }
    void leavesLookAlikes()
    {
        const auto answer = lookUp(QTest::currentDataTag(), chart(), kToday);
        QVERIFY2(!answer, answer ? made::wordsOf(*answer).c_str() : "");
    }

    void readsSlipsOfThePen_data()
    {
        QTest::addColumn<QString>("read"); // the same: nothing is changed
        const auto row = [](const char* question, const char* read) {
            QTest::newRow(question) << QString::fromUtf8(read);
        };
        row("lisinoprill why stopped", "lisinopril why stopped");
        row("Why was lisinporil stopped?", "Why was lisinopril stopped?");
        row("bisoprollol dose", "bisoprolol dose");
        row("last haemoglobine", "last haemoglobin");
        row("any hypertention?", "any hypertension?");
        row("her diabetis", "her diabetes");
        row("penumonia", "pneumonia");
        row("blood presure", "blood pressure");
        // Words that stand as they are meant.
        for (const char* question :
             {"last potassium", "any hypotension", "any arteritis", "was she given chlorine",
              "a contusion of the knee", "mr potasium", "is she patient", "spelling", "lapse",
              "the ceiling fell", "Bertram Samplewood", "Letzter Kaliumwert", "weigh", "eight"})
            row(question, question);
        // Medicines: not held by the record, or alike to another one.
        for (const char* question : {"hydroxizine dose", "why prednisolon", "clonazepan",
                                     "metoprolal", "cilazapril", "metopropol", "amlodipin"})
            row(question, question);
    }
    void readsSlipsOfThePen()
    {
        QFETCH(QString, read);
        const auto spelling = spelled(QTest::currentDataTag(), chart());
        QCOMPARE(QString::fromStdString(spelling.question), read);
        QCOMPARE(spelling.changed, read != QString::fromUtf8(QTest::currentDataTag()));
    }

    void neverExchangesMedicinesThatLookAlike()
    {
        records::Chart record = chart();
        const auto hint = spelled("Why hydroxizine?", record);
        QVERIFY(!hint.changed);
        QCOMPARE(hint.remarks.size(), 1U);
        QVERIFY2(hint.remarks[0].contains("hydroxyzine\" (not in this record)"),
                 hint.remarks[0].c_str());
        made::addMedication(record, "Glipizide 5 MG", records::MedicationState::Active, "2026");
        const auto two = spelled("glipazide dose", record);
        QVERIFY(!two.changed); // gliclazide is near as well
        QVERIFY(two.remarks.at(0).contains("glipizide\"") &&
                two.remarks[0].contains("gliclazide\" (not in this record)"));
        const auto evidence = gather("Why was lisinoprill stopped?", record, {}, Budget{}, kToday);
        QVERIFY(holds(evidence, QStringLiteral("persistent dry cough")));
        QVERIFY(
            evidence.coverage.line().ends_with(". \"lisinoprill\" is taken as \"lisinopril\"."));
    }

    void saysWhatItLookedFor_data()
    {
        QTest::addColumn<QString>("text");
        const auto row = [](const char* question, const char* text) {
            QTest::newRow(question) << QString::fromUtf8(text);
        };
        row("Does she take digoxin?", "Nothing about \"digoxin\" is recorded in ");
        row("Does she have COPD?", "Nothing about \"COPD\" is recorded in ");
        row("Is she pregnant?", "The word \"pregnant\" does not occur in ");
        row("Did the colonoscopy show polyps?",
            "The words \"colonoscopy\", \"polyps\" do not occur in ");
        row("What is the last potassium of Bertram Samplewood?",
            "The words \"Bertram\", \"Samplewood\" do not occur in ");
        row("last potassium of samplewood", "The word \"samplewood\" does not occur in ");
        row("Frau Müller: last potassium", "The words \"Frau\", \"Müller\" do not occur in ");
        row("Letzter Kaliumwert?", "ask in English.");
        row("Welche Allergien hat die Patientin?", "ask in English.");
        row("What is the weather in Paris?", "The words \"weather\", \"Paris\" do not occur in ");
        row("Why?", "The question names nothing that could be looked for in the record.");
        row("Why was hydroxizine given?", "did you mean \"hydroxyzine\" (not in this record)?");
        row("Has she ever had a cephalexin rash in Spain?", "\"Spain\"");
    }
    void saysWhatItLookedFor()
    {
        QFETCH(QString, text);
        const Evidence evidence = gathered(QTest::currentDataTag());
        QVERIFY(evidence.abstention);
        QVERIFY2(evidence.abstention->text.contains(text.toStdString()),
                 evidence.abstention->text.c_str());
        QVERIFY(!evidence.abstention->text.contains("not a question"));
        QVERIFY(evidence.items.empty());
    }

    void putsAllergiesAgainstAMedicineFirst()
    {
        records::Chart record = chart();
        made::addMedication(record, "Amoxicillin 500 MG Capsule", records::MedicationState::Stopped,
                            "2010-01-01", "2010-01-03");
        for (const char* question :
             {"Why was amoxicillin stopped?", "Which penicillins did she get?",
              "Has she had antibiotics?"}) {
            const Evidence evidence = gather(question, record, {}, Budget{}, kToday);
            QVERIFY(!evidence.items.empty());
            QVERIFY2(evidence.items.front().text.starts_with("Allergy: Penicillin"), question);
            QVERIFY(holds(evidence, QStringLiteral("Amoxicillin")));
        }
        for (const char* question : {"Why was lisinopril stopped?", "Is she on a beta blocker?",
                                     "Does her mother take amoxicillin?"}) {
            const Evidence evidence = gather(question, record, {}, Budget{}, kToday);
            QVERIFY2(!holds(evidence, QStringLiteral("Allergy: Penicillin")), question);
        }
    }

    void ranksTheKindOfEntryThatIsNamed()
    {
        QVERIFY(gathered("Any AF?").items.front().text.starts_with("Problem: Paroxysmal"));
        QVERIFY(gathered("BP 2024").items.front().text.starts_with("Blood pressure"));
        records::Chart record;
        made::addAllergy(record, "No known allergies").noKnownAllergy = true;
        const Evidence none = gather("Is he allergic to penicillin?", record, {}, {}, kToday);
        QVERIFY(holds(none, QStringLiteral("Allergy statement: No known allergies")));
        QVERIFY(gather("Is his mother allergic to penicillin?", record, {}, {}, kToday).abstention);
    }

    void tellsAnAllergyOfAClassThatANoteTells()
    {
        records::Chart record = chart();
        made::addNote(record, "ED note", "2022-08-01", "Allergic to ibuprofen (wheeze).");
        const auto answer = lookUp("Can I give naproxen?", record, kToday);
        QCOMPARE(kindOf(answer), QStringLiteral("allergies"));
        QVERIFY(made::wordsOf(*answer).contains("both are of the class NSAID"));
        QVERIFY(made::wordsOf(*answer).contains("Allergic to ibuprofen"));
        QVERIFY(!lookUp("Can I give naproxen?", chart(), kToday)); // control: no such note
    }

    void tellsAPlaceOnceThatNamesASubstanceTwice()
    {
        records::Chart record = chart();
        made::addNote(record, "ED note", "2022-08-01",
                      "She is allergic to ibuprofen: wheeze after ibuprofen, and ibuprofen allergy "
                      "was confirmed. Allergic to ibuprofen.");
        const auto answer = lookUp("Can I give ibuprofen?", record, kToday);
        QCOMPARE(kindOf(answer), QStringLiteral("allergies"));
        std::set<std::string> told;
        for (const evidence::Sentence& sentence : answer->sentences)
            QVERIFY2(told.insert(sentence.text).second, sentence.text.c_str());
        QVERIFY(told.size() > 1);
    }

    void countsYearsByTheCalendar()
    {
        records::Chart record = chart();
        const auto age = [&](evidence::Day day) {
            return made::wordsOf(*lookUp("age", record, day));
        };
        QVERIFY(age({2026, 7, 13}).starts_with("Age 80;"));
        QVERIFY(age({2026, 7, 14}).starts_with("Age 81;"));
        record.patient.born = records::parseDate("1945");
        QVERIFY(age({2026, 7, 14}).starts_with("Age 80 or 81; born 1945"));
        record.patient.born = {};
        const auto none = lookUp("How old is she?", record, kToday);
        QVERIFY(none && none->abstention);
        QCOMPARE(none->abstention->text,
                 std::string("No date of birth is recorded for this patient."));
    }
};

QTEST_GUILESS_MAIN(TestAsking)
#include "tst_asking.moc"
