// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/check.h"
#include "inference/evidence/look_up.h"

#include "made_chart.h"
#include "scripted_sentences.h"

#include <QTest>

using evidence::Evidence;
using evidence::Reason;
using evidence::Sentence;
using evidence::Verdict;
using scripted_sentences::item;
using scripted_sentences::scripted;

class TestCheck : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void judges_data()
    {
        QTest::addColumn<QString>("verdict");
        QTest::addColumn<QString>("reason");
        for (const auto& row : scripted_sentences::kSentences)
            QTest::newRow(row.sentence)
                << QString::fromUtf8(row.verdict) << QString::fromUtf8(row.reason);
    }
    void judges()
    {
        QFETCH(QString, verdict);
        QFETCH(QString, reason);
        const Sentence sentence = evidence::check(QTest::currentDataTag(), scripted());
        QString reasons;
        for (const evidence::Finding& finding : sentence.findings)
            reasons += QString::fromUtf8(evidence::nameOf(finding.reason)) + QStringLiteral(": ") +
                       QString::fromStdString(explain(finding)) + QStringLiteral("; ");
        QVERIFY2(QString::fromUtf8(evidence::nameOf(sentence.verdict)) == verdict,
                 qPrintable(QString::fromUtf8(evidence::nameOf(sentence.verdict)) +
                            QStringLiteral(" ") + reasons));
        const bool told =
            std::ranges::any_of(sentence.findings, [&](const evidence::Finding& finding) {
                return reason == QString::fromUtf8(evidence::nameOf(finding.reason));
            });
        QVERIFY2(reason.isEmpty() ? sentence.findings.empty() : told, qPrintable(reasons));
    }

    void correctsAWrongNumber_data()
    {
        QTest::addColumn<QList<int>>("cited");
        QTest::addColumn<QList<int>>("corrected");
        const auto corrected = [](const QList<int>& from, int to, const char* text) {
            QTest::newRow(text) << QList<int>{to} << from;
        };
        const auto kept = [](const QList<int>& cited, const char* text) {
            QTest::newRow(text) << cited << QList<int>{};
        };
        corrected({4}, 5, "Lisinopril was stopped because of the persistent dry cough [4].");
        corrected({2}, 1, "The potassium was 5.6 mmol/L on 02-Mar-2026 [2].");
        corrected({1}, 11, "Potassium was 4.6 mmol/L on 09-Jan-2024 [1].");
        corrected({1}, 10, "Her blood pressure was 132/84 mmHg [1].");
        corrected({3}, 4, "Metformin 500 mg is taken twice daily [3].");
        corrected({1, 2}, 3, "Lisinopril was stopped on 03-Mar-2026 [1, 2].");
        corrected({4}, 8, "She is allergic to penicillin [4] [4].");
        corrected({12}, 9, "Asthma resolved in June 2015 [12].");
        corrected({1}, 6, "Her mother had breast cancer [1].");
        corrected({2}, 5, "She denies chest pain [2].");
        corrected({40}, 7, "Troponin I was below 0.01 ng/mL [40][40].");
        // Controls: right as written, or one thing that no item says.
        kept({5}, "Lisinopril was stopped because of the persistent dry cough [5].");
        kept({1, 2}, "Sodium was 139 mmol/L [2][1][2].");
        kept({2}, "The potassium was 5.7 mmol/L on 02-Mar-2026 [2].");
        kept({3}, "Losartan 100 mg once daily was started [3].");
        kept({2}, "The potassium was 5.6 mg/dL [2].");
        kept({1}, "Troponin I was 0.01 ng/mL [1].");
        kept({4}, "Lisinopril was stopped on 04-Mar-2026 [4].");
        kept({2}, "Potassium was 4.6 mmol/L on 02-Mar-2026 [2].");
        kept({4}, "Ramipril was stopped because of a persistent dry cough [4].");
        kept({4}, "Lisinopril was stopped because of hyperkalaemia [4].");
        kept({1}, "Lisinopril was not stopped [1].");
        kept({1}, "She had breast cancer [1].");
        kept({1}, "She had pain in the left knee [1].");
        kept({1}, "Metformin was stopped [1].");
        kept({1}, "She was admitted with appendicitis [1].");
        kept({1}, "139 [1].");
        kept({4}, "It was stopped on 03-Mar-2026 [4]."); // what was?
        kept({4}, "It was stopped because of a persistent dry cough [4].");
        kept({}, "The potassium was 6.2 mmol/L [40].");
    }
    /// A right sentence behind a wrong number is supported; a wrong one stays marked.
    void correctsAWrongNumber()
    {
        QFETCH(QList<int>, cited);
        QFETCH(QList<int>, corrected);
        const Sentence sentence = evidence::check(QTest::currentDataTag(), scripted());
        QCOMPARE(QList<int>(sentence.cited.begin(), sentence.cited.end()), cited);
        QCOMPARE(QList<int>(sentence.corrected.begin(), sentence.corrected.end()), corrected);
        QCOMPARE(sentence.text, std::string(QTest::currentDataTag()));
        QVERIFY(!sentence.attached);
        const bool right =
            !corrected.isEmpty() || cited == QList<int>{5} || cited == QList<int>{1, 2};
        QCOMPARE(sentence.verdict, right ? Verdict::Supported : Verdict::NotSupported);
        QCOMPARE(sentence.findings.empty(), right);
    }

    void correctsNothingFromWordsOfSeveralSentences()
    {
        Evidence evidence;
        const auto note = [&](const char* text) {
            const auto number = static_cast<int>(evidence.items.size()) + 1;
            evidence.items.push_back(item(number, evidence::Topic::Note, text, "2024-03-04"));
        };
        note("Metformin continued.");
        note("Lisinopril was stopped because of angioedema. Persistent dry cough since July.");
        const char* const claimed = "Lisinopril was stopped because of a persistent dry cough [1].";
        QCOMPARE(evidence::check(claimed, evidence).verdict, Verdict::NotSupported);
        note("Seen today. Stopped lisinopril because of a persistent dry cough. Well otherwise.");
        const Sentence sentence = evidence::check(claimed, evidence);
        QCOMPARE(sentence.verdict, Verdict::Supported);
        QCOMPARE(sentence.cited, std::vector<int>{3});
    }

    /// Evidence that denies the sentence is no slip of a number, whatever another item says, and a
    /// newer denial stands against any number.
    void correctsNoDenial()
    {
        Evidence evidence;
        evidence.items = {item(1, evidence::Topic::Note, "Denies chest pain.", "2024-03-04"),
                          item(2, evidence::Topic::Note, "Chest pain on exertion.", "2012-05-01"),
                          item(3, evidence::Topic::Note, "Weight stable.", "2024-03-04")};
        const Sentence denied = evidence::check("She has chest pain [1].", evidence);
        QCOMPARE(denied.verdict, Verdict::NotSupported);
        QCOMPARE(denied.cited, std::vector<int>{1});
        const Sentence old = evidence::check("She has chest pain [3].", evidence);
        QCOMPARE(old.verdict, Verdict::NotSupported);
        QCOMPARE(old.findings, (std::vector<evidence::Finding>{{Reason::Contradicted, "[1]"}}));
        const Sentence slip = evidence::check("She had chest pain [3].", evidence);
        QCOMPARE(slip.verdict, Verdict::Supported);
        QCOMPARE(slip.cited, std::vector<int>{2});
    }

    void tellsAnUnknownNumberOnce()
    {
        for (const char* text : {"The potassium was 5.6 mmol/L [1][40][40].",
                                 "The potassium was 5.6 mmol/L [1, 40] [40]."}) {
            const Sentence sentence = evidence::check(text, scripted());
            QCOMPARE(sentence.cited, std::vector<int>{1});
            QCOMPARE(sentence.findings,
                     (std::vector<evidence::Finding>{{Reason::UnknownCitation, "[40]"}}));
        }
    }

    void readsEveryFormOfMarks_data()
    {
        QTest::addColumn<QList<int>>("cited");
        QTest::newRow("[1]") << QList<int>{1};
        QTest::newRow("[1][1]") << QList<int>{1};
        QTest::newRow("[1] [1]") << QList<int>{1};
        QTest::newRow("[1, 1]") << QList<int>{1};
        QTest::newRow("[1, 2]") << QList<int>{1, 2};
        QTest::newRow("[2][1]") << QList<int>{1, 2};
        QTest::newRow("[1,2] [2]") << QList<int>{1, 2};
        QTest::newRow("[1-2]") << QList<int>{1, 2};
    }
    void readsEveryFormOfMarks()
    {
        QFETCH(QList<int>, cited);
        const std::string marks = QTest::currentDataTag();
        for (const std::string& text :
             {"The potassium was 5.6 mmol/L " + marks + ".",
              "The potassium was 5.6 mmol/L. " + marks, "The potassium was 5.6 mmol/L " + marks}) {
            const Sentence sentence = evidence::check(text, scripted());
            QCOMPARE(QList<int>(sentence.cited.begin(), sentence.cited.end()), cited);
            QCOMPARE(sentence.verdict, Verdict::Supported);
        }
    }

    void attachesEvidenceToASentenceWithoutCitation()
    {
        const Sentence one =
            evidence::check("The last potassium was 5.6 mmol/L on 02-Mar-2026.", scripted());
        QCOMPARE(one.verdict, Verdict::Supported);
        QVERIFY(one.attached);
        QCOMPARE(one.cited, std::vector<int>{1});
        const Sentence two =
            evidence::check("Her potassium was 5.6 and her sodium 139 mmol/L.", scripted());
        QCOMPARE(two.verdict, Verdict::Supported);
        QCOMPARE(two.cited, (std::vector<int>{1, 2}));
    }

    void countsCitationsOnce()
    {
        const Sentence sentence = evidence::check("Sodium was 139 mmol/L [2][1][2].", scripted());
        QCOMPARE(sentence.cited, (std::vector<int>{1, 2}));
        QVERIFY(!sentence.attached);
    }

    /// What the look-ups tell as supported stands in their own evidence by these checks, too.
    void agreesWithTheLookUps_data()
    {
        QTest::addColumn<bool>("unused");
        for (const char* question :
             {"last potassium", "all blood pressure values", "allergies", "current medications",
              "past medications", "problem list", "past problems", "last hba1c", "last troponin"})
            QTest::newRow(question) << true;
    }
    void agreesWithTheLookUps()
    {
        const auto answer = evidence::lookUp(QTest::currentDataTag(), made::anna(), made::kToday);
        QVERIFY(answer);
        Evidence evidence;
        evidence.items = answer->items;
        int supported = 0;
        for (const Sentence& sentence : answer->sentences) {
            if (sentence.verdict != Verdict::Supported)
                continue;
            ++supported;
            const Sentence checked = evidence::check(sentence.text, evidence);
            QVERIFY2(checked.verdict == Verdict::Supported,
                     checked.findings.empty() ? sentence.text.c_str()
                                              : explain(checked.findings[0]).c_str());
        }
        QVERIFY(supported > 0);
    }

    void survivesStrangeText_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("marks only") << QByteArray("[1][2]");
        QTest::newRow("open bracket") << QByteArray("[[[[1");
        QTest::newRow("invalid UTF-8") << QByteArray("\xFF\xC3 7.7 \xE2\x80 [1]");
        QTest::newRow("digits") << QByteArray(5000, '9');
        QTest::newRow("points") << QByteArray("1.1.1.1.1..5..").repeated(200);
        QTest::newRow("dates") << QByteArray("2026-02-30 99/99/9999 Mar March of ").repeated(50);
    }
    void survivesStrangeText()
    {
        QFETCH(QByteArray, text);
        const Sentence sentence = evidence::check(text.toStdString(), scripted());
        QVERIFY(sentence.verdict != Verdict::Computed);
        QVERIFY(sentence.verdict != Verdict::Supported || text.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestCheck)
#include "tst_check.moc"
