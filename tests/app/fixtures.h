// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/app/fake_backend.h"

#include "app/format.h"

#include <algorithm>

/// Two made-up patients and one answer with every verdict, for tests of the window.
namespace fixtures {

inline app::SourceRef source(const QString& type, const QString& id)
{
    return {QString(64, QLatin1Char('a')), type, id, {}, 100, 400};
}

inline QList<app::Allergy> allergiesOfAda()
{
    return {{QStringLiteral("Penicillin"),
             QStringLiteral("high"),
             QStringLiteral("confirmed"),
             QStringLiteral("2011"),
             {QStringLiteral("anaphylaxis")},
             false,
             source(QStringLiteral("AllergyIntolerance"), QStringLiteral("a1"))},
            {QStringLiteral("Nickel"),
             {},
             QStringLiteral("unconfirmed"),
             QStringLiteral("1999-05"),
             {QStringLiteral("rash")},
             true,
             source(QStringLiteral("AllergyIntolerance"), QStringLiteral("a2"))}};
}

inline QList<app::Problem> problemsOfAda()
{
    const auto problem = [](const char* name, const char* state, const char* verification,
                            const char* onset, const char* abated) {
        app::Problem made;
        made.name = QString::fromUtf8(name);
        made.state = QString::fromUtf8(state);
        made.verification = QString::fromUtf8(verification);
        made.onset = QString::fromUtf8(onset);
        made.abated = QString::fromUtf8(abated);
        made.source = source(QStringLiteral("Condition"), made.name);
        return made;
    };
    return {problem("Essential hypertension", "active", "confirmed", "2011-04-02", ""),
            problem("Community-acquired pneumonia", "resolved", "confirmed", "2019-01", "2019-02"),
            problem("Chronic kidney disease stage 3", "unknown", "differential", "2025", "")};
}

inline QList<app::Medication> medicationsOfAda()
{
    return {
        {QStringLiteral("Lisinopril 10 mg tablet"), QStringLiteral("stopped"),
         QStringLiteral("request"), QStringLiteral("10 mg once daily"),
         QStringLiteral("hypertension"), QStringLiteral("persistent dry cough"),
         QStringLiteral("2024-05-10"), QStringLiteral("2026-03-03"),
         source(QStringLiteral("MedicationRequest"), QStringLiteral("m1"))},
        {QStringLiteral("Losartan 50 mg tablet"),
         QStringLiteral("active"),
         QStringLiteral("request"),
         QStringLiteral("50 mg once daily"),
         {},
         {},
         QStringLiteral("2026-03-03"),
         {},
         source(QStringLiteral("MedicationRequest"), QStringLiteral("m2"))},
    };
}

inline QList<app::Lab> labsOfAda()
{
    const auto lab = [](const char* name, const char* value, const char* unit, const char* flag,
                        const char* low, const char* high, const char* date, const char* standing) {
        app::Lab made;
        made.name = QString::fromUtf8(name);
        made.value = QString::fromUtf8(value);
        made.unit = QString::fromUtf8(unit);
        made.interpretation = QString::fromUtf8(flag);
        made.low = QString::fromUtf8(low);
        made.high = QString::fromUtf8(high);
        made.date = QString::fromUtf8(date);
        made.standing = QString::fromUtf8(standing);
        made.source = source(QStringLiteral("Observation"), made.name + made.date);
        return made;
    };
    return {
        lab("Potassium [Moles/volume] in Serum or Plasma", "5.4", "mmol/L", "H", "3.5", "5.1",
            "2026-11-02T08:10:00+01:00", "preliminary"),
        lab("Creatinine", "88", "µmol/L", "", "45", "84", "2026-11-02", "final"),
        lab("Hemoglobin A1c", "7.10", "%", "H", "", "6.5", "2026-09-14", "corrected"),
        lab("Potassium [Moles/volume] in Serum or Plasma", "4.1", "mmol/L", "", "3.5", "5.1",
            "2026-03-02", "final"),
    };
}

inline app::Chart ada()
{
    app::Chart chart;
    chart.patient = {QStringLiteral("p1"),
                     QStringLiteral("OKONKWO, Ada (Ms)"),
                     QStringLiteral("1945-07-14"),
                     {},
                     QStringLiteral("female"),
                     QStringLiteral("SYN-000417"),
                     QStringLiteral("2026-11-22T08:14:00Z")};
    chart.allergyStatement = QStringLiteral("recorded");
    chart.allergies = allergiesOfAda();
    chart.problems = problemsOfAda();
    chart.medications = medicationsOfAda();
    chart.labs = labsOfAda();
    chart.encounters = {{QStringLiteral("Outpatient visit"), QStringLiteral("AMB"),
                         QStringLiteral("cough"), QStringLiteral("Cardiology clinic"),
                         QStringLiteral("2026-03-03"), QStringLiteral("2026-03-03"),
                         QStringLiteral("finished"),
                         source(QStringLiteral("Encounter"), QStringLiteral("e1"))}};
    chart.documents = {{0,
                        QStringLiteral("Clinic letter"),
                        QStringLiteral("Dr Test"),
                        QStringLiteral("2026-03-03"),
                        {},
                        true,
                        source(QStringLiteral("DocumentReference"), QStringLiteral("d1"))}};
    return chart;
}

inline app::Chart ben()
{
    app::Chart chart;
    chart.patient = {QStringLiteral("p2"),
                     QStringLiteral("TESTMANN, Ben (Mr)"),
                     QStringLiteral("1980-02"),
                     {},
                     QStringLiteral("male"),
                     {},
                     QStringLiteral("2026-11-22T08:14:00Z")};
    chart.allergyStatement = QStringLiteral("none_known");
    return chart;
}

inline QByteArray letter()
{
    return QStringLiteral("Dear colleague – thank you for seeing Ms Okonkwo.\n\nWe stopped "
                          "lisinopril because of a "
                          "persistent dry cough and started losartan 50 mg.\n\nKind regards")
        .toUtf8();
}

inline app::Answer answer()
{
    app::Answer made;
    made.kind = QStringLiteral("model");
    made.state = QStringLiteral("complete");
    made.claims = {
        {QStringLiteral("Lisinopril was stopped on 03-Mar-2026 [1]."),
         app::Verdict::Supported,
         {1},
         false,
         {}},
        {QStringLiteral("The reason recorded is a persistent dry cough, after which losartan 50 mg "
                        "once daily was started [2]."),
         app::Verdict::Partly,
         {2, 1},
         false,
         {QStringLiteral("\"once daily\" is not in the cited evidence")}},
        {QStringLiteral("Her potassium was 4.1 mmol/L [3]."),
         app::Verdict::Computed,
         {3},
         false,
         {}},
        {QStringLiteral("She will tolerate ramipril well."),
         app::Verdict::NotSupported,
         {},
         false,
         {QStringLiteral("ramipril is not in the evidence")}},
    };
    const QByteArray text = letter();
    app::EvidenceItem note{
        2,
        true,
        QStringLiteral("Clinic letter 03-Mar-2026"),
        QStringLiteral("We stopped lisinopril because of a persistent dry cough"),
        QStringLiteral("2026-03-03"),
        source(QStringLiteral("DocumentReference"), QStringLiteral("d1")),
        0,
        text.indexOf("stopped"),
        text.indexOf("cough") + 5};
    made.evidence = {
        {1, false, QStringLiteral("Medication 10-May-2024"),
         QStringLiteral("Lisinopril 10 mg, stopped 03-Mar-2026: persistent dry cough"),
         QStringLiteral("2024-05-10"),
         source(QStringLiteral("MedicationRequest"), QStringLiteral("m1")), -1, 100, 400},
        note,
        {3, false, QStringLiteral("Lab 02-Mar-2026"),
         QStringLiteral("Potassium 4.1 mmol/L (3.5–5.1), final"), QStringLiteral("2026-03-02"),
         source(QStringLiteral("Observation"), QStringLiteral("k")), -1, 100, 400},
    };
    made.conflicts = {
        {QStringLiteral("The GP list of 20-Mar-2026 still shows lisinopril as active."), {1, 2}}};
    made.coverage = {
        QStringLiteral("Searched 12 of 13 documents; 1 unreadable; data as of 22-Nov-2026."), 13,
        12, 1};
    made.modelName = QStringLiteral("Test-1.5B");
    made.secondsToFirstToken = 1.2;
    made.promptTokens = 1480;
    made.generatedTokens = 92;
    return made;
}

/// Sources that are longer than their box: what matters stands in the middle or at the end.
inline QByteArray longLetter()
{
    QByteArray text = "Dear colleague,\n\n";
    for (int i = 1; i <= 30; ++i)
        text += "Paragraph " + QByteArray::number(i) +
                " of the letter tells of matters that nobody has asked about today.\n";
    text += "We stopped lisinopril because of a persistent dry cough.\n";
    for (int i = 31; i <= 60; ++i)
        text += "Paragraph " + QByteArray::number(i) + " goes on about the garden.\n";
    return text;
}

inline QByteArray codings(int count)
{
    QByteArray all;
    for (int i = 0; i < count; ++i)
        all += (i == 0 ? "" : ",") + QByteArray("{\"system\":\"urn:list\",\"code\":\"") +
               QByteArray::number(70000 + i) + "\",\"display\":\"Entry of a list\"}";
    return all;
}

inline QByteArray longMedication()
{
    return "{\"resourceType\":\"MedicationRequest\",\"id\":\"m1\",\"status\":\"stopped\","
           "\"category\":[{\"coding\":[" +
           codings(8) +
           "]}],\"medicationCodeableConcept\":{\"text\":\"Lisinopril 10 mg tablet\",\"coding\":[" +
           codings(6) +
           "]},\"statusReason\":{\"text\":\"Persistent dry cough\"},\"dosageInstruction\":[{"
           "\"text\":\"10 mg once daily\"}],\"note\":[{\"text\":\"Renewed twice\"}],"
           "\"supportingInformation\":[" +
           codings(8) + "]}";
}

inline QByteArray longLab()
{
    return "{\"resourceType\":\"Observation\",\"id\":\"k\",\"status\":\"final\",\"category\":[{"
           "\"coding\":[" +
           codings(8) + "]}],\"code\":{\"text\":\"Potassium\",\"coding\":[" + codings(6) +
           "]},\"valueQuantity\":{\"value\":4.10,\"unit\":\"mmol/L\"},\"note\":[{\"text\":"
           "\"Potassium sample slightly late, potassium to be repeated\"}],\"interpretation\":[" +
           codings(8) + "]}";
}

/// answer() from those sources, one piece of evidence with many words.
inline app::Answer answerFromLongSources()
{
    app::Answer made = answer();
    made.claims[0].sentence =
        QStringLiteral("Lisinopril was stopped because of the persistent dry cough [1].");
    made.evidence[0].text =
        QStringLiteral("Medication: Lisinopril 10 mg tablet, stopped; dosage: 10 mg once daily; "
                       "started 10-May-2024; stopped 03-Mar-2026; given for Essential "
                       "hypertension; reason for the status: Persistent dry cough; note: %1")
            .arg(QStringLiteral("renewed by telephone. ").repeated(12));
    made.evidence[0].label = QStringLiteral("Order with a label that is so long that it needs two "
                                            "lines of the list 10-May-2024");
    const QByteArray text = longLetter();
    made.evidence[1].begin = text.indexOf("We stopped");
    made.evidence[1].end = text.indexOf("cough.") + 6;
    made.claims[1].sentence = QStringLiteral("The reason was a persistent dry cough [2].");
    made.claims[2].sentence = QStringLiteral("Her potassium was 4.1 mmol/L on 02-Mar-2026 [3].");
    return made;
}

inline void fill(FakeBackend& backend)
{
    backend.session = {QStringLiteral("u1"),
                       QStringLiteral("dr.test"),
                       QStringLiteral("clinician"),
                       true,
                       true,
                       15,
                       300,
                       {QStringLiteral("ready"), QStringLiteral("Test-1.5B"),
                        QStringLiteral("qwen2"), QStringLiteral("Q4_K"),
                        QString(64, QLatin1Char('c')), 32768}};
    backend.charts = {{QStringLiteral("p1"), ada()}, {QStringLiteral("p2"), ben()}};
    backend.patients = {ada().patient, ben().patient};
    backend.documents = {{0,
                          {0, QStringLiteral("Clinic letter"), QStringLiteral("Dr Test"),
                           QStringLiteral("2026-03-03"), letter(),
                           source(QStringLiteral("DocumentReference"), QStringLiteral("d1"))}}};
    backend.original =
        QByteArray("{\"resourceType\":\"Observation\",\"id\":\"k\",\"status\":\"final\",\"code\":{"
                   "\"text\":\"Potassium\"},"
                   "\"valueQuantity\":{\"value\":4.10,\"unit\":\"mmol/L\"},\"empty\":[]}");
    backend.conversations = {
        {QStringLiteral("c1"), QStringLiteral("p1"), QStringLiteral("Why was lisinopril stopped?"),
         QStringLiteral("2026-11-21T10:00:00Z"), QStringLiteral("2026-11-21T10:05:00Z"), 2}};
}

/// What the fake service says: text of records and of the service, which is not translated.
inline QStringList knownTexts()
{
    QStringList texts{QStringLiteral("dr.test"),        QStringLiteral("Test-1.5B"),
                      QStringLiteral("/run/test.sock"), QString(8, QLatin1Char('c')),
                      QString(64, QLatin1Char('c')),    QString(64, QLatin1Char('a')),
                      QString(12, QLatin1Char('a'))};
    for (const app::Chart& chart : {ada(), ben()}) {
        texts += {chart.patient.name, chart.patient.mrn};
        for (const auto& lab : chart.labs)
            texts += {lab.name, lab.unit, lab.interpretation};
        for (const auto& drug : chart.medications)
            texts += {drug.name, drug.dosage, drug.reason, drug.statusReason};
        for (const auto& allergy : chart.allergies)
            texts += QStringList{QStringLiteral("%1: %2").arg(allergy.name,
                                                              allergy.reactions.join(QString())),
                                 allergy.name} +
                     allergy.reactions;
        for (const auto& problem : chart.problems)
            texts += problem.name;
        for (const auto& visit : chart.encounters)
            texts += {visit.type, visit.reason, visit.location};
        for (const auto& document : chart.documents)
            texts += {document.title, document.author};
    }
    const app::Answer told = answer();
    texts += told.coverage.line;
    for (const auto& claim : told.claims)
        texts += QStringList{app::withoutMarks(claim.sentence)} + claim.reasons;
    for (const auto& conflict : told.conflicts)
        texts += conflict.sentence;
    for (const auto& item : told.evidence)
        texts += {item.label, item.text, item.source.resourceType, item.source.resourceId};
    texts += {QStringLiteral("Why was lisinopril stopped?"),
              QStringLiteral("Lisinopril was stopped on 03-Mar-2026. The rea"),
              QString::fromUtf8(letter())};
    texts.removeAll(QString());
    // Longest first: a short text may be part of a longer one.
    std::ranges::sort(texts,
                      [](const QString& a, const QString& b) { return a.size() > b.size(); });
    return texts;
}

} // namespace fixtures
