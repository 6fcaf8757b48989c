// SPDX-License-Identifier: Apache-2.0
// Which words of a source are highlighted for a sentence.
#include "tests/app/fixtures.h"

#include "app/evidence/telling.h"

#include <QtTest>

namespace {

/// The parts of @p text that @p sentence says.
QStringList quoted(const char* sentence, const char* text)
{
    const QString whole = QString::fromUtf8(text);
    QStringList parts;
    for (const app::TextRange& range : app::Quote(QString::fromUtf8(sentence)).in(whole))
        parts += whole.mid(range.begin, range.end - range.begin);
    return parts;
}

const QByteArray kOrder =
    "{\"resourceType\":\"MedicationRequest\",\"id\":\"stopped-cough\",\"status\":\"stopped\","
    "\"text\":{\"div\":\"Ramipril stopped 2022-05-06 for persistent dry cough\"},"
    "\"category\":[{\"text\":\"persistent dry cough\"}],"
    "\"medicationCodeableConcept\":{\"text\":\"Ramipril 5 mg capsule\",\"coding\":[{\"system\":"
    "\"urn:cough\",\"code\":\"5\",\"display\":\"Ramipril 5 mg\"}]},"
    "\"subject\":{\"reference\":\"Patient/cough\"},\"authoredOn\":\"2020-02-03\","
    "\"statusReason\":{\"text\":\"Persistent dry cough\"},"
    "\"reasonCode\":[{\"text\":\"Heart failure\"}],"
    "\"dosageInstruction\":[{\"text\":\"One capsule at night\"}],"
    "\"note\":[{\"text\":\"Ankle swelling seen too\"}],"
    "\"dispenseRequest\":{\"validityPeriod\":{\"end\":\"2022-05-06\"}}}";
const QByteArray kLab =
    "{\"resourceType\":\"Observation\",\"status\":\"preliminary\",\"code\":{\"text\":\"Sodium\"},"
    "\"effectiveDateTime\":\"2023-04-05T08:00:00Z\",\"valueQuantity\":{\"value\":131.0,\"unit\":"
    "\"mmol/L\"},\"note\":[{\"text\":\"Sample slightly cloudy; please repeat within days\"}]}";
const QByteArray kPressure =
    "{\"resourceType\":\"Observation\",\"code\":{\"text\":\"Blood pressure\"},\"component\":["
    "{\"code\":{\"text\":\"Systolic\"},\"valueQuantity\":{\"value\":136}},"
    "{\"code\":{\"text\":\"Diastolic\"},\"valueQuantity\":{\"value\":84}}]}";

} // namespace

class TestSource : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsTheWordsOfASentenceAgain_data()
    {
        QTest::addColumn<QStringList>("found");
        QTest::addColumn<QStringList>("wanted");
        const auto row = [](const char* name, const QStringList& found, const QStringList& wanted) {
            QTest::newRow(name) << found << wanted;
        };
        const auto s = [](const char* text) { return QString::fromUtf8(text); };
        row("phrase",
            quoted("It was stopped because of the persistent dry cough.", "Persistent dry cough"),
            {s("Persistent dry cough")});
        row("plural", quoted("She has headaches.", "A headache at night"), {s("headache")});
        row("number", quoted("Sodium 131 mmol/L", "value 131.0"), {s("131.0")});
        row("unit", quoted("131 mmol/L.", "unit mmol/L"), {s("mmol/L")});
        row("day", quoted("stopped on 06-May-2022", "end 2022-05-06"), {s("2022-05-06")});
        row("instant", quoted("on 6 May 2022", "2022-05-06T08:10:00Z"), {s("2022-05-06")});
        row("American day", quoted("on May 6, 2022", "2022-05-06"), {s("2022-05-06")});
        row("letters", quoted("Für die Ödeme", "ödeme der Füße"), {s("ödeme")});
        // Look-alikes.
        row("other number", quoted("Sodium 131", "value 13.1, 1310, 31"), {});
        row("other day", quoted("on 06-May-2022", "2022-05-07 2022-06-05"), {});
        row("part of a word", quoted("iron was given", "environment, ironing"), {});
        row("fillers", quoted("It was because of the patient", "because of the patient"), {});
        row("letters in a number", quoted("5 tablets", "B5 5x"), {});
        row("no day", quoted("take 20 tablets 2019", "20 capsules 2019"), {s("20"), s("2019")});
        row("nothing said", quoted("", "Persistent dry cough"), {});
    }

    void findsTheWordsOfASentenceAgain()
    {
        QFETCH(QStringList, found);
        QTEST(found, "wanted");
    }

    void highlightsTheElementThatSupportsTheSentence_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QString>("sentence");
        QTest::addColumn<QString>("element");
        const auto row = [](const char* sentence, const QByteArray& json, const char* element) {
            QTest::newRow(sentence)
                << json << QString::fromUtf8(sentence) << QString::fromUtf8(element);
        };
        row("Ramipril was stopped because of the persistent dry cough.", kOrder, "statusReason");
        row("Ramipril was given for heart failure.", kOrder, "reasonCode[0]");
        row("One capsule at night.", kOrder, "dosageInstruction[0]");
        row("Ankle swelling was seen too.", kOrder, "note[0]");
        row("She takes ramipril 5 mg.", kOrder, "medicationCodeableConcept");
        row("Ramipril was stopped.", kOrder, "medicationCodeableConcept"); // most telling of equals
        row("It ended on 06-May-2022.", kOrder, "dispenseRequest");
        row("Nothing of this is here.", kOrder, "medicationCodeableConcept");
        row("", kOrder, "medicationCodeableConcept");
        row("Sodium 131 mmol/L on 05-Apr-2023, preliminary; note: Sample slightly cloudy; please "
            "repeat within days.",
            kLab, "valueQuantity");
        row("The sample was cloudy.", kLab, "note[0]"); // no value in the sentence
        row("Blood pressure 136/84 mmHg.", kPressure, "component");
        row("The diastolic value was 84.", kPressure, "component[1]");
    }

    void highlightsTheElementThatSupportsTheSentence()
    {
        QFETCH(QByteArray, json);
        QFETCH(QString, sentence);
        QFETCH(QString, element);
        const app::JsonOutline outline = app::outlineOf(json);
        const app::SourceRef source = fixtures::source(
            json == kOrder ? QStringLiteral("MedicationRequest") : QStringLiteral("Observation"),
            QStringLiteral("x"));
        const app::Telling telling = app::tellingOf(outline, source, sentence);
        const auto* wanted = outline.find(element);
        QVERIFY(wanted != nullptr);
        QCOMPARE(
            outline.text.mid(telling.element.begin, telling.element.end - telling.element.begin),
            outline.text.mid(wanted->begin, wanted->end - wanted->begin));
    }

    void marksWordsButNotNamesAndLinks()
    {
        const app::JsonOutline outline = app::outlineOf(kOrder);
        QStringList words;
        for (const app::TextRange& range :
             app::tellingOf(outline,
                            fixtures::source(QStringLiteral("MedicationRequest"), QString()),
                            QStringLiteral("Ramipril was stopped because of the dry cough."))
                 .words)
            words += outline.text.mid(range.begin, range.end - range.begin);
        QCOMPARE(words, QStringList({QStringLiteral("stopped"), QStringLiteral("Ramipril"),
                                     QStringLiteral("Ramipril"), QStringLiteral("dry cough")}));
    }

    void theServicesPathComesFirst()
    {
        const app::JsonOutline outline = app::outlineOf(kPressure);
        app::SourceRef source = fixtures::source(QStringLiteral("Observation"), QString());
        source.path = QStringLiteral("component[0]");
        const app::Telling telling =
            app::tellingOf(outline, source, QStringLiteral("The diastolic value was 84."));
        QCOMPARE(telling.element.begin, outline.find(source.path)->begin);
    }

    void bringsTheDensestWordsIntoView()
    {
        const app::TextRange whole{0, 1000};
        QCOMPARE(app::densest(whole, {}), whole);
        QCOMPARE(app::densest(whole, {{10, 15}, {500, 520}, {530, 545}, {900, 905}}),
                 (app::TextRange{500, 545}));
        QCOMPARE(app::densest({0, 100}, {{10, 15}, {500, 520}}), (app::TextRange{10, 15}));
        QCOMPARE(app::densest(whole, {{100, 800}}), (app::TextRange{100, 800}));
    }
};

QTEST_GUILESS_MAIN(TestSource)
#include "tst_source.moc"
