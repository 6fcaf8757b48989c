// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/sentences.h"

#include <QTest>

#include <random>

using evidence::SentenceSpan;
using evidence::SentenceSplitter;
using evidence::splitSentences;

namespace {

QStringList textsOf(const std::vector<SentenceSpan>& sentences)
{
    QStringList texts;
    for (const SentenceSpan& sentence : sentences)
        texts << QString::fromStdString(sentence.text);
    return texts;
}

} // namespace

class TestSentences : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cuts_data()
    {
        QTest::addColumn<QString>("answer");
        QTest::addColumn<QStringList>("sentences");
        const auto row = [](const char* name, const char* answer, const QStringList& sentences) {
            QTest::newRow(name) << QString::fromUtf8(answer) << sentences;
        };
        const auto s = [](const char* text) { return QString::fromUtf8(text); };
        row("nothing", "", {});
        row("blanks", "  \n ", {});
        row("no full stop", "Potassium 4.1", {s("Potassium 4.1")});
        row("mark before the stop", "It was 4.1 mmol/L [1]. It rose [2].",
            {s("It was 4.1 mmol/L [1]."), s("It rose [2].")});
        row("mark behind the stop", "It was 4.1 mmol/L. [1] It rose. [2][3]",
            {s("It was 4.1 mmol/L. [1]"), s("It rose. [2][3]")});
        row("mark and another stop", "It was 4.1. [1]. It rose [2].",
            {s("It was 4.1. [1]."), s("It rose [2].")});
        row("mark without a blank", "It was stopped.[1][2] Losartan followed.[3]",
            {s("It was stopped.[1][2]"), s("Losartan followed.[3]")});
        row("marks in front", "[1] It was 4.1. [2] It rose.",
            {s("[1] It was 4.1."), s("[2] It rose.")});
        row("lists of marks", "It was 4.1 [1, 2]. And so [1-3].",
            {s("It was 4.1 [1, 2]."), s("And so [1-3].")});
        row("decimals and units", "She takes 2.5 mg. of it daily at 0.5 mL/min. Well tolerated.",
            {s("She takes 2.5 mg. of it daily at 0.5 mL/min."), s("Well tolerated.")});
        row("titles", "Dr. Okafor saw her. Mrs. J. Smith agreed, e.g. Monday.",
            {s("Dr. Okafor saw her."), s("Mrs. J. Smith agreed, e.g. Monday.")});
        row("a vitamin is no initial", "She takes vitamin K. She is well.",
            {s("She takes vitamin K."), s("She is well.")});
        row("lines", "Medications:\n- Metformin 500 mg [1]\n- Losartan [2]",
            {s("Medications:"), s("- Metformin 500 mg [1]"), s("- Losartan [2]")});
        row("numbered", "1. Metformin [1].\n2. Losartan [2].",
            {s("1. Metformin [1]."), s("2. Losartan [2].")});
        row("marks on their own line", "It was stopped.\n[1]\nLosartan followed [2].",
            {s("It was stopped.\n[1]"), s("Losartan followed [2].")});
        row("question and quotation", "Why? \"Dry cough.\" It went [1]!",
            {s("Why?"), s("\"Dry cough.\""), s("It went [1]!")});
        row("bracket that is no mark", "Given [sic] twice. Then [x] stopped.",
            {s("Given [sic] twice."), s("Then [x] stopped.")});
        row("letters beyond ASCII", "Fièvre à 39,5 °C [1]. Ende.",
            {s("Fièvre à 39,5 °C [1]."), s("Ende.")});
        row("unfinished mark at the end", "It was 4.1 [1", {s("It was 4.1 [1")});
    }
    void cuts()
    {
        QFETCH(QString, answer);
        QFETCH(QStringList, sentences);
        QCOMPARE(textsOf(splitSentences(answer.toStdString())), sentences);
    }

    void isTheSameForEveryCut_data() { cuts_data(); }
    /// Byte by byte, and in random pieces: the same sentences, and spans that lie in the text.
    void isTheSameForEveryCut()
    {
        QFETCH(QString, answer);
        const std::string text = answer.toStdString();
        const auto whole = splitSentences(text);
        for (const SentenceSpan& sentence : whole)
            QCOMPARE(text.substr(sentence.begin, sentence.end - sentence.begin), sentence.text);
        std::mt19937 random(7);
        for (int run = 0; run < 20; ++run) {
            SentenceSplitter splitter;
            std::vector<SentenceSpan> found;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t length = run == 0 ? 1 : 1 + random() % 9;
                for (auto& sentence : splitter.push(std::string_view(text).substr(at, length)))
                    found.push_back(sentence);
                at += length;
            }
            for (auto& sentence : splitter.finish())
                found.push_back(sentence);
            QCOMPARE(textsOf(found), textsOf(whole));
        }
    }

    void givesASentenceAsSoonAsItIsCertain()
    {
        SentenceSplitter splitter;
        QVERIFY(splitter.push("It was 4.1 mmol/L [1].").empty()); // a mark may follow
        QCOMPARE(splitter.push(" T").size(), 1U);
    }

    void readsMarks()
    {
        QCOMPARE(evidence::citationsIn("a [1][3] b [2, 4] c [6-8] d [x] [0] [99999999999999]"),
                 (std::vector<int>{1, 3, 2, 4, 6, 7, 8, 0, 0}));
        QCOMPARE(evidence::withoutCitations("It was 4.1 mmol/L [1][2]. It rose. [3]"),
                 std::string("It was 4.1 mmol/L. It rose."));
        QCOMPARE(evidence::withoutCitations("[1] It was 4.1."), std::string("It was 4.1."));
    }
};

QTEST_GUILESS_MAIN(TestSentences)
#include "tst_sentences.moc"
