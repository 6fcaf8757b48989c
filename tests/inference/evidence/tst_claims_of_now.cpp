// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/check.h"

#include <QTest>

#include <algorithm>

using evidence::Evidence;
using evidence::EvidenceItem;
using evidence::Sentence;
using evidence::Topic;
using evidence::Verdict;

namespace {

EvidenceItem item(int number, Topic topic, const char* text, const char* date)
{
    EvidenceItem made;
    made.number = number;
    made.topic = topic;
    made.kind = topic == Topic::Note ? evidence::Kind::Passage : evidence::Kind::Fact;
    made.text = text;
    made.date = records::parseDate(date);
    made.family = std::string_view(text).starts_with("Family history");
    return made;
}

struct Told {
    int number;
    Topic topic;
    const char* text;
    const char* date;
};

/// A record of what was, what is, and what is only thought of.
constexpr Told kTold[] = {
    {1, Topic::Observation, "Tobacco smoking status Ex smoker on Jun-2013, final", "2013-06"},
    {2, Topic::Note, "Smoked 15 cigarettes a day until June 2013. Drinks little.", "2018-02-07"},
    {3, Topic::Note, "Hopes to become pregnant next year. Methotrexate stopped for that reason.",
     "2020-04-02"},
    {4, Topic::Note,
     "Ferritin low. Referred for gastroscopy as coeliac disease runs with thyroid "
     "disease. Suspected gallstones. No jaundice.",
     "2023-01-20"},
    {5, Topic::Other,
     "Procedure: Gastroscopy; Normal. Biopsies without coeliac disease.; completed; on "
     "11-Mar-2023",
     "2023-03-11"},
    {6, Topic::Medication,
     "Medication: Ferrous fumarate 210 mg tablet, completed; dosage: 1 tablet twice a "
     "day; started 21-Jan-2023; ended 30-Aug-2023; given for Iron deficiency",
     "2023-08-30"},
    {7, Topic::Condition,
     "Problem: Iron deficiency, resolved; since 20-Jan-2023; resolved "
     "30-Aug-2023",
     "2023-01-20"},
    {8, Topic::Note, "Presents with fever, suspected influenza, influenza.", "2019-12-03"},
    {9, Topic::Condition, "Problem: Influenza, resolved; since 03-Dec-2019; resolved 15-Dec-2019",
     "2019-12-03"},
    {10, Topic::Note, "Calf cramps gone two weeks after stopping pravastatin.", "2022-05-06"},
    {11, Topic::Note, "Calf cramps at night since March.", "2022-04-01"},
    {12, Topic::Note, "Started: ivabradine, nitrate patch. Ejection fraction 38 % today.",
     "2021-07-08"},
    {13, Topic::Note,
     "Has not used the nitrate patch for months. Ejection fraction has risen "
     "to 51 %.",
     "2024-07-08"},
    {14, Topic::Note,
     "If potassium rises, stop ramipril. Amlodipine may be added. Consider torasemide.",
     "2024-02-02"},
    {15, Topic::Medication,
     "Medication: Ramipril 5 mg tablet, active; dosage: 1 tablet in the morning; started "
     "02-Feb-2020; given for Essential hypertension",
     "2020-02-02"},
    {16, Topic::Medication,
     "Medication: Warfarin 5 mg tablet, stopped; started 01-Mar-2019; stopped "
     "10-Oct-2022; given for Deep vein thrombosis; reason for the status: Course finished",
     "2022-10-10"},
    {17, Topic::Note, "The INR went between 1.4 and 4.8 this summer, time in range was 38 %.",
     "2022-09-01"},
    {18, Topic::Observation, "INR 4.8 (range 0.9-1.1, high) on 05-Oct-2022, final", "2022-10-05"},
    {19, Topic::Observation, "Sodium 131 mmol/L (range 135-145, low) on 01-May-2023, final",
     "2023-05-01"},
    {20, Topic::Observation, "Sodium 139 mmol/L (range 135-145) on 04-Jun-2024, final",
     "2024-06-04"},
    {21, Topic::Other,
     "Family history: Type 2 diabetes mellitus; Brother; onset at age 48 years; "
     "completed",
     ""},
    {22, Topic::Note, "Weight 79.4 kg on our scale. Her father had a heart attack at 57.",
     "2024-06-04"},
    {23, Topic::Other, "Procedure: Cataract extraction, right eye; completed; on 06-Oct-2020",
     "2020-10-06"},
    {24, Topic::Note,
     "New haemorrhages in the left eye. Right eye unchanged after cataract "
     "surgery.",
     "2022-06-10"},
    {25, Topic::Medication,
     "Medication: Levothyroxine 75 microgram tablet, completed; started 01-Feb-2020; ended "
     "20-May-2024",
     "2024-05-20"},
    {26, Topic::Medication,
     "Medication: Levothyroxine 100 microgram tablet, active; started 20-May-2024", "2024-05-20"},
    {27, Topic::Condition, "Problem: Essential hypertension, active; since 2011", "2011"},
    {28, Topic::Note,
     "Used to drink heavily. Knee pain has settled, gout possible. Previously "
     "on gabapentin.",
     "2021-09-09"},
    {29, Topic::Observation, "Alcohol status Never drinker on 04-Feb-2018, final", "2018-02-04"},
    {30, Topic::Condition, "Problem: Sarcoidosis, active; since 2015", "2015"},
    {32, Topic::Note, "The INR target is 2.0 to 3.0.", "2021-01-05"},
    {33, Topic::Observation,
     "Obstetric history Two first-trimester pregnancy losses on 10-Jan-2022, final", "2022-01-10"},
    {34, Topic::Note, "Alcohol 4 units a week. Benign tumour of the parotid. Diabetic foot check.",
     "2022-01-12"},
    {31, Topic::Note, "No sign of sarcoidosis.", "2014-03-03"},
};

Evidence scripted()
{
    Evidence evidence;
    for (const Told& told : kTold)
        evidence.items.push_back(item(told.number, told.topic, told.text, told.date));
    return evidence;
}

QString reasonsOf(const Sentence& sentence)
{
    QString reasons;
    for (const evidence::Finding& finding : sentence.findings)
        reasons += QString::fromUtf8(evidence::nameOf(finding.reason)) + QStringLiteral(": ") +
                   QString::fromStdString(explain(finding)) + QStringLiteral("; ");
    return reasons;
}

struct Row {
    bool right;
    const char* reason;
    const char* sentence;
};

constexpr Row supported(const char* sentence)
{
    return {true, "", sentence};
}
constexpr Row wrong(const char* reason, const char* sentence)
{
    return {false, reason, sentence};
}

constexpr Row kSentences[] = {
    // What was is not what is.
    wrong("past", "Yes, she smokes [1]."),
    wrong("past", "She is a smoker [1]."),
    wrong("past", "She smokes 15 cigarettes a day [2]."),
    wrong("past", "She is on iron [6]."),
    wrong("past", "She has iron deficiency [6]."),
    wrong("past", "Yes, she has iron deficiency [7]."),
    wrong("past", "She has calf cramps [10]."),
    wrong("past", "She has knee pain [28]."),
    wrong("past", "She drinks heavily [28]."),
    wrong("past", "She has influenza [9]."),
    wrong("negation", "She is a drinker [29]."),
    supported("She is an ex smoker [1]."),
    supported("She smoked 15 cigarettes a day until June 2013 [2]."),
    supported("She had iron deficiency [7]."),
    supported("Her iron deficiency resolved in August 2023 [7]."),
    supported("She took ferrous fumarate until 30-Aug-2023 [6]."),
    supported("She had influenza in December 2019 [9]."),
    supported("Her calf cramps are gone [10]."),
    supported("She used to drink heavily [28]."),
    supported("She does not smoke [1]."),
    supported("She never was a drinker [29]."),
    supported("She is taking ramipril 5 mg [15]."),
    supported("She has hypertension [27]."),
    supported("She has sarcoidosis [30]."),
    supported("She takes levothyroxine 100 microgram [26]."),

    // What is wished, feared, advised or conditional is not so.
    wrong("unreal", "Yes, she is pregnant [3]."),
    wrong("unreal", "She was pregnant [3]."),
    wrong("unreal", "She has coeliac disease [4]."),
    wrong("unreal", "She had gallstones [4]."),
    wrong("unreal", "Ramipril was stopped [14]."),
    wrong("unreal", "Amlodipine was added [14]."),
    wrong("unreal", "She takes torasemide [14]."),
    wrong("unreal", "She has gout [28]."),
    supported("She hopes to become pregnant [3]."),
    supported("Gallstones were suspected [4]."),
    supported("Methotrexate was stopped [3]."),
    supported("She should stop ramipril if potassium rises [14]."),
    supported("She has no jaundice [4]."),
    supported("Gout is possible [28]."),

    // Other evidence says otherwise, or is newer.
    wrong("contradicted", "Yes, she has influenza [8]."),
    wrong("contradicted", "She has calf cramps [11]."),
    wrong("contradicted", "She uses the nitrate patch [12]."),
    wrong("contradicted", "The last sodium was 131 mmol/L [19]."),
    wrong("contradicted", "Her sodium is 131 mmol/L [19]."),
    wrong("contradicted", "She does not have sarcoidosis [31]."),
    wrong("direction", "Her INR is in range [17]."),
    wrong("contradicted", "The last ejection fraction was 38 % [12]."),
    supported("The last ejection fraction was 51 % [13]."),
    supported("The INR target is 2.0 to 3.0 [32]."),
    wrong("wording", "Yes, she is pregnant [33]."),
    wrong("wording", "She is an alcoholic [34]."),
    wrong("wording", "She has cancer [34]."),
    supported("Her diabetic foot was checked [34]."),
    supported("The last sodium was 139 mmol/L [20]."),
    supported("Her sodium was 131 mmol/L on 01-May-2023 [19]."),
    supported("She had calf cramps at night [11]."),
    supported("The nitrate patch was started [12]."),

    // Other persons and the other side.
    wrong("subject", "Weight 79.4 kg, brother [22]."),
    wrong("subject", "Her sister has type 2 diabetes [21]."),
    wrong("subject", "She has type 2 diabetes [21]."),
    wrong("side", "The left eye was operated on [23]."),
    wrong("contradicted", "The left eye was operated on for cataract [24]."),
    wrong("wording", "She is on a blood thinner [16]."),
    supported("Her brother has type 2 diabetes [21]."),
    supported("Her dad had a heart attack at 57 [22]."),
    supported("The right eye was operated on [23]."),
    supported("She had cataract surgery on the right eye [23]."),

    // Reasons stand with what they explain.
    wrong("cause", "Warfarin was stopped because the INR went between 1.4 and 4.8 [17][16]."),
    wrong("cause", "Warfarin was stopped because of the INR [16][17]."),
    supported("Warfarin was stopped because the course was finished [16]."),

    // Copies.
    supported("Medication: Warfarin 5 mg tablet, stopped; started 01-Mar-2019; stopped "
              "10-Oct-2022; given for Deep vein thrombosis; reason for the status: Course "
              "finished [16]"),
    supported("[16] Warfarin 5 mg tablet, stopped; started 01-Mar-2019; stopped 10-Oct-2022; "
              "given for Deep vein thrombosis"),
    supported("139 mmol/L (135-145) on 04-Jun-2024 [20]"),
    supported("The sodium on 4 June 2024 was 139 mmol/L (135-145) on 04-Jun-2024."),
    wrong("number", "139 mmol/L (136-145) on 04-Jun-2024 [20]"),
    wrong("unreal", "Coeliac disease runs with thyroid disease, she has both [4]."),
};

} // namespace

class TestClaimsOfNow : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void judges_data()
    {
        QTest::addColumn<bool>("right");
        QTest::addColumn<QString>("reason");
        for (const Row& row : kSentences)
            QTest::newRow(row.sentence) << row.right << QString::fromUtf8(row.reason);
    }
    void judges()
    {
        QFETCH(bool, right);
        QFETCH(QString, reason);
        const Sentence sentence = evidence::check(QTest::currentDataTag(), scripted());
        const QString reasons = reasonsOf(sentence);
        QVERIFY2(
            sentence.verdict == (right ? Verdict::Supported : Verdict::NotSupported),
            qPrintable(QString::fromUtf8(evidence::nameOf(sentence.verdict)) + u' ' + reasons));
        const bool told =
            std::ranges::any_of(sentence.findings, [&](const evidence::Finding& finding) {
                return reason == QString::fromUtf8(evidence::nameOf(finding.reason));
            });
        QVERIFY2(right ? sentence.findings.empty() : told, qPrintable(reasons));
    }

    void readsAnswersWithTheirQuestion_data()
    {
        QTest::addColumn<QString>("question");
        QTest::addColumn<QString>("before");
        QTest::addColumn<QString>("answer");
        QTest::addColumn<QString>("verdict");
        const auto row = [](const char* question, const char* answer, const char* verdict,
                            const char* before = "") {
            QTest::addRow("%s %s", question, answer)
                << QString::fromUtf8(question) << QString::fromUtf8(before)
                << QString::fromUtf8(answer) << QString::fromUtf8(verdict);
        };
        row("Does she smoke?", "Yes, [1].", "not_supported");
        row("Does she smoke?", "No. [1]", "supported");
        row("Is she pregnant?", "Yes. [3]", "not_supported");
        row("Does she have sarcoidosis?", "Yes [30].", "supported");
        row("Does she have sarcoidosis?", "No, she does not. [30]", "not_supported");
        row("Does she have sarcoidosis?", "The answer is: No.", "not_supported");
        row("Does her brother have type 2 diabetes?", "Yes, he has. [21]", "supported");
        row("Does her sister have type 2 diabetes?", "Yes. [21]", "not_supported");
        row("Why was warfarin stopped?", "Yes. [16]", "no_claim"); // nothing that yes answers
        row("last ejection fraction", "[12] 38%", "not_supported");
        row("last ejection fraction", "[13] 51%", "supported");
        row("ejection fraction in July 2021", "[12] 38%", "supported");
        row("What is the last sodium?", "131 mmol/L [19]", "not_supported");
        row("What is the last sodium?", "139 mmol/L [20]", "supported");
        row("Tell me of warfarin", "It was stopped on 10-Oct-2022 [16].", "supported",
            "She took warfarin [16].");
        row("Tell me of ramipril", "It was stopped on 10-Oct-2022 [16].", "not_supported",
            "She takes ramipril [15].");
        row("Tell me of ramipril", "It was stopped on 10-Oct-2022 [16].", "not_supported");
    }
    void readsAnswersWithTheirQuestion()
    {
        QFETCH(QString, question);
        QFETCH(QString, before);
        QFETCH(QString, answer);
        QFETCH(QString, verdict);
        const std::string asked = question.toStdString();
        const std::string said = before.toStdString();
        const Sentence sentence = evidence::check(answer.toStdString(), scripted(),
                                                  {.question = asked, .saidBefore = said});
        QVERIFY2(QString::fromUtf8(evidence::nameOf(sentence.verdict)) == verdict,
                 qPrintable(QString::fromUtf8(evidence::nameOf(sentence.verdict)) + u' ' +
                            reasonsOf(sentence)));
    }

    /// The number of a sentence that does not stand is left as it was written.
    void correctsNothingThatIsContradicted()
    {
        const Sentence right = evidence::check("She had calf cramps at night [20].", scripted());
        QCOMPARE(right.verdict, Verdict::Supported);
        QCOMPARE(right.corrected, std::vector<int>{20});
        const Sentence over = evidence::check("She has calf cramps [20].", scripted());
        QCOMPARE(over.verdict, Verdict::NotSupported);
        QCOMPARE(over.cited, std::vector<int>{20});
        QVERIFY(over.corrected.empty());
    }

    void namesTheEvidenceThatContradicts()
    {
        const Sentence sentence = evidence::check("She has calf cramps [11].", scripted());
        QCOMPARE(sentence.findings,
                 (std::vector<evidence::Finding>{{evidence::Reason::Contradicted, "[10]"}}));
    }
};

QTEST_GUILESS_MAIN(TestClaimsOfNow)
#include "tst_claims_of_now.moc"
