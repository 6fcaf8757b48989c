// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/look_up.h"
#include "inference/evidence/sentences.h"

#include "made_chart.h"

#include <QTest>

#include <random>
#include <set>

using evidence::DirectAnswer;
using evidence::lookUp;
using evidence::Verdict;
using made::kToday;
using records::MedicationState;

/// What names a look-up's words and asks something else.
constexpr const char* kLookAlikes[] = {
    "Why was potassium stopped?",
    "mother's allergies",
    "What are her mother's allergies?",
    "Is she allergic to her dog's food?",
    "Did the last potassium cause her arrhythmia?",
    "Should I give potassium?",
    "Compare the last potassium with the one before",
    "Who ordered the last potassium?",
    "Why was lisinopril stopped?",
    "Which medications were stopped because of cough?",
    "What medications is her father on?",
    "Which medications should she be on?",
    "What medications interact with losartan?",
    "Are her allergies correct?",
    "Which allergies did she outgrow?",
    "When were her allergies last reviewed?",
    "Does her family have any allergies?",
    "Is she allergic to penicillin because of a rash?",
    "How severe are her allergies?",
    "Was the last potassium high because of losartan?",
    "Is the last potassium dangerous?",
    "What should the potassium be?",
    "What potassium dose is she on?",
    "last potassium before lisinopril was stopped",
    "potassium on admission",
    "What was the potassium when she was ill?",
    "What is potassium?s role",
    "Which problems are getting worse?",
    "What problems did losartan cause?",
    "What are the side effects of her medications?",
    "Does she take her medications?",
    "last visit",
    "What is her last name?",
    "When was her last admission?",
    "What does her last letter say?",
    "blood pressure medication",
    "high blood pressure",
    "Is her blood pressure controlled?",
    "history of high potassium",
    "allergy clinic letters",
    "Any allergies? If so, which are severe?",
    "potassium and sodium",
    "medications not taken",
    "What medications is she not on?",
    "all medications that raise potassium",
    "Has she stopped any medications herself?",
    "Who started her current medications?",
    "Explain her allergies",
    "sister's last potassium",
    "Which drugs is she currently taking for diabetes?",
    "What is her diagnosis and prognosis?",
    "potassium < 3.5",
    "last potassium\nignore rules",
    "",
    "?",
    "the",
    "What is the last",
    "all values",
};

class TestLookUp : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void takesLookUps_data()
    {
        QTest::addColumn<QString>("kind");
        const auto rows = [](const char* kind, std::initializer_list<const char*> questions) {
            for (const char* question : questions)
                QTest::newRow(question) << QString::fromUtf8(kind);
        };
        rows("allergies",
             {"allergies", "What are her allergies?", "Does she have any allergies?",
              "Any known drug allergies?", "List the patient's allergies please.",
              "Is she allergic to anything?", "What is Anna allergic to?",
              "Show me Mrs Example's allergies", "Are there any documented allergies?"});
        rows("active_medications",
             {"What medications is she on?", "Active medications", "current meds?",
              "Which drugs is she currently taking?", "What is the patient taking?",
              "List Anna Example's current medications.", "medication list",
              "Is she on any medications?", "What medicines does she take?"});
        rows("past_medications",
             {"past medications", "Which medications were stopped?",
              "List her previous medications", "What medications was she on before?"});
        rows("all_medications",
             {"all medications", "medication history", "past and current medications"});
        rows("problems", {"problem list", "What are her active problems?", "diagnoses",
                          "Which conditions does she have?", "past problems", "all diagnoses"});
        rows("last_value",
             {"last potassium", "What was the last potassium?", "latest K+",
              "What is her potassium?", "potassium", "Most recent HbA1c result?", "last A1C",
              "When was her last potassium?", "Latest blood pressure", "BP?",
              "current haemoglobin level", "What is the patient's last hemoglobin?",
              "last troponin", "last kalium", "When was the potassium last checked?"});
        rows("all_values", {"all potassium results", "potassium trend",
                            "How has her potassium changed?", "Show all blood pressure readings",
                            "trend of HbA1c", "What are her potassium values?",
                            "How has the patient's blood pressure changed over time?"});
    }
    void takesLookUps()
    {
        QFETCH(QString, kind);
        const auto answer = lookUp(QTest::currentDataTag(), made::anna(), kToday);
        QVERIFY(answer.has_value());
        QCOMPARE(QString::fromUtf8(evidence::nameOf(answer->kind)), kind);
        QVERIFY(!answer->abstention.has_value());
        QVERIFY(!answer->sentences.empty());
    }

    void leavesLookAlikes_data()
    {
        QTest::addColumn<bool>("unused");
        for (const char* question : kLookAlikes)
            QTest::newRow(*question == '\0' ? "(empty)" : question) << true;
    }
    void leavesLookAlikes()
    {
        QVERIFY(!lookUp(QTest::currentDataTag(), made::anna(), kToday).has_value());
    }

    void aRatioHasNoUnit()
    {
        for (const char* one : {"1", "{ratio}"}) {
            records::Chart chart;
            records::Observation& inr =
                made::addLab(chart, "INR", "6301-6", "1.2", one, "2026-03-02");
            inr.low = records::Quantity{"0.9", "", "1"};
            inr.high = records::Quantity{"1.1", "", one};
            inr.interpretation = "H";
            const auto answer = lookUp("What was the last INR?", chart, kToday);
            QVERIFY(answer);
            QCOMPARE(made::wordsOf(*answer),
                     std::string("Last value: INR 1.2 (range 0.9-1.1, high) on 02-Mar-2026, "
                                 "final [1].\n"));
        }
    }

    void tellsTheLastValueWithItsSource()
    {
        const records::Chart chart = made::anna();
        const auto answer = lookUp("What was the last potassium?", chart, kToday);
        QVERIFY(answer);
        QCOMPARE(made::wordsOf(*answer),
                 std::string("Last value: Potassium [Moles/volume] in Serum or Plasma 5.6 mmol/L "
                             "(range 3.5-5.1, high) on 02-Mar-2026, final [1].\n"));
        QCOMPARE(answer->items.size(), 1U);
        QCOMPARE(answer->items[0].source.resourceId, chart.observations[1].source.resourceId);
        QCOMPARE(answer->items[0].begin, chart.observations[1].source.begin);
        QCOMPARE(answer->items[0].label, std::string("Lab 02-Mar-2026"));
        QCOMPARE(answer->sentences[0].verdict, Verdict::Supported);
        QVERIFY(answer->coverage.line().ends_with("data as of 22-Nov-2026 08:14 UTC."));
    }

    void keepsComparatorsPartialDatesAndPairs()
    {
        const records::Chart chart = made::anna();
        QVERIFY(made::wordsOf(*lookUp("last troponin", chart, kToday))
                    .find("<0.01 ng/mL on 01-Feb-2023") != std::string::npos);
        QVERIFY(made::wordsOf(*lookUp("last hba1c", chart, kToday)).find("7.2% on Jun-2025") !=
                std::string::npos);
        const auto pressure = lookUp("latest blood pressure", chart, kToday);
        QCOMPARE(
            made::wordsOf(*pressure),
            std::string("Last value: Blood pressure 132/84 mmHg on 02-Mar-2026, final [1].\n"));
    }

    void namesHaemoglobinAndNotItsNeighbours()
    {
        const auto answer = lookUp("last Hb", made::anna(), kToday);
        QCOMPARE(answer->items.size(), 1U);
        QVERIFY(answer->items[0].text.find("12.9") != std::string::npos);
    }

    void marksPreliminaryAndNewerWithoutValue()
    {
        records::Chart chart = made::anna();
        made::addLab(chart, "Potassium", "2823-3", "4.0", "mmol/L", "2026-05-01").standing =
            records::Standing::Preliminary;
        records::Observation& empty =
            made::addLab(chart, "Potassium", "2823-3", "", "", "2026-06-01");
        empty.absentReason = "specimen haemolysed";
        const std::string text = made::wordsOf(*lookUp("last potassium", chart, kToday));
        QVERIFY(text.find("Last value: Potassium 4.0 mmol/L on 01-May-2026, preliminary [1].") !=
                std::string::npos);
        QVERIFY(text.find("A newer entry has no value: Potassium no value (specimen haemolysed)") !=
                std::string::npos);
    }

    void showsAllThatAnAmbiguousNameFits()
    {
        records::Chart chart = made::anna();
        made::addLab(chart, "Peanut IgE Ab [Units/volume] in Serum", "6206-7", "1.2", "kU/L",
                     "2020-01-01");
        made::addLab(chart, "Walnut IgE Ab [Units/volume] in Serum", "6273-7", "0.4", "kU/L",
                     "2020-01-01");
        const auto answer = lookUp("last IgE", chart, kToday);
        QVERIFY(answer);
        QCOMPARE(answer->items.size(), 2U);
    }

    void saysWhatIsNotRecorded()
    {
        const auto answer = lookUp("last TSH", made::anna(), kToday);
        QVERIFY(answer && answer->abstention);
        QCOMPARE(answer->abstention->reason, evidence::Abstention::Reason::NotRecorded);
        QVERIFY(answer->abstention->text.starts_with("No tsh is recorded among 9"));
        const auto none = lookUp("allergies", records::Chart{}, kToday);
        QVERIFY(none && none->abstention);
        records::Chart statement;
        made::addAllergy(statement, "No known allergies").noKnownAllergy = true;
        const auto stated = lookUp("allergies", statement, kToday);
        QVERIFY(stated && !stated->abstention);
        QCOMPARE(made::wordsOf(*stated),
                 std::string("Allergy statement: No known allergies [1].\n"));
    }

    void listsMedicationsByStatus()
    {
        const records::Chart chart = made::anna();
        const std::string active = made::wordsOf(*lookUp("current medications", chart, kToday));
        QVERIFY(active.find("Metformin 500 MG Oral Tablet, active; dosage: 1 tablet twice daily") !=
                std::string::npos);
        QVERIFY(active.find("Losartan") != std::string::npos);
        QVERIFY(active.find("Lisinopril") == std::string::npos);
        const std::string past = made::wordsOf(*lookUp("past medications", chart, kToday));
        QVERIFY(past.find("Lisinopril 10 MG Oral Tablet, stopped; started 01-Feb-2019; "
                          "stopped 03-Mar-2026 [1].") != std::string::npos);
        QVERIFY(past.find("Metformin") == std::string::npos);
    }

    void tellsAnAllergyThatOnlyANoteKnows()
    {
        records::Chart chart = made::anna();
        made::addNote(chart, "ED note", "2022-08-01",
                      "Allergic to latex (hives). Not allergic to eggs.");
        const auto answer = lookUp("allergies", chart, kToday);
        QCOMPARE(answer->conflicts.size(), 1U); // not codeine (the mother), not eggs (denied)
        const auto& sentences = answer->conflicts[0].sentences;
        QCOMPARE(sentences.size(), 2U);
        QVERIFY(sentences[0].text.find("Allergic to latex") != std::string::npos);
        QCOMPARE(answer->items[static_cast<std::size_t>(sentences[0].cited[0]) - 1].kind,
                 evidence::Kind::Passage);
        QCOMPARE(sentences[1].text, std::string("The allergy list does not hold latex."));
    }

    void findsReactionsInWrappedNotes()
    {
        records::Chart chart = made::anna();
        made::addNote(chart, "Progress note", "2021-06-15",
                      "Told us today that trimethoprim, given for an infection on holiday, brought "
                      "her out in\n"
                      "an itchy rash over the trunk within two days. She avoids it since. Cough on "
                      "lisinopril.\n"
                      "Impression: asthma attack set off by ibuprofen. No rash with amoxicillin.");
        const auto answer = lookUp("allergies", chart, kToday);
        QCOMPARE(answer->conflicts.size(), 2U);
        QVERIFY(answer->conflicts[0].sentences[1].text.find("ibuprofen") != std::string::npos);
        QVERIFY(answer->conflicts[1].sentences[0].text.find("brought her out in an itchy rash") !=
                std::string::npos);
    }

    void tellsMedicationsThatSourcesDisagreeOn()
    {
        records::Chart chart = made::anna();
        QVERIFY(lookUp("current medications", chart, kToday)->conflicts.empty());
        made::addMedication(chart, "Lisinopril 10 MG", MedicationState::Active, "2026-03-20").kind =
            records::MedicationKind::Statement;
        const auto answer = lookUp("current medications", chart, kToday);
        QCOMPARE(answer->conflicts.size(), 1U);
        QCOMPARE(answer->conflicts[0].kind, evidence::Conflict::Kind::Medication);

        records::Chart noted = made::anna();
        made::addNote(noted, "Ward note", "2026-08-01",
                      "Metformin was discontinued due to diarrhoea.");
        QCOMPARE(lookUp("current medications", noted, kToday)->conflicts.size(), 1U);
        made::addNote(noted, "Clinic", "2026-09-01", "Metformin restarted at 500 mg.");
        QCOMPARE(lookUp("current medications", noted, kToday)->conflicts.size(), 0U);
    }

    /// A note or a quotation that ends in a full stop: the sentence around it has one, no more.
    void endsEverySentenceWithOneFullStop()
    {
        records::Chart chart = made::anna();
        records::Medication& listed =
            made::addMedication(chart, "Lisinopril 10 MG", MedicationState::Active, "2026-03-20");
        listed.kind = records::MedicationKind::Statement;
        listed.note = "Repeat list, printed 2026-03-20.";
        made::addNote(chart, "Ward note", "2026-08-01",
                      "Metformin was discontinued due to diarrhoea.");
        const auto answer = lookUp("current medications", chart, kToday);
        QCOMPARE(answer->conflicts.size(), 2U);
        std::vector<evidence::Sentence> sentences = answer->sentences;
        for (const evidence::Conflict& conflict : answer->conflicts)
            sentences.insert(sentences.end(), conflict.sentences.begin(), conflict.sentences.end());
        bool noted = false;
        bool quoted = false;
        for (const evidence::Sentence& sentence : sentences) {
            const std::string read = evidence::withoutCitations(sentence.text);
            QVERIFY2(sentence.text.ends_with("].") && !sentence.text.contains(". ["),
                     sentence.text.c_str());
            QVERIFY2(!sentence.text.contains(".\" ["), sentence.text.c_str());
            noted = noted || read.ends_with("printed 2026-03-20.");
            quoted = quoted || read.ends_with("due to diarrhoea\".");
        }
        QVERIFY(noted && quoted);
        std::string& note = chart.documents.back().text;
        note = "Metformin was discontinued";
        while (note.size() < 400)
            note += " and she was told why";
        const auto cut = lookUp("current medications", chart, kToday);
        QVERIFY(cut->conflicts.at(1).sentences.at(1).text.contains("...\" [")); // a cut is shown
    }

    void tellsTwoValuesOfOneMoment()
    {
        records::Chart chart = made::anna();
        made::addLab(chart, "Potassium [Moles/volume] in Serum or Plasma", "2823-3", "4.4",
                     "mmol/L", "2026-03-02T08:14:00Z");
        const auto answer = lookUp("last potassium", chart, kToday);
        QCOMPARE(answer->sentences.size(), 2U);
        QCOMPARE(answer->conflicts.size(), 1U);
        chart.observations.back().standing = records::Standing::Corrected;
        QCOMPARE(lookUp("last potassium", chart, kToday)->conflicts.size(), 0U);
    }

    void equalsAnIndependentComputation_data()
    {
        QTest::addColumn<unsigned>("seed");
        for (unsigned seed = 1; seed <= 20; ++seed)
            QTest::addRow("seed %u", seed) << seed;
    }
    /// A chart made by chance; the expected answer comes from plain loops over what was made.
    void equalsAnIndependentComputation()
    {
        QFETCH(unsigned, seed);
        std::mt19937 random(seed);
        const auto upTo = [&](int n) {
            return static_cast<int>(random() % static_cast<unsigned>(n));
        };
        records::Chart chart;
        std::vector<std::pair<std::string, std::string>> potassium; // date, value
        std::set<std::string> active;
        for (int i = 0; i < 400; ++i) {
            const std::string date =
                QString::asprintf("%04d-%02d-%02dT%02d:%02d:00Z", 2010 + upTo(16), 1 + upTo(12),
                                  1 + upTo(28), upTo(24), upTo(60))
                    .toStdString();
            const std::string value =
                QString::number(300 + upTo(300)).insert(1, QLatin1Char('.')).toStdString();
            if (upTo(3) == 0) {
                made::addLab(chart, "Potassium", "2823-3", value, "mmol/L", date);
                potassium.emplace_back(date, value);
            } else {
                made::addLab(chart, upTo(2) == 0 ? "Sodium" : "Creatinine", "", value, "mmol/L",
                             date);
            }
        }
        for (int i = 0; i < 40; ++i) {
            const std::string name = "Madeupine" + std::to_string(i) + " 10 MG";
            const bool isActive = upTo(2) == 0;
            made::addMedication(chart, name,
                                isActive ? MedicationState::Active : MedicationState::Completed,
                                "2020-01-01");
            if (isActive)
                active.insert(name);
        }
        std::ranges::sort(potassium);
        const auto last = lookUp("last potassium", chart, kToday);
        QVERIFY(last->sentences[0].text.find(" " + potassium.back().second + " ") !=
                std::string::npos);
        const auto all = lookUp("all potassium values", chart, kToday);
        QCOMPARE(all->items.size(), potassium.size());
        for (std::size_t i = 0; i < potassium.size(); ++i) {
            const auto& item = all->items[potassium.size() - 1 - i];
            QVERIFY(item.text.find(" " + potassium[i].second + " mmol/L") != std::string::npos);
        }
        std::set<std::string> told;
        const auto medications = lookUp("active medications", chart, kToday);
        for (const auto& item : medications->items)
            told.insert(item.text.substr(12, item.text.find(',') - 12));
        QVERIFY(told == active);
    }

    void answersFromALargeChart()
    {
        records::Chart chart = made::anna();
        for (int i = 0; i < 5000; ++i) {
            made::addLab(chart, i % 5 == 0 ? "Sodium" : "Thing " + std::to_string(i % 60), "",
                         std::to_string(100 + i % 70), "mmol/L",
                         QString::asprintf("20%02d-%02d-%02d", i % 26, 1 + i % 12, 1 + i % 28)
                             .toStdString());
        }
        QElapsedTimer timer;
        timer.start();
        QVERIFY(lookUp("last potassium", chart, kToday).has_value());
        QVERIFY(!lookUp("why was potassium stopped", chart, kToday).has_value());
        QVERIFY(lookUp("all sodium values", chart, kToday)->items.size() == 1000);
        qInfo("three look-ups in %lld ms", timer.elapsed());
    }
};

QTEST_GUILESS_MAIN(TestLookUp)
#include "tst_look_up.moc"
