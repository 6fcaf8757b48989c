// SPDX-License-Identifier: Apache-2.0
#include "tests/flow/ward.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QUuid>

namespace flow {

namespace {

using Object = QJsonObject;

QString pick(std::initializer_list<const char*> choices)
{
    const auto index = QRandomGenerator::system()->bounded(static_cast<int>(choices.size()));
    return QString::fromUtf8(*(choices.begin() + index));
}

int between(int low, int high)
{
    return QRandomGenerator::system()->bounded(low, high + 1);
}

QString identity()
{
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

Object text(const QString& words)
{
    return {{QStringLiteral("text"), words}};
}

Object coded(const char* system, const char* code, const QString& display)
{
    Object concept_ = text(display);
    concept_.insert(QStringLiteral("coding"),
                    QJsonArray{Object{{QStringLiteral("system"), QString::fromUtf8(system)},
                                      {QStringLiteral("code"), QString::fromUtf8(code)},
                                      {QStringLiteral("display"), display}}});
    return concept_;
}

Object resource(const char* type, const QString& patient)
{
    return {{QStringLiteral("resourceType"), QString::fromUtf8(type)},
            {QStringLiteral("id"), identity()},
            {QStringLiteral("subject"),
             Object{{QStringLiteral("reference"), QStringLiteral("Patient/") + patient}}}};
}

Object potassium(const QString& patient, const QString& value, const QString& date)
{
    Object result = resource("Observation", patient);
    result.insert(QStringLiteral("status"), QStringLiteral("final"));
    result.insert(QStringLiteral("category"),
                  QJsonArray{coded("http://terminology.hl7.org/CodeSystem/observation-category",
                                   "laboratory", QStringLiteral("Laboratory"))});
    result.insert(QStringLiteral("code"),
                  coded("http://loinc.org", "2823-3", QStringLiteral("Potassium")));
    result.insert(QStringLiteral("effectiveDateTime"), date);
    result.insert(QStringLiteral("valueQuantity"),
                  Object{{QStringLiteral("value"), value.toDouble()},
                         {QStringLiteral("unit"), QStringLiteral("mmol/L")}});
    return result;
}

Object medication(const QString& patient, const QString& drug, const char* status,
                  const QString& date)
{
    Object order = resource("MedicationRequest", patient);
    order.insert(QStringLiteral("status"), QString::fromUtf8(status));
    order.insert(QStringLiteral("intent"), QStringLiteral("order"));
    order.insert(QStringLiteral("medicationCodeableConcept"), text(drug));
    order.insert(QStringLiteral("authoredOn"), date);
    return order;
}

Object note(const QString& patient, const std::string& words, const QString& date)
{
    Object document = resource("DocumentReference", patient);
    document.insert(QStringLiteral("status"), QStringLiteral("current"));
    document.insert(QStringLiteral("type"), text(QStringLiteral("Progress note")));
    document.insert(QStringLiteral("date"), date + QStringLiteral("T09:30:00Z"));
    const QByteArray body = QByteArray::fromStdString(words).toBase64();
    document.insert(
        QStringLiteral("content"),
        QJsonArray{Object{{QStringLiteral("attachment"),
                           Object{{QStringLiteral("contentType"), QStringLiteral("text/plain")},
                                  {QStringLiteral("data"), QString::fromLatin1(body)}}}}});
    return document;
}

Object patientResource(const QString& id, const MadeUpPatient& made)
{
    return {{QStringLiteral("resourceType"), QStringLiteral("Patient")},
            {QStringLiteral("id"), id},
            {QStringLiteral("name"),
             QJsonArray{Object{
                 {QStringLiteral("family"), QString::fromStdString(made.family)},
                 {QStringLiteral("given"), QJsonArray{QString::fromStdString(made.given)}}}}},
            {QStringLiteral("gender"), QStringLiteral("female")},
            {QStringLiteral("birthDate"), QStringLiteral("1948-04-%1").arg(between(10, 28))},
            {QStringLiteral("identifier"),
             QJsonArray{Object{
                 {QStringLiteral("type"), coded("http://terminology.hl7.org/CodeSystem/v2-0203",
                                                "MR", QStringLiteral("Medical record number"))},
                 {QStringLiteral("system"), QStringLiteral("urn:example:mrn")},
                 {QStringLiteral("value"), QString::fromStdString(made.mrn)}}}}};
}

std::string capitalised(std::string word)
{
    word[0] = static_cast<char>(word[0] - 'a' + 'A');
    return word;
}

} // namespace

MadeUpPatient makeUpPatient()
{
    MadeUpPatient made;
    made.family = capitalised(randomWord(11));
    made.given = capitalised(randomWord(9));
    made.mrn = "MRN" + std::to_string(between(10000000, 99999999));
    const QString stopped = pick({"Lisinopril", "Ramipril", "Enalapril"});
    const QString active = pick({"Losartan 50 mg", "Bisoprolol 5 mg", "Amlodipine 5 mg"});
    made.stoppedDrug = stopped.toStdString();
    made.activeDrug = active.toStdString();
    made.stopReason =
        pick({"persistent dry cough", "swelling of the lips", "light-headedness"}).toStdString();
    made.note = made.stoppedDrug + " was stopped because of " + made.stopReason +
                ". The family asked about " + randomWord(14) + ". Follow-up in three months.";

    const QString id = identity();
    QJsonArray entries;
    const auto add = [&entries](const Object& body) {
        entries.append(Object{{QStringLiteral("fullUrl"),
                               QStringLiteral("urn:uuid:") + body[QStringLiteral("id")].toString()},
                              {QStringLiteral("resource"), body}});
    };
    add(patientResource(id, made));
    const int count = between(3, 7);
    for (int i = 0; i < count; ++i) {
        // The last digit is never 0: JSON numbers would not keep it.
        const QString value =
            QStringLiteral("%1.%2%3").arg(between(3, 5)).arg(between(0, 9)).arg(between(1, 9));
        const QString date =
            QStringLiteral("202%1-0%2-%3").arg(i).arg(between(1, 9)).arg(between(10, 28));
        add(potassium(id, value, date));
        made.potassium.push_back(value.toStdString());
        made.lastPotassium = value.toStdString();
        made.lastDate = date.toStdString();
    }
    add(medication(id, stopped + QStringLiteral(" 10 mg"), "stopped",
                   QStringLiteral("2024-02-11")));
    add(medication(id, active, "active", QStringLiteral("2025-03-03")));
    add(note(id, made.note, QStringLiteral("2025-03-03")));

    made.bundle = QJsonDocument(Object{{QStringLiteral("resourceType"), QStringLiteral("Bundle")},
                                       {QStringLiteral("type"), QStringLiteral("collection")},
                                       {QStringLiteral("entry"), entries}})
                      .toJson(QJsonDocument::Indented)
                      .toStdString();
    return made;
}

} // namespace flow
