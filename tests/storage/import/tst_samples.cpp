// SPDX-License-Identifier: Apache-2.0
// cloister-import --check on whole bundles: the shared samples against an independent count, and
// what the demo's patients were written for.
#include "storage/import/document.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTest>

namespace {

struct Ran {
    int exit = -1;
    QByteArray output;
};

Ran run(const QString& program, const QStringList& arguments)
{
    QProcess process;
    process.setProcessEnvironment({}); // as the daemon starts it
    process.start(program, arguments);
    if (!process.waitForFinished(60000))
        return {};
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
            process.readAllStandardOutput()};
}

QByteArray checkBytes(const QString& file, int expectedExit)
{
    const Ran ran =
        run(QStringLiteral(PROGRAMS "/cloister-import"), {QStringLiteral("--check"), file});
    return ran.exit == expectedExit ? ran.output : QByteArray();
}

QJsonObject check(const QString& file, int expectedExit)
{
    return QJsonDocument::fromJson(checkBytes(file, expectedExit)).object();
}

/// Whether @p list is what may stand as "warnings": each a code, a count of at least one and a
/// sentence, in order of code, none twice.
bool areWarnings(const QJsonArray& list)
{
    QString last;
    for (const QJsonValue& value : list) {
        const QJsonObject warning = value.toObject();
        const QString code = warning[QLatin1String("code")].toString();
        static const QRegularExpression kCode(QStringLiteral("^[a-z]+(_[a-z]+)*$"));
        if (warning.keys() != QStringList{QStringLiteral("code"), QStringLiteral("count"),
                                          QStringLiteral("detail")} ||
            !kCode.match(code).hasMatch() || code <= last ||
            warning[QLatin1String("count")].toInteger() < 1 ||
            !warning[QLatin1String("detail")].toString().endsWith(u'.'))
            return false;
        last = code;
    }
    return true;
}

imports::ImportedDocument demo(const char* name)
{
    QFile file(QStringLiteral(DEMO "/") + QString::fromLatin1(name));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    auto document = imports::readFhirBundle(file.readAll().toStdString());
    return document ? std::move(*document) : imports::ImportedDocument{};
}

bool contains(const std::string& text, std::string_view words)
{
    return text.find(words) != std::string::npos;
}

} // namespace

class TestSamples : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void countsAsAnIndependentScriptDoes_data()
    {
        QTest::addColumn<QString>("file");
        for (const QString& folder :
             {QStringLiteral(SHARED_DATA "/records/fhir"), QStringLiteral(DEMO)}) {
            const QDir dir(folder);
            for (const QString& name : dir.entryList({QStringLiteral("*.json")}, QDir::Files))
                QTest::newRow(qPrintable(name)) << dir.filePath(name);
        }
        if (QDir(QStringLiteral(SHARED_DATA)).exists())
            QVERIFY(QDir(QStringLiteral(SHARED_DATA "/records/fhir")).exists());
    }

    void countsAsAnIndependentScriptDoes()
    {
        QFETCH(QString, file);
        const Ran script =
            run(QStringLiteral("/usr/bin/python3"), {QStringLiteral(COUNT_RESOURCES), file});
        QCOMPARE(script.exit, 0);
        const QJsonObject expected = QJsonDocument::fromJson(script.output).object();
        const QJsonArray patients = expected[QLatin1String("patients")].toArray();
        QVERIFY(!patients.isEmpty());

        if (patients.size() > 1 || expected[QLatin1String("foreign")].toInt() > 0) {
            const QJsonObject whole = check(file, 1);
            QCOMPARE(whole.keys(), QStringList{QStringLiteral("error")});
            const QJsonObject refusal = whole[QLatin1String("error")].toObject();
            QCOMPARE(refusal.keys(),
                     (QStringList{QStringLiteral("code"), QStringLiteral("detail")}));
            QCOMPARE(refusal[QLatin1String("code")].toString(),
                     patients.size() > 1 ? QStringLiteral("several_patients")
                                         : QStringLiteral("mixed_patients"));
            return;
        }
        // Keys, their order, patient and counts, to the byte; then the warnings and nothing more.
        const QByteArray report = checkBytes(file, 0);
        const QByteArray wanted = expected[QLatin1String("report")].toString().toUtf8();
        QCOMPARE(report.left(wanted.size()), wanted);
        const QJsonDocument whole = QJsonDocument::fromJson(report);
        QCOMPARE(whole.object().size(), qsizetype(4));
        QVERIFY(report.endsWith("]}\n"));
        QVERIFY(areWarnings(whole[QLatin1String("warnings")].toArray()));
    }

    void pointsIntoTheOriginal()
    {
        QFile file(QStringLiteral(DEMO "/anna-testfield.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        const auto document = imports::readFhirBundle(bytes.toStdString());
        QVERIFY(document);
        for (const records::Observation& observation : document->chart.observations) {
            const auto span = bytes.mid(
                static_cast<qsizetype>(observation.source.begin),
                static_cast<qsizetype>(observation.source.end - observation.source.begin));
            const QJsonObject resource = QJsonDocument::fromJson(span).object();
            QCOMPARE(resource[QLatin1String("id")].toString().toStdString(),
                     observation.source.resourceId);
            if (observation.quantity)
                QVERIFY(
                    span.contains(QByteArray::fromStdString(": " + observation.quantity->value)));
        }
    }

    void annasRecordHoldsItsTraps()
    {
        const auto anna = demo("anna-testfield.json");
        const records::Chart& chart = anna.chart;
        int active = 0;
        int stopped = 0;
        for (const records::Medication& medication : chart.medications) {
            if (!contains(medication.code.name(), "Lisinopril"))
                continue;
            if (medication.state == records::MedicationState::Active)
                ++active;
            else if (contains(medication.statusReason, "cough") &&
                     medication.ended.text == "2024-03-04")
                ++stopped;
        }
        QCOMPARE(active, 1);
        QCOMPARE(stopped, 1);
        QCOMPARE(chart.allergies.size(), std::size_t{1});
        QVERIFY(!contains(chart.allergies[0].code.name(), "rimethoprim"));
        QVERIFY(std::ranges::any_of(chart.documents, [](const records::Document& note) {
            return contains(note.text, "trimethoprim");
        }));
        const auto has = [&](records::Standing standing, std::string_view value) {
            return std::ranges::any_of(chart.observations, [&](const records::Observation& lab) {
                return lab.standing == standing && lab.quantity && lab.quantity->value == value;
            });
        };
        QVERIFY(has(records::Standing::Preliminary, "5.4"));
        QVERIFY(has(records::Standing::Corrected, "1.36"));
        QVERIFY(std::ranges::none_of(chart.conditions, [](const records::Condition& condition) {
            return contains(condition.code.name(), "Asthma") ||
                   contains(condition.code.name(), "obstructive");
        }));
        QCOMPARE(std::ranges::count(chart.documents, false, &records::Document::readable), 1);
    }

    void bertramsRecordHoldsItsTraps()
    {
        const auto bertram = demo("bertram-samplewood.json");
        QCOMPARE(bertram.chart.allergies.size(), std::size_t{1});
        QVERIFY(bertram.chart.allergies[0].noKnownAllergy);
        QVERIFY(bertram.chart.allergies[0].resolved);
        QVERIFY(std::ranges::any_of(bertram.chart.others, [](const records::OtherEntry& entry) {
            return entry.kind == "FamilyMemberHistory" && contains(entry.detail, "Mother") &&
                   contains(entry.code.name(), "penicillin");
        }));
        QVERIFY(
            std::ranges::any_of(bertram.chart.observations, [](const records::Observation& lab) {
                return lab.quantity && lab.quantity->comparator == "<" &&
                       lab.quantity->value == "0.01";
            }));
        QVERIFY(std::ranges::any_of(bertram.chart.others, [](const records::OtherEntry& entry) {
            return entry.kind == "Procedure" && entry.date.text == "1979" && entry.date.month == 0;
        }));
    }

    void clarasRecordHoldsItsTraps()
    {
        const auto clara = demo("clara-mockridge.json");
        QVERIFY(clara.chart.allergies.empty());
        QVERIFY(
            std::ranges::any_of(clara.chart.medications, [](const records::Medication& medication) {
                return medication.code.name() == "Levothyroxine 100 microgram tablet" &&
                       medication.dosage == "100 microgram, by mouth, 1 time every 1 d";
            }));
        QVERIFY(std::ranges::none_of(
            clara.chart.observations, [](const records::Observation& observation) {
                return observation.quantity && observation.quantity->value == "148";
            }));
        QVERIFY(std::ranges::none_of(clara.chart.medications,
                                     [](const records::Medication& medication) {
                                         return contains(medication.code.name(), "Beta");
                                     }));
    }

    void printsAnErrorForWhatItCannotOpen()
    {
        const QJsonObject error =
            check(QStringLiteral("/nonexistent/secret-name.json"), 1)[QLatin1String("error")]
                .toObject();
        QCOMPARE(error[QLatin1String("code")].toString(), QStringLiteral("unreadable"));
        QVERIFY(!error[QLatin1String("detail")].toString().contains(QLatin1String("secret-name")));
        QCOMPARE(
            run(QStringLiteral(PROGRAMS "/cloister-import"), {QStringLiteral("--nonsense")}).exit,
            2);
    }

    void probesItsSandboxAndTheControl()
    {
        const auto probe = [](const char* verb) {
            const Ran ran =
                run(QStringLiteral(PROGRAMS "/cloister-import"), {QString::fromLatin1(verb)});
            return QJsonDocument::fromJson(ran.output).object();
        };
        const QJsonObject inside = probe("--probe-sandbox");
        const QJsonObject outside = probe("--probe-sandbox=outside");
        QVERIFY(inside.size() >= 20);
        QCOMPARE(inside.keys(), outside.keys());
        for (const QString& action : inside.keys()) {
            QVERIFY2(inside[action] == QLatin1String("denied"), qPrintable(action));
            QVERIFY2(outside[action] == QLatin1String("allowed"), qPrintable(action));
        }
    }
};

QTEST_GUILESS_MAIN(TestSamples)
#include "tst_samples.moc"
